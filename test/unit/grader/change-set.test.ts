import { describe, expect, test } from "vitest";
import { applyChangeSet } from "../../../src/grader/change-set/apply.ts";
import { exportChangeSet } from "../../../src/grader/change-set/export.ts";
import { filterChangeSet } from "../../../src/grader/change-set/filter.ts";
import { pathFault } from "../../../src/grader/change-set/path-fault.ts";
import type { TreeEntry } from "../../../src/model/change-set.ts";
import { changesOf } from "../../support/graded-task.ts";
import { WorkspaceGuest } from "../../support/workspace-guest.ts";

const snapshot = "0".repeat(64);
const base = { "src/a.py": "a", "src/b.py": "b", "data/one.txt": "1" };

async function exported(change: (guest: WorkspaceGuest) => void, limits = {}, baseTree?: TreeEntry[]) {
  const guest = new WorkspaceGuest(base);
  const before = baseTree ?? (await guest.tree());
  change(guest);
  return await exportChangeSet({ guest, baseTree: before, snapshot, limits });
}

const file = (text: string, executable = false) => ({ content: Buffer.from(text), executable });

describe("exporting a change set", () => {
  test("names what was added, changed and deleted, and nothing else", async () => {
    const changes = await exported(({ files }) => {
      files.set("src/a.py", file("A"));
      files.set("new.sh", file("#!", true));
      files.delete("data/one.txt");
    });
    expect(changes).toEqual({
      snapshot,
      written: [
        { path: "src/a.py", executable: false, content: Buffer.from("A").toString("base64") },
        { path: "new.sh", executable: true, content: Buffer.from("#!").toString("base64") },
      ],
      deleted: ["data/one.txt"],
      refused: [],
    });
  });

  test("a changed executable bit is a change", async () => {
    const changes = await exported(({ files }) => files.set("src/a.py", file("a", true)));
    expect(changes.written).toMatchObject([{ path: "src/a.py", executable: true }]);
  });

  test("links, devices and odd names stay behind, each with its reason", async () => {
    const changes = await exported(({ files }) => {
      files.set("src/a.py", { link: "/etc/shadow" });
      files.set("fifo", { device: true });
      files.set("sub/.GIT/config", file("x"));
      files.set("../out", file("x"));
      files.set("/abs", file("x"));
      files.set("a\u0000b", file("x"));
      files.set("a//b", file("x"));
      files.set("a\nb", file("x"));
    });
    expect(changes.written).toEqual([]);
    expect(changes.refused.map(({ path }) => path)).toEqual([
      "src/a.py",
      "fifo",
      "sub/.GIT/config",
      "../out",
      "/abs",
      "a\u0000b",
      "a//b",
      "a\nb",
    ]);
  });

  test("a file beyond the limit of one file stays behind", async () => {
    const changes = await exported(({ files }) => files.set("core", file("x".repeat(11))), { fileBytes: 10 });
    expect(changes).toMatchObject({ written: [], refused: [{ path: "core" }] });
  });

  test.for<[string, object]>([
    ["files", { changes: 1 }],
    ["bytes", { totalBytes: 3 }],
    ["entries", { treeEntries: 3 }],
  ])("too many %s refuse the whole change set", async ([, limits]) => {
    const flood = ({ files }: WorkspaceGuest) => {
      files.set("x", file("xx"));
      files.set("y", file("yy"));
    };
    await expect(exported(flood, limits)).rejects.toMatchObject({ code: "change_set_too_large", causedBy: "policy" });
  });

  test("a file whose content is not what was listed stays behind", async () => {
    const guest = new WorkspaceGuest(base);
    const baseTree = await guest.tree();
    guest.files.set("src/a.py", file("listed"));
    const listed = await guest.tree();
    guest.tree = async () => listed;
    guest.files.set("src/a.py", file("forged"));
    const changes = await exportChangeSet({ guest, baseTree, snapshot });
    expect(changes).toMatchObject({
      written: [],
      refused: [{ path: "src/a.py", reason: "the file changed while it was read" }],
    });
  });

  test("refused entries are named up to a limit and then counted", async () => {
    const flood = ({ files }: WorkspaceGuest) =>
      Array.from({ length: 20 }, (_, i) => files.set(`l${i}`, { link: "x" }));
    const changes = await exported(flood, { refused: 5 });
    expect(changes.refused).toHaveLength(6);
    expect(changes.refused.at(-1)).toEqual({ path: "*", reason: "15 more were refused" });
  });

  test("a guest that names a path twice is not believed", async () => {
    const guest = new WorkspaceGuest(base);
    const tree = await guest.tree();
    guest.tree = async () => [...tree, ...tree];
    await expect(exportChangeSet({ guest, baseTree: [], snapshot })).rejects.toMatchObject({ code: "guest_protocol" });
  });
});

