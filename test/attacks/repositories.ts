import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { environment } from "../../src/model/environment.ts";
import type { SandboxBase } from "../../src/provider/provider.ts";
import { profileNamed } from "../support/providers.ts";
import { SnapshotBuilder } from "../../src/snapshot/builder.ts";
import { checkOut } from "../../src/snapshot/checkout.ts";
import { defaultRepositoryLimits, type RepositoryLimits } from "../../src/snapshot/limits.ts";
import { Manifests } from "../../src/snapshot/manifest.ts";
import { Mirrors } from "../../src/snapshot/mirror.ts";
import { originRepository } from "../support/origin-repository.ts";
import type { Arena } from "./arena.ts";
import type { Defence } from "./defences.ts";

const gitDeadlineMs = 30_000;

export type Origin = Awaited<ReturnType<typeof originRepository>>;

/** A repository that plays an origin until the attempt is over. */
export async function originFor(arena: Arena): Promise<Origin> {
  const origin = await originRepository();
  arena.defer(() => origin[Symbol.asyncDispose]());
  return origin;
}

/** git as somebody runs it who thinks of nothing bad, with the settings in `home`. */
export async function naiveGit(cwd: string, home: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, GIT_TERMINAL_PROMPT: "0" };
  const { stdout } = await execa("git", args, { cwd, env, extendEnv: false, reject: false, timeout: gitDeadlineMs });
  return stdout;
}

export interface WantedTree {
  readonly url: string;
  readonly commit: string;
  readonly history?: "none" | "ancestors";
  /** The home of the controller's user; an empty folder when it is left out. */
  readonly home?: string;
  readonly limits?: Partial<RepositoryLimits>;
  /** Where all of it happens; a new folder when it is left out. */
  readonly into?: string;
  /** Lays the tree out where `defence` is missing. */
  readonly naively: (folder: string, home: string) => Promise<unknown>;
}

/** A folder of the host with the work tree of a commit, or without one where that was refused. */
export async function laidOut(arena: Arena, defence: Defence, wanted: WantedTree): Promise<{ folder: string }> {
  const outer = wanted.into ?? (await arena.hostFolder());
  const folder = path.join(outer, "tree");
  const home = wanted.home ?? path.join(outer, "home");
  await mkdir(folder);
  await mkdir(home, { recursive: true });
  if (!arena.has(defence)) {
    await wanted.naively(folder, home);
    return { folder };
  }
  const { url, commit, history = "none" } = wanted;
  const limits = { ...defaultRepositoryLimits, ...wanted.limits };
  const processEnv = { PATH: process.env["PATH"], HOME: home };
  try {
    using mirror = await new Mirrors(path.join(outer, "mirrors"), processEnv, limits).ensure({ url, commit });
    await checkOut(mirror.path, { url, commit, history }, folder, { processEnv, limits });
  } catch {
    // A refusal; what was reached is seen by what it left.
  }
  return { folder };
}

/** What rollouts of a repository start from, built as Berth builds it. */
export async function builtFrom(arena: Arena, defence: Defence, wanted: WantedTree): Promise<SandboxBase> {
  const provider = await arena.provider();
  if (!arena.has(defence)) {
    const { folder } = await laidOut(arena, defence, wanted);
    return sent(arena, folder);
  }
  const dir = await arena.hostFolder();
  const processEnv = { PATH: process.env["PATH"], HOME: dir };
  const builder = new SnapshotBuilder({
    provider,
    mirrors: new Mirrors(path.join(dir, "mirrors"), processEnv),
    manifests: new Manifests(path.join(dir, "manifests")),
    workDir: path.join(dir, "work"),
    openSandbox: async () => {
      const { handle, guest } = await arena.building();
      return { handle, guest, [Symbol.asyncDispose]: () => guest.close() };
    },
    trustedProfile: await profileNamed("trusted"),
    processEnv,
  });
  const { url, commit, history = "none" } = wanted;
  const repo = { url, commit, history };
  // Commits of one second are the same everywhere; their snapshots must not be.
  const env = { ATTACK: arena.owner };
  using snapshot = await builder.ensure(environment.parse({ name: "attacked", image: arena.backend.image, repo, env }));
  const { key } = snapshot;
  arena.defer(() => provider.snapshots.remove(key));
  return { kind: "snapshot", key };
}

/** Copies a folder into a workspace, what its links lead to as well: nobody looked what they are. */
async function sent(arena: Arena, folder: string): Promise<SandboxBase> {
  const tar = path.join(await arena.hostFolder(), "tree.tar");
  await execa("tar", ["--create", "--dereference", "--ignore-failed-read", "--file", tar, "--directory", folder, "."], {
    reject: false,
    timeout: gitDeadlineMs,
  });
  const building = await arena.building();
  await building.guest.unpack("", createReadStream(tar));
  await building.guest.own("");
  return arena.keep(building);
}
