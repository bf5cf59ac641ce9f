import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { systemIds } from "../../../src/core/ids.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { noMeasures } from "../../../src/core/measures.ts";
import type { Profile } from "../../../src/model/profile.ts";
import type { Provider, SandboxSpec } from "../../../src/provider/provider.ts";
import { SandboxLauncher } from "../../../src/sandbox/launcher.ts";
import { AuditTrail } from "../../../src/store/audit-trail.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { altered } from "../../support/memory-controller.ts";
import { profileNamed, providerFixtures, type ProviderUnderTest } from "../../support/providers.ts";

type Weakening = (spec: SandboxSpec) => Partial<SandboxSpec>;

const profileWith =
  (change: Partial<Profile>): Weakening =>
  ({ profile }) => ({ profile: { ...profile, ...change } });
const resourcesWith =
  (change: Partial<SandboxSpec["resources"]>): Weakening =>
  ({ resources }) => ({ resources: { ...resources, ...change } });

/** What gVisor has nothing of, or refuses to give up. */
const onlyUnderRunc = new Set(["the host's network", "no masked paths", "no read-only paths"]);

/** What differs between the profile and the runtime → what the launcher must find. */
const weakenings: readonly (readonly [string, Weakening, RegExp])[] = [
  [
    "no system call filter",
    profileWith({ seccomp: "unconfined" }),
    /(?:seccomp: a filter asked, got no filter.*|system calls: .*)unshare_user/,
  ],
  ["a capability too many", profileWith({ capabilities: ["CAP_SYS_ADMIN"] }), /guest's capabilities: CAP_SYS_ADMIN/],
  ["root for commands", profileWith({ root_commands: true, no_new_privs: false }), /tools' capabilities: bounding/],
  ["the host's network", profileWith({ network: "host" }), /network: none asked/],
  ["no masked paths", profileWith({ masked_paths: [] }), /masked paths: \/proc\/keys is not covered/],
  ["no read-only paths", profileWith({ read_only_paths: [] }), /read-only paths: \/proc\/sys is not covered/],
  ["more open files", profileWith({ limits: { open_files: 4096 } }), /open files: 1024 asked, 4096 set/],
  ["more memory", resourcesWith({ memory_mb: 512 }), /memory limit: 256 MiB asked, 512 MiB set/],
  ["more processes", resourcesWith({ pids: 4096 }), /process limit: (?:96 asked, 4128|64 asked, 4096) set/],
  ["more CPU time", resourcesWith({ cpus: 2 }), /CPU limit: 1 asked, 2 set/],
  ["another tool user", profileWith({ user: { uid: 1001, gid: 1001 } }), /tool user: uid 1000 asked, got 1001/],
];

describe.each(providerFixtures.filter(({ name }) => name !== "memory"))("$name", (fixture) => {
  let under: ProviderUnderTest | undefined;
  let unavailable: string | undefined;
  let store: Store;
  const owner = systemIds.uuid();

  beforeAll(async () => {
    store = await openSqliteStore(":memory:");
    const made = await fixture.make();
    if ("unavailable" in made) unavailable = made.unavailable;
    else under = made;
  });

  afterAll(async () => {
    await store.close();
    await under?.cleanup();
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  async function launch(weaken: Weakening) {
    if (under === undefined) throw new Error("skipped");
    const { provider: bare, image, runtime } = under;
    const provider: Provider = altered(bare, () => ({
      create: (spec, options) => bare.create({ ...spec, ...weaken(spec) }, options),
    }));
    const launcher = new SandboxLauncher({
      provider,
      store,
      audit: new AuditTrail({ log: store.audit, clock: systemClock, logger: silentLogger, self: "tests" }),
      clock: systemClock,
      ids: systemIds,
      log: silentLogger,
      measures: noMeasures,
      owner,
    });
    const standard = await profileNamed("standard");
    return await launcher.launch({
      purpose: "drift",
      base: { kind: "image", image: await bare.snapshots.resolveImage(image) },
      profile: { ...standard, runtime, limits: { open_files: 1024, disk_mb: 64, inodes: 4096 } },
      resources: { cpus: 1, memory_mb: 256, pids: 64, disk_mb: 64, inodes: 4096 },
      workdir: "/workspace",
      lifetimeMs: 120_000,
    });
  }

  test("a sandbox that is made as asked is launched", async () => {
    await using sandbox = await launch(() => ({}));
    expect((await sandbox.guest.health()).processes).toBe(0);
  });

  test("a sandbox that is made in the host's user namespace is destroyed where it could have its own", async () => {
    const able = under?.provider.capabilities[under.runtime].has.has("user_namespace");
    const launching = launch(profileWith({ user_namespace: "never" })).then(async (sandbox) => {
      await sandbox[Symbol.asyncDispose]();
      return "launched";
    });
    const code = launching.catch((thrown: { code: string; message: string }) => `${thrown.code}: ${thrown.message}`);
    expect(await code).toMatch(able ? /^profile_drift: .*user namespace: another root asked/ : /^launched$/);
    expect(await under?.provider.list(owner)).toEqual([]);
  });

  test.each(weakenings.filter(([name]) => !fixture.name.endsWith("runsc") || !onlyUnderRunc.has(name)))(
    "a sandbox that is made with %s is destroyed, and its launch says so",
    async (_, weaken, found) => {
      await expect(launch(weaken)).rejects.toMatchObject({
        code: "profile_drift",
        causedBy: "infra",
        retryable: false,
        message: expect.stringMatching(found),
      });
      expect(await under?.provider.list(owner)).toEqual([]);
      expect(await store.intents()).toEqual([]);
      expect(await under?.residue(owner)).toEqual([]);
    },
  );
});