test.for(["a", "a/b.c", ".gitignore", "a b/ü", "git/.github-like"])("%s is a path", (path) =>
  expect(pathFault(path)).toBeUndefined(),
);
test.for([
  "",
  "/a",
  "a/../b",
  "./a",
  "a/",
  ".git",
  "a/.Git/b",
  ".git /x",
  "a\\b",
  "a\u202eb",
  "x".repeat(300),
  "a/".repeat(600) + "a",
])("%j is no path of a change set", (path) => expect(pathFault(path)).toBeTypeOf("string"));

test("a filter keeps what the globs match and tells what it kept back", () => {
  const changes = filterChangeSet(changesOf({ "src/.x/a.py": "", "setup.py": "" }, ["src/old.py", "docs/a"]), [
    "src/**",
  ]);
  expect(changes.written.map(({ path }) => path)).toEqual(["src/.x/a.py"]);
  expect(changes.deleted).toEqual(["src/old.py"]);
  expect(changes.refused.map(({ path }) => path)).toEqual(["setup.py", "docs/a"]);
});

describe("applying a change set", () => {
  const applied = async (
    files: Record<string, string>,
    written: Record<string, string>,
    deleted: string[] = [],
    links: Record<string, string> = {},
  ) => {
    const guest = new WorkspaceGuest(files);
    for (const [path, link] of Object.entries(links)) guest.files.set(path, { link });
    const refused = await applyChangeSet(guest, changesOf(written, deleted));
    return { guest, refused };
  };

  test("a file becomes a directory and a directory a file", async () => {
    const { guest, refused } = await applied({ a: "1", "b/c": "2" }, { "a/x": "3", b: "4" }, ["a", "b/c"]);
    expect(refused).toEqual([]);
    expect([...guest.files.keys()].toSorted()).toEqual(["a/x", "b"]);
  });

  test("a directory that keeps files is not replaced", async () => {
    const { guest, refused } = await applied({ "b/c": "2", "b/d": "3" }, { b: "4" }, ["b/c"]);
    expect(refused).toMatchObject([{ path: "b" }]);
    expect(guest.text("b/d")).toBe("3");
  });

  test("nothing is written or deleted through a link of the snapshot", async () => {
    const { guest, refused } = await applied({ "tests/t.py": "1" }, { "alias/t.py": "2" }, ["alias/u.py"], {
      alias: "tests",
    });
    expect(refused.map(({ path }) => path)).toEqual(["alias/u.py", "alias/t.py"]);
    expect(guest.text("tests/t.py")).toBe("1");
  });

  test("a link of the snapshot is replaced, not followed", async () => {
    const { guest } = await applied({ target: "1" }, { alias: "2" }, [], { alias: "target" });
    expect(guest.text("target")).toBe("1");
    expect(guest.text("alias")).toBe("2");
  });

  test("paths are checked again, wherever the change set came from", async () => {
    const { refused } = await applied({}, { "../x": "1", ".git/config": "2" });
    expect(refused.map(({ path }) => path)).toEqual(["../x", ".git/config"]);
  });
});
