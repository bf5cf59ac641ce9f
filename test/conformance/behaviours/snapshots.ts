import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import { codeOf, exited } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

const MEBIBYTE = 1024 * 1024;
const DAY_MS = 86_400_000;

export const snapshots: BehaviourGroup = {
  group: "Images and snapshots",
  behaviours: [
    {
      title: "an image resolves to the same digest each time; an unknown one is refused",
      run: async (bench) => {
        const [one, two] = [
          await bench.provider.snapshots.resolveImage(bench.image),
          await bench.provider.snapshots.resolveImage(bench.image),
        ];
        expect(one).toEqual(two);
        expect(one.name).toBe(bench.image);
        expect(await codeOf(bench.provider.snapshots.resolveImage("berth-has-no-such-image"))).toBe("image_not_found");
      },
    },
    {
      title: "commit keeps a sandbox's files under a key and ends the sandbox",
      run: async (bench) => {
        await using source = await bench.berth();
        await source.guest.write("a", Buffer.from("kept"));
        await using snapshot = await bench.snapshotOf(source);
        expect(await bench.provider.inspect(source.handle)).toEqual({ status: "gone" });
        expect(await bench.provider.snapshots.has(snapshot.key)).toBe(true);
        const listed = (await bench.provider.snapshots.list()).find(({ key }) => key === snapshot.key);
        expect(Math.abs(Date.now() - (listed?.createdAtMs ?? 0))).toBeLessThan(60_000);
      },
    },
    {
      title: "a folder of a snapshot moves like any other, and what changed since the start is told",
      run: async (bench) => {
        await using source = await bench.berth();
        for (const path of ["src/deep/a", "kept", "changed"])
          await source.guest.write(path, Buffer.from("1"), { createParents: true });
        await using snapshot = await bench.snapshotOf(source);
        await using berth = await bench.berth({ base: snapshot.base });
        expect(await berth.guest.changed({ limit: 10 })).toEqual({ files: [], truncated: false });
        await berth.guest.write("changed", Buffer.from("22"));
        await berth.guest.write("new", Buffer.from("333"));
        const files = [
          { path: "changed", size: 2 },
          { path: "new", size: 3 },
        ];
        expect(await berth.guest.changed({ limit: 10 })).toEqual({ files, truncated: false });
        expect(await berth.guest.changed({ limit: 1 })).toEqual({ files: files.slice(0, 1), truncated: true });
        await berth.guest.move("src", "lib");
        expect((await berth.guest.read("lib/deep/a")).bytes.toString()).toBe("1");
        expect(await codeOf(berth.guest.stat("src"))).toBe("file_not_found");
      },
    },
    {
      title: "a snapshot is listed with its owner and the size of what its sandbox wrote, also by a later controller",
      run: async (bench) => {
        const kept = async ({ key }: { key: string }) =>
          (await bench.provider.snapshots.list()).find((snapshot) => snapshot.key === key);
        await using empty = await bench.berth();
        await using small = await bench.snapshotOf(empty);
        await using full = await bench.berth();
        await full.guest.write("large", randomBytes(MEBIBYTE));
        await using large = await bench.snapshotOf(full);
        const [of, ofLarge] = [await kept(small), await kept(large)];
        expect([of?.owner, ofLarge?.owner]).toEqual([bench.owner, bench.owner]);
        const more = (ofLarge?.bytes ?? 0) - (of?.bytes ?? 0);
        expect(more).toBeGreaterThanOrEqual(MEBIBYTE);
        expect(more).toBeLessThan(1.1 * MEBIBYTE);
        await bench.restart();
        expect(await kept(large)).toEqual(ofLarge);
      },
    },
    {
      title: "an image that a snapshot or a sandbox stands on is not removed",
      run: async (bench) => {
        const { provider } = bench;
        const removed = async () => {
          const copies = await provider.imageCopies.list();
          const gone = await Promise.all(copies.map(({ id }) => provider.imageCopies.remove(id, Date.now() + DAY_MS)));
          return gone.includes(true);
        };
        await using source = await bench.berth();
        expect(await removed()).toBe(false);
        await using snapshot = await bench.snapshotOf(source);
        expect(await removed()).toBe(false);
        await using berth = await bench.berth({ base: snapshot.base });
        await provider.snapshots.remove(snapshot.key);
        expect(await removed()).toBe(false);
        expect((await berth.sh("true")).outcome).toEqual(exited(0));
      },
    },
    {
      title: "a sandbox whose disk is bounded can be kept as a snapshot, and can start from one",
      needs: "disk_quota",
      run: async (bench) => {
        await using source = await bench.berth({ resources: { disk_mb: 32 } });
        await source.sh("echo kept > a; chmod 700 a");
        await using snapshot = await bench.snapshotOf(source);
        await using berth = await bench.berth({ base: snapshot.base, resources: { disk_mb: 32 } });
        expect((await berth.guest.stat("a")).mode & 0o777).toBe(0o700);
        expect((await berth.sh("cat a; echo more > a; cat a")).stdout.head).toBe("kept\nmore\n");
      },
    },
    {
      title: "sandboxes that start from a snapshot see its files, modes and links, and nothing of each other",
      run: async (bench) => {
        await using source = await bench.berth();
        await source.guest.write("run.sh", Buffer.from("#!/bin/sh\necho ran\n"), { executable: true });
        await source.guest.write("dir/a", Buffer.from("kept"), { createParents: true });
        await source.sh("ln -s dir/a link");
        await using snapshot = await bench.snapshotOf(source);
        await using one = await bench.berth({ base: snapshot.base });
        await using two = await bench.berth({ base: snapshot.base });
        expect((await one.sh("./run.sh")).stdout.head).toBe("ran\n");
        expect((await one.sh("echo changed > link; rm run.sh; echo new > new")).outcome).toEqual(exited(0));
        expect((await one.guest.read("dir/a")).bytes.toString()).toBe("changed\n");
        expect((await two.guest.read("dir/a")).bytes.toString()).toBe("kept");
        expect((await two.sh("./run.sh")).stdout.head).toBe("ran\n");
        expect(await codeOf(two.guest.stat("new"))).toBe("file_not_found");
        await using three = await bench.berth({ base: snapshot.base });
        expect((await three.guest.read("link")).bytes.toString()).toBe("kept");
      },
    },
    {
      title: "what a snapshot's sandbox deleted stays deleted in a snapshot of that",
      run: async (bench) => {
        await using source = await bench.berth();
        await source.guest.write("dir/a", Buffer.from("a"), { createParents: true });
        await source.guest.write("b", Buffer.from("b"));
        await using first = await bench.snapshotOf(source);
        await using middle = await bench.berth({ base: first.base });
        await middle.sh("rm -r dir b; mkdir dir; echo c > dir/c");
        await using second = await bench.snapshotOf(middle);
        await using last = await bench.berth({ base: second.base });
        const { entries } = await last.guest.list("", { depth: 5, limit: 100 });
        expect(entries.map(({ path }) => path)).toEqual(["dir", "dir/c"]);
      },
    },
    {
      title: "committing twice under one key keeps the first",
      run: async (bench) => {
        await using one = await bench.berth();
        await one.guest.write("a", Buffer.from("first"));
        await using snapshot = await bench.snapshotOf(one);
        await using two = await bench.berth();
        await two.guest.write("a", Buffer.from("second"));
        await two.guest.quiesce();
        await bench.provider.snapshots.commit(two.handle, snapshot.key);
        expect(await bench.provider.inspect(two.handle)).toEqual({ status: "gone" });
        await using reader = await bench.berth({ base: snapshot.base });
        expect((await reader.guest.read("a")).bytes.toString()).toBe("first");
      },
    },
    {
      title: "remove is idempotent, and sandboxes that run from the snapshot go on",
      run: async (bench) => {
        await using source = await bench.berth();
        await source.guest.write("a", Buffer.from("kept"));
        await using snapshot = await bench.snapshotOf(source);
        await using berth = await bench.berth({ base: snapshot.base });
        await bench.provider.snapshots.remove(snapshot.key);
        await bench.provider.snapshots.remove(snapshot.key);
        expect(await bench.provider.snapshots.has(snapshot.key)).toBe(false);
        expect((await bench.provider.snapshots.list()).some(({ key }) => key === snapshot.key)).toBe(false);
        expect((await berth.guest.read("a")).bytes.toString()).toBe("kept");
        expect(await codeOf(bench.provider.create(await bench.spec({ base: snapshot.base })))).toBe(
          "sandbox_create_failed",
        );
      },
    },
    {
      title: "a snapshot outlives the controller that made it",
      run: async (bench) => {
        await using source = await bench.berth();
        await source.guest.write("a", Buffer.from("kept"));
        await using snapshot = await bench.snapshotOf(source);
        await bench.restart();
        expect(await bench.provider.snapshots.has(snapshot.key)).toBe(true);
        await using berth = await bench.berth({ base: snapshot.base });
        expect((await berth.guest.read("a")).bytes.toString()).toBe("kept");
      },
    },
  ],
};
