import { setImmediate } from "node:timers/promises";
import { Readable } from "node:stream";
import { expect } from "vitest";
import { pack, type Header } from "tar-stream";
import { codeOf, exited } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

function tarOf(entries: readonly (Partial<Header> & { name: string; content?: string })[]): NodeJS.ReadableStream {
  const archive = pack();
  for (const { content = "", ...header } of entries) archive.entry(header, content);
  archive.finalize();
  return Readable.from(archive);
}

/** With 400 KiB of zeros behind it, in pieces that come one after the other. */
function slowly(tar: NodeJS.ReadableStream): Readable {
  async function* pieces() {
    yield* tar;
    for (let piece = 0; piece < 100; piece++) {
      yield Buffer.alloc(4096);
      await setImmediate();
    }
  }
  return Readable.from(pieces());
}

const file = { name: "dir/a", content: "from the archive" };

export const rootCommands: BehaviourGroup = {
  group: "Set-up as the sandbox's root",
  behaviours: [
    {
      title: "a profile without root_commands runs nothing as root, unpacks nothing and gives nothing away",
      run: async (bench) => {
        await using berth = await bench.berth();
        expect(await codeOf(berth.run(["id"], { user: "root" }))).toBe("permission_denied");
        expect(await codeOf(berth.guest.unpack("", tarOf([file])))).toBe("permission_denied");
        expect(await codeOf(berth.guest.own(""))).toBe("permission_denied");
        expect((await berth.guest.list("", { depth: 1, limit: 10 })).entries).toEqual([]);
      },
    },
    {
      title: "a profile with root_commands runs as root when asked, and as the tool user otherwise",
      needs: "root_commands",
      run: async (bench) => {
        await using berth = await bench.berth({ profile: bench.profiles.trusted });
        expect((await berth.run(["id", "-u"], { user: "root" })).stdout.head).toBe("0\n");
        expect((await berth.run(["id", "-u"])).stdout.head).toBe(`${bench.profiles.trusted.user.uid}\n`);
        expect((await berth.sh("mkdir -p /opt/tool && echo made > /opt/tool/made", { user: "root" })).outcome).toEqual(
          exited(0),
        );
        expect((await berth.sh("cat /opt/tool/made")).stdout.head).toBe("made\n");
        expect((await berth.sh("echo x > /opt/tool/made")).outcome).not.toEqual(exited(0));
      },
    },
    {
      title: "an archive fills the workspace, is given to the tool user, and is there in a sandbox of its snapshot",
      needs: "root_commands",
      run: async (bench) => {
        await using source = await bench.berth({ profile: bench.profiles.trusted });
        const entries = [
          { name: "dir", type: "directory" as const },
          file,
          { name: "run", content: "#!/bin/sh\necho ran\n", mode: 0o755 },
          { name: "link", type: "symlink" as const, linkname: "dir/a" },
        ];
        expect((await source.guest.unpack("", tarOf(entries))).bytes).toBe(file.content.length + 19);
        await source.guest.own("");
        await using snapshot = await bench.snapshotOf(source);
        await using berth = await bench.berth({ base: snapshot.base });
        expect((await berth.guest.read("link")).bytes.toString()).toBe(file.content);
        expect((await berth.sh("./run && echo changed > dir/a && rm run link")).stdout.head).toBe("ran\n");
        expect((await berth.guest.read("dir/a")).bytes.toString()).toBe("changed\n");
      },
    },
    {
      title: "an archive is answered when it has ended, though more comes behind its end or after what is refused",
      needs: "root_commands",
      run: async (bench) => {
        await using berth = await bench.berth({ profile: bench.profiles.trusted });
        expect(await berth.guest.unpack("", slowly(tarOf([file])))).toMatchObject({ files: 1 });
        const refused = tarOf([{ name: "../escaped", content: "x".repeat(1024 ** 2) }]);
        expect(await codeOf(berth.guest.unpack("", slowly(refused)))).toBe("outside_workspace");
      },
    },
    {
      title: "an archive that reaches out of the workspace is refused",
      needs: "root_commands",
      run: async (bench) => {
        await using berth = await bench.berth({ profile: bench.profiles.trusted });
        expect(await codeOf(berth.guest.unpack("", tarOf([{ name: "../escaped", content: "x" }])))).toBe(
          "outside_workspace",
        );
        const throughLink = [
          { name: "out", type: "symlink" as const, linkname: "/tmp" },
          { name: "out/escaped", content: "x" },
        ];
        expect(await codeOf(berth.guest.unpack("", tarOf(throughLink)))).not.toBe("accepted");
        expect((await berth.sh("test -e /tmp/escaped", { user: "root" })).outcome).toEqual(exited(1));
      },
    },
  ],
};
