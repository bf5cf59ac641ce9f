import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { onCrashPoint } from "../../../src/core/crash-point.ts";
import { checkOut } from "../../../src/snapshot/checkout.ts";
import { Mirrors } from "../../../src/snapshot/mirror.ts";
import { gitIn, originRepository } from "../../support/origin-repository.ts";

async function scene(env: NodeJS.ProcessEnv = {}) {
  const dir = await mkdtemp(join(tmpdir(), "berth-mirrors-"));
  const processEnv = { PATH: process.env["PATH"], HOME: join(dir, "home"), ...env };
  await mkdir(join(dir, "home"));
  const mirrors = new Mirrors(join(dir, "mirrors"), processEnv);
  return {
    dir,
    home: join(dir, "home"),
    mirrors,
    tree: join(dir, "tree"),
    names: async () => (await readdir(join(dir, "mirrors")).catch((): string[] => [])).toSorted(),
    async checkOut(request: { url: string; commit: string; history?: "none" | "ancestors" }): Promise<string> {
      const { url, commit, history = "none" } = request;
      const target = join(dir, `tree-${history}`);
      using mirror = await mirrors.ensure({ url, commit });
      await checkOut(mirror.path, { url, commit, history }, target, { processEnv });
      return target;
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
const no = "0".repeat(40);

describe("a mirror", () => {
  test("is made once and fetched from again only for a commit that it lacks", async () => {
    await using origin = await originRepository();
    await using at = await scene();
    const first = await origin.commit({ a: "1" });
    const { path } = await at.mirrors.ensure({ url: origin.url, commit: first });
    const second = await origin.commit({ a: "2" });
    expect(await at.mirrors.ensure({ url: origin.url, commit: second })).toMatchObject({ path });
    await rm(origin.path, { recursive: true });
    for (const commit of [first, second])
      expect(await at.mirrors.ensure({ url: origin.url, commit })).toMatchObject({ path });
    expect(await at.names()).toHaveLength(1);
  });

  test("serves many who ask at the same time, for one commit and for several", async () => {
    await using origin = await originRepository();
    await using at = await scene();
    const commits: string[] = [];
    for (let n = 0; n < 4; n++) commits.push(await origin.commit({ a: String(n) }));
    const asked = [...commits, ...commits, ...commits].map((commit) => at.mirrors.ensure({ url: origin.url, commit }));
    expect(new Set((await Promise.all(asked)).map(({ path }) => path)).size).toBe(1);
    expect((await at.names()).filter((name) => name.includes("draft"))).toEqual([]);
  });

  test("has a commit that only a hidden ref of the origin holds, or none at all", async () => {
    await using origin = await originRepository();
    await using at = await scene();
    await origin.commit({ a: "1" });
    const hidden = await origin.commit({ a: "hidden" });
    await origin.git("update-ref", "refs/pull/7/head", hidden);
    await origin.git("reset", "--quiet", "--hard", "HEAD~1");
    const dangling = await origin.commit({ a: "dangling" });
    await origin.git("reset", "--quiet", "--hard", "HEAD~1");
    await origin.git("config", "uploadpack.allowAnySHA1InWant", "true");
    for (const commit of [hidden, dangling]) await at.mirrors.ensure({ url: origin.url, commit });
    expect(await readFile(join(await at.checkOut({ url: origin.url, commit: dangling }), "a"), "utf8")).toBe(
      "dangling",
    );
  });

  test.for([
    ["commit_not_found", "a commit that the origin has not"],
    ["repository_unreachable", "an origin that is not there"],
  ] as const)("%s for %s, and nothing half-made stays", async ([code]) => {
    await using origin = await originRepository();
    await using at = await scene();
    await origin.commit({ a: "1" });
    const url = code === "commit_not_found" ? origin.url : `${origin.url}-is-elsewhere`;
    await expect(at.mirrors.ensure({ url, commit: no })).rejects.toMatchObject({ code, causedBy: "task" });
    expect((await at.names()).filter((name) => name.includes("draft"))).toEqual([]);
  });

  test("is not kept when nothing came into it, although whoever made it was killed", async () => {
    await using origin = await originRepository();
    await using at = await scene();
    const url = `${origin.url}-is-elsewhere`;
    onCrashPoint((point) => {
      if (point === "mirror.made") throw new Error("killed");
    });
    await expect(at.mirrors.ensure({ url, commit: no })).rejects.toThrow("killed");
    onCrashPoint(() => {});
    expect(await at.names()).toHaveLength(1);
    await expect(at.mirrors.ensure({ url, commit: no })).rejects.toMatchObject({ code: "repository_unreachable" });
    expect(await at.names()).toEqual([]);
  });

  test("a tree's id is not a commit", async () => {
    await using origin = await originRepository();
    await using at = await scene();
    await origin.commit({ a: "1" });
    const tree = await origin.git("rev-parse", "HEAD^{tree}");
    await expect(at.mirrors.ensure({ url: origin.url, commit: tree })).rejects.toMatchObject({
      code: "commit_not_found",
    });
  });

  test("names neither password nor token when a server refuses them", async () => {
    await using at = await scene();
    await using server = createServer((_request, response) =>
      response.writeHead(401, { "www-authenticate": "Basic" }).end(),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    for (const secret of ["me:hunter2", "hunter2"]) {
      const url = `http://${secret}@127.0.0.1:${port}/a.git`;
      const error = (await at.mirrors.ensure({ url, commit: no }).catch((thrown: unknown) => thrown)) as Error;
      expect(error).toMatchObject({ code: "repository_unreachable" });
      expect(error.message).not.toContain("hunter2");
    }
  });

  test("lets go when nobody waits any more", async () => {
    await using at = await scene();
    const asked = Promise.withResolvers<void>();
    let connections = 0;
    await using server = createServer(() => asked.resolve()).on("connection", (socket) => {
      connections++;
      socket.once("close", () => connections--);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const controller = new AbortController();
    const stalled = at.mirrors.ensure({ url: `http://127.0.0.1:${port}/a`, commit: no, signal: controller.signal });
    await asked.promise;
    controller.abort(new Error("left"));
    await expect(stalled).rejects.toThrow("left");
    // git's helper that speaks HTTP does not end with git: the connection is the proof that it has.
    await vi.waitFor(() => expect(connections).toBe(0), { timeout: 10_000 });
  });
});

describe("a checked out tree", () => {
  /** An origin with a past, a future, a tag on the future, and the solution in many places. */
  async function story() {
    const origin = await originRepository();
    const past = await origin.commit({ a: "past" });
    const base = await origin.commit({ a: "base", b: "b" });
    const solution = await origin.commit({ a: "the solution" });
    await origin.git("tag", "--annotate", "--message", "solved", "v2", solution);
    await origin.git("branch", "fixed", solution);
    await origin.git("notes", "add", "--message", "the solution is near", base);
    return { origin, past, base, solution };
  }

  test.for(["none", "ancestors"] as const)(
    "with history %s shows nothing later than its commit by any means",
    async (history) => {
      const { origin, past, base, solution } = await story();
      await using _origin = origin;
      await using at = await scene();
      await at.mirrors.ensure({ url: origin.url, commit: solution });
      const tree = await at.checkOut({ url: origin.url, commit: base, history });
      expect(await readFile(join(tree, "a"), "utf8")).toBe("base");
      expect(await gitIn(tree, "status", "--porcelain")).toBe("");
      expect(await gitIn(tree, "rev-parse", "HEAD")).toBe(base);
      expect(await gitIn(tree, "for-each-ref", "--format=%(refname)")).toBe("refs/heads/main");
      expect(await gitIn(tree, "rev-list", "--all")).toBe(history === "none" ? base : `${base}\n${past}`);
      const objects = await gitIn(tree, "cat-file", "--batch-all-objects", "--batch-check");
      expect(objects).not.toContain(solution);
      expect(objects).not.toContain(" tag ");
      expect(objects.includes(past)).toBe(history === "ancestors");
      await expect(gitIn(tree, "cat-file", "-e", solution)).rejects.toThrow(
        /Not a valid object|could not get|Command failed/,
      );
      expect(await gitIn(tree, "fsck", "--unreachable", "--no-reflogs", "--dangling")).toBe("");
      expect(await gitIn(tree, "reflog", "--all")).toBe("");
      expect(await gitIn(tree, "remote")).toBe("");
      const inside = await readdir(join(tree, ".git"), { recursive: true });
      for (const trace of ["FETCH_HEAD", "ORIG_HEAD", "logs", "hooks", "objects/info/alternates"])
        expect(inside).not.toContain(trace);
      const config = await readFile(join(tree, ".git/config"), "utf8");
      for (const secret of [origin.dir, at.dir, "remote"]) expect(config).not.toContain(secret);
    },
  );

  test("of an origin that borrows objects from another is whole by itself", async () => {
    const { origin, base, solution } = await story();
    await using _origin = origin;
    await using at = await scene();
    const borrower = join(origin.dir, "borrower");
    await origin.git("clone", "--quiet", "--shared", origin.path, borrower);
    const tree = await at.checkOut({ url: `file://${borrower}`, commit: base });
    await rm(origin.path, { recursive: true });
    await rm(borrower, { recursive: true });
    await rm(join(at.dir, "mirrors"), { recursive: true });
    expect(await gitIn(tree, "fsck", "--full")).toBe("");
    await expect(gitIn(tree, "cat-file", "-e", solution)).rejects.toThrow(
      /Not a valid object|could not get|Command failed/,
    );
  });

  test("runs nothing of a malicious origin and touches nothing outside", async () => {
    await using origin = await originRepository();
    const mark = join(origin.dir, "owned");
    const touch = `touch ${mark}`;
    await using at = await scene({
      GIT_SSH_COMMAND: touch,
      GIT_EXTERNAL_DIFF: touch,
      GIT_TEMPLATE_DIR: origin.path,
    });
    await writeFile(join(origin.dir, "outside"), "untouched");
    const hooks = [
      "post-checkout",
      "pre-commit",
      "post-index-change",
      "reference-transaction",
      "update",
      "post-update",
    ];
    const commit = await origin.commit({
      ".gitmodules": `[submodule "x"]\n\tpath = sub\n\turl = ext::sh -c ${touch}\n\tupdate = !${touch}\n[submodule "y"]\n\tpath = ../../outside\n\turl = -u${touch}\n`,
      ".gitattributes": "* filter=evil diff=evil merge=evil text=auto ident\n",
      ".gitconfig": `[core]\n\tfsmonitor = ${touch}\n`,
      ".githooks/post-checkout": { executable: `#!/bin/sh\n${touch}\n` },
      "a.txt": "text\n",
      outside: { link: "../outside" },
      absolute: { link: join(origin.dir, "outside") },
      up: { link: "../../../../../../../../etc" },
      dangling: { link: "nowhere" },
    });
    await mkdir(join(origin.path, ".git/hooks"), { recursive: true });
    for (const hook of hooks)
      await writeFile(join(origin.path, ".git/hooks", hook), `#!/bin/sh\n${touch}\n`, { mode: 0o755 });
    for (const [key, value] of [
      ["core.hooksPath", join(origin.path, ".githooks")],
      ["core.fsmonitor", touch],
      ["filter.evil.smudge", touch],
      ["uploadpack.packObjectsHook", touch],
    ] as const)
      await origin.git("config", key, value);
    // Even the user's own settings do not bend what Berth lays out.
    await writeFile(
      join(at.home, ".gitconfig"),
      `[filter "evil"]\n\tsmudge = ${touch}\n\tclean = ${touch}\n\tprocess = ${touch}\n[core]\n\thooksPath = ${join(origin.path, ".githooks")}\n`,
    );
    const tree = await at.checkOut({ url: origin.url, commit });
    expect(await exists(mark)).toBe(false);
    expect(await readFile(join(origin.dir, "outside"), "utf8")).toBe("untouched");
    expect((await readdir(tree)).toSorted()).toContain("absolute");
    expect(await exists(join(tree, "sub"))).toBe(false);
    expect(await readdir(join(tree, ".git"))).not.toContain("modules");
  });

  test("a submodule is an empty folder and is not fetched", async () => {
    await using inner = await originRepository();
    await using origin = await originRepository();
    await using at = await scene();
    const secret = await inner.commit({ secret: "s" });
    await origin.commit({ ".gitmodules": `[submodule "sub"]\n\tpath = sub\n\turl = ${inner.url}\n` });
    await origin.git("update-index", "--add", "--cacheinfo", `160000,${secret},sub`);
    await origin.git("commit", "--quiet", "--message", "sub");
    const tree = await at.checkOut({ url: origin.url, commit: await origin.git("rev-parse", "HEAD") });
    expect(await readdir(join(tree, "sub"))).toEqual([]);
    expect(await at.names()).toHaveLength(1);
  });
});
