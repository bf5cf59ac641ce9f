import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Berth } from "../../../src/cli/berth.ts";
import { compose } from "../../../src/compose.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { probeDocker } from "../../../src/provider/docker/probe.ts";
import { probeOci } from "../../../src/provider/oci/probe.ts";
import { JudgeEndpoint, judges } from "../../support/judge-endpoint.ts";
import { originRepository } from "../../support/origin-repository.ts";
import { dockerConnection, guestBinary } from "../../support/providers.ts";

type Texts = Readonly<Record<string, string>>;

interface GradedTask {
  readonly backend: "oci" | "docker";
  readonly image: string;
  readonly setup?: readonly string[];
  readonly base: Texts;
  readonly grader: object;
  /** What a policy writes, with the reward that it gets. */
  readonly tries: readonly (readonly [what: string, written: Texts, reward: number])[];
}

const npmInstall = (packages: string): string[] => [
  "mkdir -p /opt/lint && ln -s /opt/lint/node_modules /node_modules",
  `npm install --prefix /opt/lint --no-audit --no-fund --loglevel=error ${packages}`,
];

const tasks: Readonly<Record<string, GradedTask>> = {
  eslint: {
    backend: "oci",
    image: "host",
    setup: npmInstall("eslint@9.39.5"),
    base: { "a.js": "export const a = 1;\n" },
    grader: {
      type: "lint",
      linter: "eslint",
      program: "/opt/lint/node_modules/.bin/eslint",
      config: 'export default [{ rules: { "no-debugger": "error" } }];\n',
      penalty: 0.5,
    },
    tries: [
      ["an honest change", { "a.js": "export const a = 2;\n" }, 1],
      ["a finding that a comment hides", { "a.js": "/* eslint-disable */\ndebugger;\n" }, 0.5],
      ["code that cannot be parsed", { "a.js": "let = ;\n" }, 0],
    ],
  },
  tsc: {
    backend: "oci",
    image: "host",
    setup: npmInstall("typescript@5.9.3"),
    base: { "src/a.ts": "export const a: number = 1;\n" },
    grader: {
      type: "lint",
      linter: "tsc",
      program: "/opt/lint/node_modules/.bin/tsc",
      config: '{"compilerOptions":{"strict":true,"types":[]},"include":["src"]}',
      penalty: 0.5,
    },
    tries: [
      ["an honest change", { "src/a.ts": "export const a: number = 2;\n" }, 1],
      ["a wrong type that a comment hides", { "src/a.ts": "// @ts-ignore\nexport const a: number = '';\n" }, 0.5],
      ["code that cannot be parsed", { "src/a.ts": "let = ;\n" }, 0],
    ],
  },
  "go vet": {
    backend: "oci",
    image: "host",
    base: { "go.mod": "module example.com/m\n\ngo 1.19\n", "a.go": "package m\n\nfunc F(x int) int { return x }\n" },
    grader: { type: "lint", linter: "go_vet", penalty: 0.5 },
    tries: [
      ["an honest change", { "a.go": "package m\n\nfunc F(x int) int { return x + 1 }\n" }, 1],
      ["a finding", { "a.go": "package m\n\nfunc F(x int) int {\n\tx = x\n\treturn x\n}\n" }, 0.5],
      ["code that does not compile", { "a.go": "package m\n\nfunc F( {\n" }, 0],
    ],
  },
  command: {
    backend: "oci",
    image: "host",
    base: { "double.sh": "echo 0\n" },
    grader: {
      type: "command",
      command: `reward "$(for f in double*; do [ "$(sh "$f" 21)" = 42 ] && echo 1 || echo 0.25; done)"`,
    },
    tries: [
      ["a solution", { "double.sh": "echo $(($1 * 2))\n" }, 1],
      ["nothing", {}, 0.25],
      ["a number of its own", { "double.sh": "echo 1\n" }, 0.25],
      ["an end of the task's shell", { "double.sh": "kill -9 $(ps -o ppid= $PPID) $PPID\n" }, 0],
      [
        "a number in the command's output",
        { "double.sh": 'for p in /proc/[0-9]*; do echo "1" > $p/fd/1; done 2>/dev/null\n' },
        0,
      ],
    ],
  },
  judge: {
    backend: "oci",
    image: "host",
    base: { "a.txt": "old\n" },
    grader: { type: "judge", rubric: "Is it new?", judges: ["change_set"], votes: 1 },
    tries: [
      ["what the judge likes", { "a.txt": "new\n" }, 0.75],
      ["what it does not", { "a.txt": "other\n" }, 0.25],
      ["nothing", {}, 0],
    ],
  },
  ruff: {
    backend: "docker",
    image: "python",
    setup: ["pip install --quiet ruff==0.14.0"],
    base: { "a.py": "A = 1\n" },
    grader: { type: "lint", linter: "ruff", config: '[lint]\nselect = ["F401"]\n', penalty: 0.5 },
    tries: [
      ["an honest change", { "a.py": "A = 2\n" }, 1],
      ["a finding that a comment hides", { "a.py": "import os  # noqa\n" }, 0.5],
      ["configuration of its own", { "a.py": "import os\n", "ruff.toml": "exclude = ['*']\n" }, 0.5],
      ["code that cannot be parsed", { "a.py": "def f(:\n" }, 0],
    ],
  },
};

