import { readdir, readFile } from "node:fs/promises";
import { expect } from "vitest";
import type { Profile } from "../../../src/model/profile.ts";
import type { SandboxBase } from "../../../src/provider/provider.ts";
import { exited, type Bench, type Berth } from "../bench.ts";
import type { Behaviour, BehaviourGroup } from "../suite.ts";

const required = ({ profiles }: Bench): Profile => ({ ...profiles.standard, user_namespace: "required" });

const apart = (title: string, run: (bench: Bench) => Promise<void>): Behaviour => ({
  title,
  needs: "user_namespace",
  run,
});

interface MappedRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

async function idMap(berth: Berth, kind: "uid" | "gid"): Promise<MappedRange[]> {
  const { stdout } = await berth.sh(`cat /proc/self/${kind}_map`);
  return stdout.head
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [inside = NaN, outside = NaN, count = NaN] = line.trim().split(/\s+/).map(Number);
      return { inside, outside, count };
    });
}

/** The real user ids, as the machine sees them, of every process of the sandbox: those whose map of users is its own. */
async function hostUids(map: readonly MappedRange[]): Promise<number[]> {
  const first = map[0]?.outside;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/uid_map`, "utf8").catch(() => "");
      if (Number(text.trim().split(/\s+/)[1]) !== first) return [];
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1];
      return uid === undefined ? [] : [Number(uid)];
    }),
  );
  return found.flat();
}

/** A snapshot that setup steps made as the sandbox's root, without a user namespace. */
async function built(bench: Bench, script: string) {
  await using source = await bench.berth({ profile: { ...bench.profiles.trusted, network: "none" } });
  expect((await source.sh(script, { user: "root" })).outcome).toEqual(exited(0));
  return await bench.snapshotOf(source);
}

const script = `umask 022
echo secret > /opt/secret; chmod 600 /opt/secret
echo public > /opt/public
echo own > own; chown 1000:1000 own; chmod 600 own
mkdir dir; chown 1000:1000 dir
echo other > other; chown 1234:4321 other`;

const owners = async (berth: Berth): Promise<string> =>
  (await berth.sh("stat -c '%n %u:%g %a' /opt/secret /opt/public own dir other /usr/bin/env /etc/passwd /dev/shm /tmp"))
    .stdout.head;

const start = (bench: Bench, base: SandboxBase, change: Partial<Profile> = {}) =>
  bench.berth({ base, profile: { ...required(bench), ...change } });

export const userNamespaces: BehaviourGroup = {
  group: "User namespaces",
  behaviours: [
    apart("root inside is an unprivileged user outside", async (bench) => {
      await using berth = await bench.berth({ profile: required(bench) });
      const map = await idMap(berth, "uid");
      expect(map).toEqual([{ inside: 0, outside: expect.any(Number), count: 65_536 }]);
      const uids = await hostUids(map);
      expect(uids.length).toBeGreaterThan(0);
      for (const uid of uids) expect(uid).toBeGreaterThanOrEqual(65_536);
      expect(uids).toContain(map[0]?.outside);
    }),
    apart(
      "no two sandboxes share a user or group of the machine, across a restart of the controller too",
      async (bench) => {
        await using one = await bench.berth({ profile: required(bench) });
        await using two = await bench.berth({ profile: required(bench) });
        await bench.restart();
        await using three = await bench.berth({ profile: required(bench) });
        const maps = await Promise.all(
          [one, two, three].map(async (berth) => [...(await idMap(berth, "uid")), ...(await idMap(berth, "gid"))]),
        );
        for (const [index, map] of maps.entries()) {
          const others = maps.filter((_, other) => other !== index).flat();
          for (const { outside, count } of map) {
            expect(
              others.some((other) => outside < other.outside + other.count && other.outside < outside + count),
            ).toBe(false);
          }
        }
      },
    ),
    apart("a snapshot's files have the owners inside that setup gave them", async (bench) => {
      await using snapshot = await built(bench, script);
      await using plain = await start(bench, snapshot.base, { user_namespace: "never" });
      await using mapped = await start(bench, snapshot.base);
      expect(await owners(mapped)).toBe(await owners(plain));
      expect(await owners(mapped)).toContain("/opt/secret 0:0 600\n");
      const tries = await mapped.sh(
        "cat /opt/secret; cat /opt/public; echo more >> own && cat own; echo new > dir/new && stat -c %u:%g dir/new; echo x >> other",
      );
      expect(tries.stdout.head).toBe("public\nown\nmore\n1000:1000\n");
      expect(tries.stderr.head).toContain("/opt/secret: Permission denied");
    }),
    apart(
      "what is written under a user namespace is kept with plain owners, whatever starts from it",
      async (bench) => {
        for (const resources of bench.capabilities.has.has("disk_quota") ? [{}, { disk_mb: 32 }] : [{}]) {
          await using first = await built(bench, script);
          await using writer = await bench.berth({ base: first.base, profile: required(bench), resources });
          await writer.sh("echo more >> own; mkdir made; echo a > made/a; rm -r dir");
          await using second = await bench.snapshotOf(writer);
          for (const user_namespace of ["never", "required"] as const) {
            await using reader = await start(bench, second.base, { user_namespace });
            const { stdout } = await reader.sh(
              "cat own made/a; stat -c '%n %u:%g' /opt/secret own made made/a other; ls dir",
            );
            expect(stdout.head).toBe(
              "own\nmore\na\n/opt/secret 0:0\nown 1000:1000\nmade 1000:1000\nmade/a 1000:1000\nother 1234:4321\n",
            );
          }
        }
      },
    ),
  ],
};
