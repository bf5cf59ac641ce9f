import { cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { BerthError } from "../../core/errors.ts";
import type { EnvironmentInput } from "../../model/environment.ts";
import { checkOut } from "../../snapshot/checkout.ts";
import { gitIn } from "../../snapshot/git.ts";
import { Mirrors } from "../../snapshot/mirror.ts";

/** A commit that mends something and brings tests for it. */
export interface TaskSource {
  readonly title: string;
  readonly url: string;
  /** Its parent is what rollouts start from. */
  readonly fix: string;
  readonly image: string | undefined;
  readonly setup: readonly string[];
  readonly test: string;
  /** The ids of the hidden tests that must pass; without them, all of a run must. */
  readonly required?: { readonly fail_to_pass: string[]; readonly pass_to_pass: string[] };
}

/** What the demo's policies play with. */
export interface Task {
  readonly title: string;
  readonly environment: EnvironmentInput;
  readonly testCommand: string;
  /** The fix without its tests: a unified diff. */
  readonly oraclePatch: string;
  /** Test files that the base has and a cheat may edit. */
  readonly visibleTests: readonly string[];
}

const testPath =
  /(?:^|\/)(?:tests?|__tests__|specs?)\/|(?:^|\/)test_[^/]*\.py$|[._-](?:test|spec)s?\.[a-z]+$|_test\.(?:go|py)$/i;

/** Base, oracle and hidden tests out of one commit. @throws BerthError `repository_unreachable`, `commit_not_found`, `invalid_environment` */
export async function deriveTask(
  source: TaskSource,
  options: { dataDir: string; image: string; processEnv: NodeJS.ProcessEnv; onProgress: (message: string) => void },
): Promise<Task> {
  const { dataDir, processEnv, onProgress } = options;
  using mirror = await new Mirrors(join(dataDir, "mirrors"), processEnv).ensure({
    url: source.url,
    commit: source.fix,
    onProgress,
  });
  const git = gitIn(mirror.path, { processEnv, isolated: true });
  const parents = (await git.raw("rev-list", "--parents", "-n", "1", source.fix)).trim().split(" ").slice(1);
  const [base] = parents;
  if (base === undefined)
    throw new BerthError("invalid_environment", `The commit ${source.fix} has no parent to start from.`);

  const changed = (await git.raw("diff", "--name-only", "--no-renames", "-z", base, source.fix))
    .split("\0")
    .filter(Boolean);
  const product = changed.filter((path) => !testPath.test(path));
  if (product.length === 0 || product.length === changed.length) {
    throw new BerthError("invalid_environment", `The commit ${source.fix} must change both product code and tests.`);
  }
  const oraclePatch = await git.raw(
    "diff",
    "--no-ext-diff",
    "--no-textconv",
    "--no-renames",
    "--no-color",
    base,
    source.fix,
    "--",
    ...product,
  );
  const hidden = await hiddenTests(mirror.path, source, options);
  const baseFiles = (await git.raw("ls-tree", "-r", "--name-only", "-z", base)).split("\0").filter(Boolean);

  return {
    title: source.title,
    testCommand: source.test,
    oraclePatch,
    visibleTests: baseFiles
      .filter((path) => testPath.test(path) && /\.(?:[cm]?[jt]sx?|py|go)$/.test(path))
      .slice(0, 50),
    environment: {
      name: `demo-${source.fix.slice(0, 12)}`,
      image: options.image,
      repo: { url: source.url, commit: base },
      setup: [...source.setup],
      env: options.image === "host" ? { NODE_EXTRA_CA_CERTS: "/etc/ssl/certs/ca-certificates.crt" } : {},
      budget: { tool_calls: 200, grading_seconds: 300 },
      graders: [{ type: "tests", command: source.test, files: hidden, ...source.required }],
    },
  };
}

/** The test files of the fix, in a folder that only the controller sees. */
async function hiddenTests(
  mirror: string,
  source: TaskSource,
  options: { dataDir: string; processEnv: NodeJS.ProcessEnv },
): Promise<string> {
  const target = join(options.dataDir, "demo", "hidden", source.fix);
  await rm(target, { recursive: true, force: true });
  await mkdir(dirname(target), { recursive: true });
  const tree = await mkdtemp(join(options.dataDir, "demo", "tree-"));
  try {
    await checkOut(mirror, { url: source.url, commit: source.fix, history: "none" }, tree, {
      processEnv: options.processEnv,
    });
    for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
      const path = relative(tree, join(entry.parentPath, entry.name));
      if (!entry.isFile() || path.startsWith(".git/") || !testPath.test(path)) continue;
      await mkdir(dirname(join(target, path)), { recursive: true });
      await cp(join(tree, path), join(target, path));
    }
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
  return target;
}