const unavailable: Readonly<Record<GradedTask["backend"], () => Promise<string | undefined>>> = {
  oci: async () => reasonOf(await probeOci({ guestBinary })),
  docker: async () => reasonOf(await probeDocker({ docker: dockerConnection, guestBinary })),
};

const reasonOf = (probe: { works: boolean; reasons: readonly { what: string }[] }): string | undefined =>
  probe.works ? undefined : probe.reasons.map(({ what }) => what).join("; ");

describe.for(["oci", "docker"] as const)("%s", (backend) => {
  let dataDir: string;
  let berth: Berth | undefined;
  let missing: string | undefined;
  let endpoint: JudgeEndpoint;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "berth-judged-"));
    endpoint = await JudgeEndpoint.listen(({ user }) => judges(user.includes("+new") ? 0.75 : 0.25));
    missing = await unavailable[backend]();
    if (missing !== undefined) return;
    const flags = {
      data_dir: join(dataDir, "data"),
      provider: backend,
      guest_binary: guestBinary,
      pool_sandboxes: "0",
    };
    const judge = { judge_base_url: endpoint.baseUrl, judge_model: "judge-1" };
    const docker = { docker_host: dockerConnection.socketPath };
    berth = await compose(loadConfig({ flags: { ...flags, ...judge, ...docker }, env: {} }), silentLogger, {
      role: "controller",
    });
  });

  afterAll(async () => {
    const left = await berth?.sweep({ dryRun: true, onProgress: () => {} });
    await berth?.close();
    await endpoint[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true, force: true });
    expect(left ?? []).toEqual([]);
  });

  const names = Object.keys(tasks).filter((name) => tasks[name]?.backend === backend);

  test.for(names)("%s rewards what it should in sandboxes", { timeout: 300_000 }, async (name, { skip }) => {
    if (berth === undefined) return skip(missing ?? "the controller did not start");
    const { service } = berth;
    const { image, setup = [], base, grader, tries } = tasks[name]!;
    await using origin = await originRepository();
    const environment = await service.registerEnvironment(
      {
        name: `graded-by-${name.replaceAll(" ", "-")}`,
        image,
        repo: { url: origin.url, commit: await origin.commit(base) },
        setup: [...setup],
        env: { NODE_EXTRA_CA_CERTS: "/etc/ssl/certs/ca-certificates.crt" },
        graders: [grader as never],
        ...(name === "judge" && { reward: { judge_only: true } }),
      },
      null,
    );
    const rewards: Record<string, number | null> = {};
    for (const [what, written] of tries) {
      const { rollout } = await service.create({ environment });
      for (const [path, content] of Object.entries(written)) {
        const call = await service.callTool(rollout.rollout_id, "write_file", { arguments: { path, content } });
        expect(call.error).toBeUndefined();
      }
      const verdict = await service.grade(rollout.rollout_id, {});
      expect(verdict, JSON.stringify(verdict)).toMatchObject({ status: "scored" });
      rewards[what] = verdict.reward;
    }
    expect(rewards).toEqual(Object.fromEntries(tries.map(([what, , reward]) => [what, reward])));
  });
});
