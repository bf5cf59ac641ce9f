import { execFileSync } from "node:child_process";
import { chmod, cp, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack, type Reached } from "../attack.ts";
import { builtFrom, laidOut, naiveGit, originFor, type Origin, type WantedTree } from "../repositories.ts";

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Lays out what `tell` gives; reached when a program that the origin names made the canary on the host. */
const runsOnTheHost =
  (tell: (origin: Origin, command: string, home: string) => Promise<WantedTree>) =>
  async (arena: Arena): Promise<Reached> => {
    const outside = await arena.hostFolder();
    const canary = path.join(outside, "ran");
    const origin = await originFor(arena);
    // git makes words of an ext:: address at its blanks.
    const program = path.join(outside, "program");
    await writeFile(program, `#!/bin/sh\ntouch ${canary}\n`);
    await chmod(program, 0o755);
    await laidOut(arena, "mirror_hardening", await tell(origin, program, outside));
    const ran = await exists(canary);
    return reachedIf(ran, ran ? "a program of the origin ran" : "nothing ran");
  };

const anyProtocol = [
  "-c",
  "protocol.allow=always",
  "-c",
  "protocol.ext.allow=always",
  "-c",
  "protocol.file.allow=always",
];

const cloning =
  (url: string, ...options: string[]): WantedTree["naively"] =>
  (folder, home) =>
    naiveGit(folder, home, ...anyProtocol, "clone", "--quiet", ...options, url, ".");

