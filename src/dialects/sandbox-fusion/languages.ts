interface Program {
  /** The file that holds the code, in the workspace: names that no project has. */
  readonly file: string;
  readonly compile?: readonly string[];
  readonly run: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const main = "sandbox_fusion_main";

/** What is run here, where the sandbox has the program for it. */
export const languages = {
  python: { file: `${main}.py`, run: ["python3", `${main}.py`] },
  bash: { file: `${main}.sh`, run: ["bash", `${main}.sh`] },
  nodejs: { file: `${main}.js`, run: ["node", `${main}.js`] },
  perl: { file: `${main}.pl`, run: ["perl", `${main}.pl`] },
  cpp: {
    file: `${main}.cpp`,
    compile: ["g++", "-std=c++17", `${main}.cpp`, "-o", main],
    run: [`./${main}`],
  },
  go: {
    file: `${main}.go`,
    compile: ["go", "build", "-o", main, `${main}.go`],
    run: [`./${main}`],
    env: { GOCACHE: "/tmp/go-build", GOFLAGS: "-mod=mod" },
  },
} as const satisfies Record<string, Program>;

export type Language = keyof typeof languages;
export const programOf = (language: Language): Program => languages[language];
