import { expect } from "vitest";
import type { Profile } from "../../../src/model/profile.ts";
import { differences } from "../../../src/sandbox/drift.ts";
import { codeOf, type Bench, type BerthOptions } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

const limited = { cpus: 0.5, memory_mb: 256, pids: 64 };

/** In what a sandbox that was made with these options is not what it was asked to be. */
async function driftOf(bench: Bench, profile: Profile, options: BerthOptions = {}): Promise<string[]> {
  const asked = { profile, resources: limited, ...options };
  await using berth = await bench.berth(asked);
  const { masked_paths: maskedPaths, read_only_paths: readOnlyPaths } = profile;
  const [spec, outside, inside] = await Promise.all([
    bench.spec(asked),
    bench.provider.observe(berth.handle),
    berth.guest.probe({ maskedPaths, readOnlyPaths }),
  ]);
  return differences({ spec, able: bench.capabilities.has, outside, inside });
}

export const readBack: BehaviourGroup = {
  group: "Reading back",
  behaviours: [
    {
      title: "a sandbox for a policy is what its profile promises, seen from outside and from inside",
      run: async (bench) => {
        expect(await driftOf(bench, bench.profiles.standard)).toEqual([]);
      },
    },
    {
      title: "a sandbox for setup steps is what its profile promises",
      needs: "root_commands",
      run: async (bench) => {
        expect(await driftOf(bench, bench.profiles.trusted)).toEqual([]);
      },
    },
    {
      title: "a disk of limited size is seen with its size",
      needs: "disk_quota",
      run: async (bench) => {
        const resources = { ...limited, disk_mb: 64 };
        expect(await driftOf(bench, bench.profiles.standard, { resources })).toEqual([]);
      },
    },
    {
      title: "a limit of files is seen with its number",
      needs: "inode_quota",
      run: async (bench) => {
        const resources = { ...limited, disk_mb: 64, inodes: 2048 };
        expect(await driftOf(bench, bench.profiles.standard, { resources })).toEqual([]);
      },
    },
    {
      title: "a probe can be repeated, leaves no process, and answers while a command runs",
      run: async (bench) => {
        await using berth = await bench.berth();
        const question = { maskedPaths: ["/nowhere"], readOnlyPaths: [] };
        const running = berth.run(["sleep", "600"], { timeoutMs: 2_000 });
        const probes = await Promise.all([berth.guest.probe(question), berth.guest.probe(question)]);
        for (const { maskedPaths, uids } of probes) {
          expect(maskedPaths).toEqual(new Map([["/nowhere", "absent"]]));
          expect(uids).toEqual(uids.map(() => bench.profiles.standard.user.uid));
        }
        expect((await running).outcome).toEqual({ type: "timed_out" });
        expect((await berth.guest.health()).processes).toBe(0);
      },
    },
    {
      title: "a sandbox that is gone cannot be observed",
      run: async (bench) => {
        const berth = await bench.berth();
        await berth[Symbol.asyncDispose]();
        expect(await codeOf(bench.provider.observe(berth.handle))).toBe("sandbox_lost");
      },
    },
  ],
};
