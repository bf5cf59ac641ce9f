import { execFileSync } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Berth } from "../../../src/cli/berth.ts";
import { compose } from "../../../src/compose.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { probeDocker } from "../../../src/provider/docker/probe.ts";
import { probeOci } from "../../../src/provider/oci/probe.ts";
import { FixtureTask } from "../../support/graded-task.ts";
import { dockerConnection, guestBinary } from "../../support/providers.ts";

/** Where a task of test/fixtures/tasks runs, and what its environment has to bring. */
interface Place {
  readonly backend: "oci" | "docker";
  readonly image: string;
  readonly setup?: readonly string[];
  /** The folder in test/fixtures/tasks where it is not the name. */
  readonly task?: string;
  readonly profile?: string;
}

const install = (packages: string) => [
  `mkdir -p /opt/tests && ln -s /opt/tests/node_modules /node_modules`,
  `npm install --prefix /opt/tests --no-audit --no-fund --loglevel=error ${packages}`,
];

const places: Readonly<Record<string, Place>> = {
  node: { backend: "oci", image: "host" },
  go: { backend: "oci", image: "host" },
  "node (strict)": { backend: "oci", image: "host", task: "node", profile: "strict" },
  tap: { backend: "oci", image: "host", setup: install("tape@5.9.0") },
  jest: { backend: "oci", image: "host", setup: install("jest@30.2.0") },
  vitest: { backend: "oci", image: "host", setup: install("vitest@3.2.4") },
  pytest: { backend: "docker", image: "python" },
};

const unavailable: Readonly<Record<Place["backend"], () => Promise<string | undefined>>> = {
  oci: async () => reasonOf(await probeOci({ guestBinary })),
  docker: async () => reasonOf(await probeDocker({ docker: dockerConnection, guestBinary })),
};

function reasonOf(probe: { works: boolean; reasons: readonly { what: string }[] }): string | undefined {
  return probe.works ? undefined : probe.reasons.map(({ what }) => what).join("; ");
}

describe.for(["oci", "docker"] as const)("%s", (backend) => {
  let dataDir: string;
  let berth: Berth | undefined;
  let missing: string | undefined;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "berth-graded-"));
    missing = await unavailable[backend]();
    if (missing !== undefined) return;
    const flags = { data_dir: join(dataDir, "data"), provider: backend, guest_binary: guestBinary };
    const docker = { docker_host: dockerConnection.socketPath, pool_sandboxes: "0" };
    const config = loadConfig({ flags: { ...flags, ...docker }, file: undefined, env: {} });
    berth = await compose(config, silentLogger, { role: "controller" });
  });

  afterAll(async () => {
    const left = await berth?.sweep({ dryRun: true, onProgress: () => {} });
    await berth?.close();
    await rm(dataDir, { recursive: true, force: true });
    expect(left ?? []).toEqual([]);
  });

  const names = Object.keys(places).filter((name) => places[name]?.backend === backend);

  test.for(names)(
    "a %s task scores 1 for its solution and 0 for nothing",
    { timeout: 300_000 },
    async (name, { skip }) => {
      if (berth === undefined) return skip(missing ?? "the controller did not start");
      const { service } = berth;
      const place = places[name];
      const task = new FixtureTask(place?.task ?? name);
      const repository = await commit(task.base, join(dataDir, "origins", name));
      const environment = {
        name: `task-${name.replaceAll(/[^a-z]/g, "")}`,
        profile: place?.profile ?? "standard",
        image: place?.image ?? "host",
        repo: repository,
        setup: [...(place?.setup ?? [])],
        env: { NODE_EXTRA_CA_CERTS: "/etc/ssl/certs/ca-certificates.crt" },
        graders: [await task.spec({ files: task.hiddenFolder })],
      };
      const rewards: (number | null)[] = [];
      for (const files of [await task.solutionFiles(), []]) {
        const { rollout } = await service.create({ environment: await service.registerEnvironment(environment, null) });
        for (const { path, content } of files) {
          const args = { path, content: Buffer.from(content).toString("utf8") };
          const written = await service.callTool(rollout.rollout_id, "write_file", { arguments: args });
          expect(written.error).toBeUndefined();
        }
        const verdict = await service.grade(rollout.rollout_id, {});
        expect(verdict).toMatchObject({ status: "scored" });
        rewards.push(verdict.reward);
      }
      expect(rewards).toEqual([1, 0]);
    },
  );
});

/** The folder as a repository of one commit. */
async function commit(from: string, to: string): Promise<{ url: string; commit: string }> {
  await cp(from, to, { recursive: true });
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t.invalid", ...args], {
      cwd: to,
      encoding: "utf8",
    }).trim();
  git("init", "--quiet");
  git("add", "--all", "--force");
  git("commit", "--quiet", "--message", "base");
  return { url: `file://${to}`, commit: git("rev-parse", "HEAD") };
}