/** Of git's own object format, whatever the names in it mean. */
function treeOf(origin: Origin, entries: readonly { mode: string; name: string; id: string }[]): string {
  const body = Buffer.concat(
    entries.map(({ mode, name, id }) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")])),
  );
  const args = ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"];
  return execFileSync("git", args, { cwd: origin.path, input: body }).toString().trim();
}

/** Writes each file of a commit where its name says. */
const writingEach =
  (origin: Origin, commit: string): WantedTree["naively"] =>
  async (folder) => {
    const listing = await origin.git("ls-tree", "-r", "-z", commit);
    for (const line of listing.split("\0").filter(Boolean)) {
      const [, , id = "", name = ""] = /^(\S+) blob (\S+)\t(.*)$/s.exec(line) ?? [];
      const object = id === "" ? /\s([0-9a-f]{40})\t/.exec(line)?.[1] : id;
      const file = path.join(folder, line.slice(line.indexOf("\t") + 1) || name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, await origin.git("cat-file", "blob", object ?? ""));
    }
  };

export const origins: readonly Attack[] = [
  {
    id: "origins/transport-that-runs",
    title: "The address of a repository is a command: ext::",
    defences: ["mirror_hardening"],
    attempt: runsOnTheHost(async (origin, program) => {
      const commit = await origin.commit({ a: "1" });
      const url = `ext::${program}`;
      return { url, commit, naively: cloning(url) };
    }),
  },
  {
    id: "origins/submodule-that-runs",
    title: "A submodule's address is a command, and its update is one",
    defences: ["mirror_hardening"],
    attempt: runsOnTheHost(async (origin, program) => {
      const inner = await origin.commit({ a: "1" });
      await origin.commit({ ".gitmodules": `[submodule "sub"]\n\tpath = sub\n\turl = ext::${program}\n` });
      await origin.git("update-index", "--add", "--cacheinfo", `160000,${inner},sub`);
      await origin.git("commit", "--quiet", "--message", "sub");
      const commit = await origin.git("rev-parse", "HEAD");
      return { url: origin.url, commit, naively: cloning(origin.url, "--recurse-submodules") };
    }),
  },
  {
    id: "origins/options-for-names",
    title: "The address or the commit begins with a dash and names a program as an option of git's",
    defences: ["mirror_hardening"],
    attempt: async (arena) => {
      const origin = await originFor(arena);
      const honest = await origin.commit({ a: "1" });
      const canary = path.join(await arena.hostFolder(), "ran");
      const option = `--upload-pack=touch ${canary};git-upload-pack`;
      const wanted = [
        { url: option, commit: honest },
        { url: origin.url, commit: option },
        { url: `ssh://-oProxyCommand=touch ${canary}/x`, commit: honest },
      ];
      for (const { url, commit } of wanted)
        await laidOut(arena, "mirror_hardening", {
          url,
          commit,
          naively: async (folder, home) => {
            await naiveGit(folder, home, "init", "--quiet");
            await naiveGit(folder, home, "fetch", "--quiet", url, commit);
          },
        });
      const ran = await exists(canary);
      return reachedIf(ran, ran ? "a program ran" : "nothing ran");
    },
  },
  {
    id: "origins/own-hooks-and-filters",
    title: "The origin's own hooks, filters and file-system monitor run when its commit is laid out",
    defences: ["mirror_hardening"],
    attempt: runsOnTheHost(async (origin, program) => {
      const commit = await origin.commit({ ".gitattributes": "* filter=evil\n", "a.txt": "1" });
      await origin.commit({ "a.txt": "2" });
      for (const [key, value] of [
        ["core.fsmonitor", program],
        ["filter.evil.smudge", program],
        ["uploadpack.packObjectsHook", program],
      ] as const)
        await origin.git("config", key, value);
      await cp(program, path.join(origin.path, ".git/hooks/post-checkout"));
      const naively = async (folder: string, home: string) => {
        await cp(path.join(origin.path, ".git"), path.join(folder, ".git"), { recursive: true });
        await naiveGit(folder, home, "checkout", "--quiet", "--force", commit);
      };
      return { url: origin.url, commit, naively };
    }),
  },
  {
    id: "origins/attributes-for-the-user's-filters",
    title: "The tree's attributes choose programs among the settings of the controller's user, as LFS does",
    defences: ["mirror_hardening"],
    attempt: runsOnTheHost(async (origin, program, home) => {
      const commit = await origin.commit({ ".gitattributes": "* filter=lfs diff=lfs merge=lfs\n", "a.txt": "1" });
      await writeFile(
        path.join(home, ".gitconfig"),
        `[filter "lfs"]\n\tsmudge = ${program}\n\tclean = ${program}\n[core]\n\tfsmonitor = ${program}\n\thooksPath = ${home}\n`,
      );
      await cp(program, path.join(home, "post-checkout"));
      return { url: origin.url, commit, home, naively: cloning(origin.url) };
    }),
  },
  {
    id: "origins/names-that-are-commands",
    title: "Branches and files have names that a shell would run",
    defences: ["mirror_hardening"],
    attempt: runsOnTheHost(async (origin, program) => {
      const commit = await origin.commit({
        [`$(${program.slice(1).replaceAll("/", "_")})`]: "1",
        "-rf": "1",
        "a;b": "1",
      });
      await origin.git("update-ref", `refs/heads/$({IFS}${program})`.replaceAll("{IFS}", ""), commit);
      const naively = async (folder: string, home: string) => {
        await cloning(origin.url, "--no-checkout")(folder, home);
        const refs = await naiveGit(folder, home, "for-each-ref", "--format=%(refname)");
        for (const ref of refs.split("\n"))
          await execa("sh", ["-c", `git log -1 ${ref} </dev/null`], { cwd: folder, reject: false, timeout: 10_000 });
      };
      return { url: origin.url, commit, naively };
    }),
  },
  {
    id: "origins/submodule-of-the-host",
    title: "A submodule's address is a repository of the controller's machine, whose files come along",
    defences: ["mirror_hardening"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const secret = await originFor(arena);
      const inner = await secret.commit({ secret: flag });
      const origin = await originFor(arena);
      await origin.commit({ ".gitmodules": `[submodule "sub"]\n\tpath = sub\n\turl = ${secret.url}\n` });
      await origin.git("update-index", "--add", "--cacheinfo", `160000,${inner},sub`);
      await origin.git("commit", "--quiet", "--message", "sub");
      const commit = await origin.git("rev-parse", "HEAD");
      const wanted = { url: origin.url, commit, naively: cloning(origin.url, "--recurse-submodules") };
      const { folder } = await laidOut(arena, "mirror_hardening", wanted);
      const seen = await readFile(path.join(folder, "sub/secret"), "utf8").catch(() => "no such file");
      return reachedIf(seen.includes(flag), seen);
    },
  },
  {
    id: "origins/links-of-the-tree",
    title: "Links in the tree lead to files of the controller's machine, whose content comes into the sandbox",
    defences: ["mirror_hardening"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const secret = path.join(await arena.hostFolder(), "secret");
      await writeFile(secret, flag);
      const origin = await originFor(arena);
      const climbing = `${"../".repeat(20)}${secret.slice(1)}`;
      const commit = await origin.commit({
        absolute: { link: secret },
        relative: { link: climbing },
        folder: { link: path.dirname(secret) },
        plain: "text",
      });
      const wanted = { url: origin.url, commit, naively: cloning(origin.url) };
      const berth = await arena.sandbox({ base: await builtFrom(arena, "mirror_hardening", wanted) });
      const { stdout } = await berth.sh("cat plain absolute relative folder/*");
      if (!stdout.head.startsWith("text")) throw new Error(`nothing was laid out: ${stdout.head}`);
      return reachedIf(stdout.head.includes(flag), stdout.head);
    },
  },
  {
    id: "origins/entries-that-leave",
    title:
      "Entries of a tree are named `..` or .git, in several spellings, and hold a file for beside the tree or a hook",
    defences: ["mirror_hardening"],
    attempt: async (arena) => {
      const seen: string[] = [];
      for (const name of ["..", ".git", ".GIT", "git~1", ".g\u200cit"]) {
        const origin = await originFor(arena);
        const first = await origin.commit({ a: "1" });
        const id = await origin.git("rev-parse", `${first}:a`);
        const tree = treeOf(origin, [
          { mode: "40000", name, id: treeOf(origin, [{ mode: "100755", name: "planted", id }]) },
        ]);
        const commit = await origin.git("commit-tree", "-m", "odd", tree);
        await origin.git("update-ref", "refs/heads/odd", commit);
        const wanted = { url: origin.url, commit, naively: writingEach(origin, commit) };
        const { folder } = await laidOut(arena, "mirror_hardening", wanted);
        if (await exists(path.join(folder, name, "planted"))) seen.push(name);
      }
      return reachedIf(seen.length > 0, seen.join(" "));
    },
  },
];
