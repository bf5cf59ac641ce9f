import { FixtureTask } from "../../support/graded-task.ts";
import type { Control, VerdictTask } from "./cheat.ts";

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/go/bin";

interface Place {
  readonly fixture: string;
  readonly language: string;
  readonly setup: readonly string[];
  /** Before the system's own. */
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const node = (packages: string): Pick<Place, "setup" | "path"> => ({
  setup: [
    "mkdir -p /opt/tests && ln -s /opt/tests/node_modules /node_modules",
    `npm install --prefix /opt/tests --no-audit --no-fund --loglevel=error node@24.21.0 ${packages}`,
  ],
  path: "/opt/tests/node_modules/.bin",
});

/** Everything that a test of Go may import is compiled once, when the snapshot is made. */
const warmGo = `mkdir -p /tmp/warm /opt/go-build && cd /tmp/warm && printf 'module warm\\n\\ngo 1.21\\n' > go.mod &&
printf 'package warm\\n\\nimport (\\n\\t_ "bufio"\\n\\t_ "fmt"\\n\\t_ "os/exec"\\n\\t_ "reflect"\\n\\t_ "strings"\\n\\t_ "syscall"\\n\\t"testing"\\n)\\n\\nfunc TestWarm(*testing.T) {}\\n' > warm_test.go &&
go test ./... && chmod -R a+rwX /opt/go-build && rm -rf /tmp/warm`;

const places: readonly Place[] = [
  {
    fixture: "pytest",
    language: "Python",
    setup: ["python3 -m venv /opt/tests && /opt/tests/bin/pip install --quiet pytest==9.0.2"],
    path: "/opt/tests/bin",
  },
  { fixture: "typescript-node", language: "TypeScript", ...node("") },
  { fixture: "typescript-vitest", language: "TypeScript", ...node("vitest@3.2.4") },
  { fixture: "node", language: "JavaScript", ...node("") },
  { fixture: "vitest", language: "JavaScript", ...node("vitest@3.2.4") },
  {
    fixture: "go",
    language: "Go",
    setup: [warmGo],
    env: { GOCACHE: "/opt/go-build", GOFLAGS: "-p=1", GOTOOLCHAIN: "local" },
  },
];

/** The tasks of test/fixtures/tasks, graded by their tests. */
export const fixtureTasks = (): Promise<VerdictTask[]> => Promise.all(places.map(taskOf));

async function taskOf({ fixture, language, setup, path, env }: Place): Promise<VerdictTask> {
  const task = new FixtureTask(fixture);
  const controls: Control[] = [
    { name: "oracle", written: texts(await task.solutionFiles()), atLeast: 1 },
    { name: "nothing", written: {}, atLeast: 0 },
  ];
  const alternative = texts(await task.alternativeFiles());
  if (Object.keys(alternative).length > 0)
    controls.push({ name: "honest alternative", written: alternative, atLeast: 1 });
  return {
    name: fixture,
    language,
    base: task.base,
    environment: {
      image: "host",
      setup: [...setup],
      env: {
        PATH: [path, systemPath].filter(Boolean).join(":"),
        NODE_EXTRA_CA_CERTS: "/etc/ssl/certs/ca-certificates.crt",
        ...env,
      },
      resources: { cpus: 1, memory_mb: 1024, pids: 256 },
      budget: { grading_seconds: 30 },
      graders: [await task.spec({ files: task.hiddenFolder })],
    },
    controls,
  };
}

const texts = (files: Awaited<ReturnType<FixtureTask["solutionFiles"]>>): Record<string, string> =>
  Object.fromEntries(files.map(({ path, content }) => [path, Buffer.from(content).toString("utf8")]));
