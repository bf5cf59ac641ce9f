import { createHash } from "node:crypto";
import { expect } from "vitest";
import { codeOf, exited } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

const sha256 = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");

export const files: BehaviourGroup = {
  group: "Files",
  behaviours: [
    {
      title: "what is written is read, with its size, mode and hash",
      run: async (bench) => {
        await using berth = await bench.berth();
        const content = Buffer.from("one\ntwo é\n\0\xff", "latin1");
        expect(await berth.guest.write("a", content)).toEqual({
          bytes: content.length,
          sha256: sha256(content),
          created: true,
        });
        const file = await berth.guest.read("a");
        expect(file).toMatchObject({ size: content.length, mode: 0o644 });
        expect(file.bytes.equals(content)).toBe(true);
        expect((await berth.guest.read(`${bench.workdir}/a`)).size).toBe(content.length);
        await berth.guest.write("empty", Buffer.alloc(0));
        expect(await berth.guest.read("empty")).toMatchObject({ size: 0 });
      },
    },
    {
      title: "overwriting keeps the mode unless told otherwise",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.guest.write("run", Buffer.from("1"), { executable: true });
        expect(await berth.guest.write("run", Buffer.from("2"))).toMatchObject({ created: false });
        expect((await berth.guest.stat("run")).mode).toBe(0o755);
        await berth.guest.write("run", Buffer.from("3"), { executable: false });
        expect((await berth.guest.stat("run")).mode).toBe(0o644);
      },
    },
    {
      title: "folders are made on request only",
      run: async (bench) => {
        await using berth = await bench.berth();
        expect(await codeOf(berth.guest.write("x/y/z", Buffer.from("1")))).toBe("file_not_found");
        await berth.guest.write("x/y/z", Buffer.from("1"), { createParents: true });
        expect(await codeOf(berth.guest.write("x/y/z/deeper", Buffer.from("1"), { createParents: true }))).toBe(
          "not_a_directory",
        );
      },
    },
    {
      title: "the tool user may change and remove what was written for it, and what it writes is read",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.guest.write("dir/a", Buffer.from("1\n"), { createParents: true });
        expect(
          (await berth.sh("echo 2 >> dir/a && echo 3 > dir/b && rm dir/a && echo 4 > dir/a && mv dir moved")).outcome,
        ).toEqual(exited(0));
        expect((await berth.guest.read("moved/a")).bytes.toString()).toBe("4\n");
        expect((await berth.guest.read("moved/b")).bytes.toString()).toBe("3\n");
      },
    },
    {
      title: "a file and a folder move, folders above are made, and nothing is ever replaced or moved out",
      run: async (bench) => {
        await using berth = await bench.berth();
        const { guest } = berth;
        await guest.write("from/deep/a", Buffer.from("1"), { createParents: true });
        await guest.write("b", Buffer.from("2"));
        await guest.move("from", "to/here");
        expect((await guest.read("to/here/deep/a")).bytes.toString()).toBe("1");
        expect(await codeOf(guest.stat("from"))).toBe("file_not_found");
        await guest.move("to/here/deep/a", "c");
        expect(await codeOf(guest.move("c", "b"))).toBe("file_exists");
        expect((await guest.read("b")).bytes.toString()).toBe("2");
        expect(await codeOf(guest.move("to", "to/inside"))).toBe("invalid_arguments");
        expect(await codeOf(guest.move("none", "d"))).toBe("file_not_found");
        expect(await codeOf(guest.move("b", "../b"))).toBe("outside_workspace");
        expect(await codeOf(guest.move("b", "/tmp/b"))).toBe("outside_workspace");
      },
    },
    {
      title: "names may hold spaces, quotes, line ends and any script",
      run: async (bench) => {
        await using berth = await bench.berth();
        for (const name of [" a b ", "-rf", "quote'\"", "line\nend", "naïve-日本", "?&=%2F#", "back\\slash"]) {
          await berth.guest.write(name, Buffer.from(name));
          expect((await berth.guest.read(name)).bytes.toString()).toBe(name);
          expect((await berth.guest.list("", { depth: 1, limit: 10 })).entries.map(({ path }) => path)).toEqual([name]);
          await berth.guest.remove(name);
        }
        expect(await codeOf(berth.guest.read("nul\0"))).toBe("invalid_arguments");
      },
    },
    {
      title: "a write with if_sha256 happens only over the content that it names",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.guest.write("a", Buffer.from("old"));
        expect(await codeOf(berth.guest.write("a", Buffer.from("new"), { ifSha256: sha256("other") }))).toBe(
          "edit_not_found",
        );
        expect((await berth.guest.read("a")).bytes.toString()).toBe("old");
        await berth.guest.write("a", Buffer.from("new"), { ifSha256: sha256("old") });
        expect((await berth.guest.read("a")).bytes.toString()).toBe("new");
        expect(await codeOf(berth.guest.write("b", Buffer.from("new"), { ifSha256: sha256("") }))).not.toBe("accepted");
      },
    },
    {
      title: "a write is atomic: a reader sees the old content or the new, and no temporary file stays",
      run: async (bench) => {
        await using berth = await bench.berth();
        const contents = [Buffer.alloc(700_000, "a"), Buffer.alloc(700_000, "b")] as const;
        await berth.guest.write("f", contents[0]);
        const writes = (async () => {
          for (let turn = 1; turn <= 12; turn++) await berth.guest.write("f", contents[turn % 2 === 0 ? 0 : 1]);
        })();
        const reads = (async () => {
          for (let turn = 0; turn < 12; turn++) {
            const { bytes } = await berth.guest.read("f");
            expect(contents.some((content) => content.equals(bytes))).toBe(true);
          }
        })();
        await Promise.all([writes, reads]);
        expect((await berth.guest.list("", { depth: 1, limit: 10 })).entries).toEqual([
          { path: "f", type: "file", size: 700_000 },
        ]);
      },
    },
    {
      title: "a large file is read by page",
      run: async (bench) => {
        await using berth = await bench.berth();
        const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => `line ${index}\n`).join(""));
        await berth.guest.write("big", content);
        const pages: Buffer[] = [];
        for (let offset = 0; offset < content.length; offset += 1_000_000) {
          const page = await berth.guest.read("big", { offset, limit: 1_000_000 });
          expect(page.size).toBe(content.length);
          pages.push(page.bytes);
        }
        expect(sha256(Buffer.concat(pages))).toBe(sha256(content));
        expect((await berth.guest.read("big", { offset: content.length + 5, limit: 10 })).bytes).toHaveLength(0);
      },
    },
    {
      title: "a file of the greatest size that is allowed is written whole, one beyond is refused",
      timeoutMs: 120_000,
      run: async (bench) => {
        await using berth = await bench.berth({ resources: { memory_mb: 1024 } });
        const content = Buffer.alloc(64 * 2 ** 20, "0123456789abcdef");
        const written = await berth.guest.write("big", content, {}, { timeoutMs: 60_000 });
        expect(written.sha256).toBe(sha256(content));
        expect(
          await codeOf(
            berth.guest.write("bigger", Buffer.concat([content, Buffer.from("x")]), {}, { timeoutMs: 60_000 }),
          ),
        ).toBe("file_too_large");
        expect(await codeOf(berth.guest.stat("bigger"))).toBe("file_not_found");
      },
    },
    {
      title: "remove takes a file, a link but not its target, and a folder only when told so",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.guest.write("dir/a", Buffer.from("1"), { createParents: true });
        await berth.sh("ln -s dir/a link");
        await berth.guest.remove("link");
        expect((await berth.guest.read("dir/a")).size).toBe(1);
        expect(await codeOf(berth.guest.remove("dir"))).not.toBe("accepted");
        expect((await berth.guest.read("dir/a")).size).toBe(1);
        await berth.guest.remove("dir", { recursive: true });
        expect(await codeOf(berth.guest.stat("dir"))).toBe("file_not_found");
        expect(await codeOf(berth.guest.remove("dir"))).toBe("file_not_found");
        expect(await codeOf(berth.guest.remove("", { recursive: true }))).not.toBe("accepted");
        expect((await berth.sh("pwd")).outcome).toEqual(exited(0));
      },
    },
    {
      title: "what the tool user may not read is refused, not read by the guest's power",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.sh("echo secret > a; chmod 000 a; mkdir shut; echo x > shut/b; chmod 000 shut");
        expect(await codeOf(berth.guest.read("a"))).toBe("permission_denied");
        expect(await codeOf(berth.guest.read("shut/b"))).toBe("permission_denied");
        expect(await codeOf(berth.guest.write("shut/c", Buffer.from("x")))).toBe("permission_denied");
      },
    },
  ],
};
