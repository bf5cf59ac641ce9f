import { expect } from "vitest";
import type { Berth } from "../bench.ts";
import { codeOf, exited } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

/** Every way to touch one path. */
const touches = (berth: Berth, path: string): readonly Promise<unknown>[] => [
  berth.guest.read(path),
  berth.guest.lines(path, { start: 1, count: 1, maxBytes: 100 }),
  berth.guest.write(path, Buffer.from("x")),
  berth.guest.list(path, { depth: 1, limit: 10 }),
  berth.guest.grep({ pattern: "x", path, maxMatches: 1, maxBytes: 100, timeoutMs: 1_000 }),
  berth.guest.glob({ pattern: "*", path, limit: 1 }),
];

const codesOf = async (calls: readonly Promise<unknown>[]) => [...new Set(await Promise.all(calls.map(codeOf)))];

export const fileConfinement: BehaviourGroup = {
  group: "Files stay in the workspace",
  behaviours: [
    {
      title: "`..` and absolute paths that leave the workspace are refused",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.guest.write("dir/a", Buffer.from("1"), { createParents: true });
        for (const path of [
          "..",
          "../tmp",
          "dir/../../etc/passwd",
          "/etc/passwd",
          `${bench.workdir}/../etc/passwd`,
          `${bench.workdir}2`,
          "/",
        ]) {
          expect(await codesOf([...touches(berth, path), berth.guest.stat(path)]), path).toEqual(["outside_workspace"]);
        }
        for (const path of ["..", "../tmp", "/etc/passwd"]) {
          const code = await codeOf(berth.guest.remove(path, { recursive: true }));
          expect(["outside_workspace", "invalid_arguments"], path).toContain(code);
        }
        expect((await berth.guest.read("dir/../dir/./a")).size).toBe(1);
      },
    },
    {
      title: "links that leave the workspace are refused, relative or absolute, last or on the way",
      run: async (bench) => {
        await using berth = await bench.berth();
        const script =
          "ln -s /etc/passwd file; ln -s ../etc/passwd relative; ln -s /etc folder; ln -s file chain; ln -s folder/passwd through";
        expect((await berth.sh(script)).outcome).toEqual(exited(0));
        for (const path of ["file", "relative", "chain", "through"]) {
          expect(await codeOf(berth.guest.read(path)), path).toBe("outside_workspace");
          expect(await codeOf(berth.guest.lines(path, { start: 1, count: 1, maxBytes: 10 })), path).toBe(
            "outside_workspace",
          );
          expect(await codeOf(berth.guest.write(path, Buffer.from("x"))), path).toBe("outside_workspace");
        }
        for (const path of ["folder/passwd", "folder/new"]) {
          expect(
            await codesOf([...touches(berth, path), berth.guest.stat(path), berth.guest.remove(path)]),
            path,
          ).toEqual(["outside_workspace"]);
        }
        expect(await codeOf(berth.guest.list("folder", { depth: 1, limit: 1 }))).toBe("outside_workspace");
      },
    },
    {
      title: "links inside the workspace are followed, for reading and for writing",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.guest.write("dir/a", Buffer.from("1"), { createParents: true });
        await berth.sh("ln -s dir/a link; ln -s dir folder; ln -s ../dir/a dir/up; ln -s loop loop");
        expect((await berth.guest.read("link")).bytes.toString()).toBe("1");
        expect((await berth.guest.read("folder/up")).bytes.toString()).toBe("1");
        await berth.guest.write("link", Buffer.from("2"));
        expect((await berth.guest.stat("link")).type).toBe("link");
        expect((await berth.guest.read("dir/a")).bytes.toString()).toBe("2");
        expect(await codeOf(berth.guest.read("loop"))).not.toBe("accepted");
      },
    },
    {
      title: "a search does not follow links out of the workspace, nor in circles",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.sh("echo needle > a; ln -s /etc out; mkdir dir; ln -s .. dir/circle");
        const found = await berth.guest.grep({
          pattern: "root|needle",
          maxMatches: 100,
          maxBytes: 10_000,
          timeoutMs: 5_000,
        });
        expect(found.matches.map(({ path }) => path)).toEqual(["a"]);
        const { paths } = await berth.guest.glob({ pattern: "**/passwd", limit: 10 });
        expect(paths).toEqual([]);
      },
    },
    {
      title: "a FIFO is refused at once, and so is a folder where a file is meant",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.sh("mkfifo fifo; mkdir dir");
        for (const path of ["fifo", "dir"]) {
          const calls = [
            berth.guest.read(path, {}, { timeoutMs: 5_000 }),
            berth.guest.lines(path, { start: 1, count: 1, maxBytes: 10 }, { timeoutMs: 5_000 }),
            berth.guest.write(path, Buffer.from("x"), {}, { timeoutMs: 5_000 }),
          ];
          expect(await codesOf(calls), path).toEqual(["not_a_file"]);
        }
        expect(await codeOf(berth.guest.list("fifo", { depth: 1, limit: 1 }))).toBe("not_a_directory");
        expect((await berth.guest.stat("fifo")).type).toBe("other");
        const searched = await berth.guest.grep({ pattern: "x", maxMatches: 1, maxBytes: 10, timeoutMs: 5_000 });
        expect(searched).toMatchObject({ matches: [], timedOut: false });
      },
    },
    {
      title: "a folder that turns into a link while files are written leads nowhere else",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth();
        const race = berth.sh("while :; do mkdir d; rmdir d; ln -s /tmp d; rm d; done", { timeoutMs: 2_000 });
        const codes = new Set<string>();
        for (let turn = 0; turn < 150; turn++)
          codes.add(await codeOf(berth.guest.write("d/escaped", Buffer.from("x"))));
        await race;
        expect((await berth.sh("test -e /tmp/escaped")).outcome).toEqual(exited(1));
        expect(
          [...codes].filter(
            (code) => !["accepted", "file_not_found", "outside_workspace", "not_a_directory"].includes(code),
          ),
        ).toEqual([]);
      },
    },
  ],
};
