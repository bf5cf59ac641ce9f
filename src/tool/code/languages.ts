import { nodeKernel } from "./node-kernel.ts";
import { pythonKernel } from "./python-kernel.ts";

interface Language {
  /** What it is called in messages. */
  readonly program: string;
  readonly session: string;
  readonly argv: readonly string[];
  readonly otherwise?: readonly string[];
}

/** The programs that run cells. They come as an argument: nothing is written into the sandbox, and nothing need be in its image but the interpreter. */
export const languages = {
  python: {
    program: "Python 3",
    session: "berth.python",
    argv: ["python3", "-c", pythonKernel],
    otherwise: ["python", "-c", pythonKernel],
  },
  node: { program: "Node.js", session: "berth.node", argv: ["node", "-e", nodeKernel] },
} as const satisfies Record<string, Language>;

export type LanguageName = keyof typeof languages;
export const languageNames = Object.keys(languages) as [LanguageName, ...LanguageName[]];
