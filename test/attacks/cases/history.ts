import { cp } from "node:fs/promises";
import path from "node:path";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack, type Reached } from "../attack.ts";
import { builtFrom, naiveGit, originFor, type Origin, type WantedTree } from "../repositories.ts";

/** All that git, and a look into its files, can tell of a repository. */
const everything = `
export HOME=/tmp
for source in "log --all --reflog -p" "reflog --all" "stash list -p" "fsck --unreachable --lost-found --no-reflogs" "for-each-ref" \\
  "show ORIG_HEAD FETCH_HEAD" "notes list" "show refs/notes/commits" "--no-replace-objects log -p --all" \\
  "cat-file --batch-all-objects --batch" "remote -v" "config --list"; do git $source; done 2>&1
find .git -type f -exec cat {} + 2>/dev/null
alternates=$(cat .git/objects/info/alternates 2>/dev/null) && ls "$alternates"`;

/** Builds from the origin that `tell` made, and looks for the flag from inside. */
const looksFor =
  (
    tell: (origin: Origin, flag: string) => Promise<string>,
    naively: (origin: Origin, base: string) => WantedTree["naively"],
    history: "none" | "ancestors" = "none",
  ) =>
  async (arena: Arena): Promise<Reached> => {
    const flag = arena.flag();
    const origin = await originFor(arena);
    const commit = await tell(origin, flag);
    const wanted = { url: origin.url, commit, history, naively: naively(origin, commit) };
    const berth = await arena.sandbox({ base: await builtFrom(arena, "history_scrub", wanted) });
    const { stdout } = await berth.sh(`(${everything}) | grep -a ${flag} | head -c 300; git log --oneline | wc -l`);
    if (!/\d+\n$/.test(stdout.head) || stdout.head.endsWith("0\n"))
      throw new Error(`no repository inside: ${stdout.head}`);
    return reachedIf(stdout.head.includes(flag), stdout.head);
  };

/** An origin whose solution is a later commit of the branch, another branch, an annotated tag and a pull request's ref. */
async function solved(origin: Origin, flag: string): Promise<string> {
  await origin.commit({ a: "past" });
  const base = await origin.commit({ a: "base" });
  const solution = await origin.commit({ a: flag });
  await origin.git("tag", "--annotate", "--message", `solved by ${flag}`, "v2", solution);
  await origin.git("branch", "fixed", solution);
  await origin.git("update-ref", "refs/pull/1/head", solution);
  return base;
}

const cloned =
  (origin: Origin, base: string): WantedTree["naively"] =>
  async (folder, home) => {
    await naiveGit(folder, home, "clone", "--quiet", origin.url, ".");
    await naiveGit(folder, home, "reset", "--quiet", "--hard", base);
  };

/** Everything is removed that has a name; its objects stay. */
const unnamed =
  (origin: Origin, base: string): WantedTree["naively"] =>
  async (folder, home) => {
    await cloned(origin, base)(folder, home);
    await naiveGit(folder, home, "remote", "remove", "origin");
    await naiveGit(folder, home, "tag", "--delete", "v2");
    await naiveGit(folder, home, "reflog", "expire", "--expire=now", "--all");
  };

const mirrored =
  (origin: Origin, base: string): WantedTree["naively"] =>
  async (folder, home) => {
    await naiveGit(folder, home, "clone", "--quiet", "--mirror", origin.url, ".git");
    await naiveGit(folder, home, "config", "core.bare", "false");
    await naiveGit(folder, home, "checkout", "--quiet", "--force", base);
  };

const copied =
  (origin: Origin, base: string): WantedTree["naively"] =>
  async (folder, home) => {
    await cp(path.join(origin.path, ".git"), path.join(folder, ".git"), { recursive: true });
    await naiveGit(folder, home, "checkout", "--quiet", "--force", base);
  };

export const history: readonly Attack[] = [
  {
    id: "history/later-commits",
    title: "The solution is read from later commits: by branch, tag, or a pull request's ref",
    defences: ["history_scrub"],
    attempt: looksFor(solved, cloned),
  },
  {
    id: "history/later-than-ancestors",
    title: "Where ancestors are allowed, what came later is read too",
    defences: ["history_scrub"],
    attempt: looksFor(solved, cloned, "ancestors"),
  },
  {
    id: "history/dangling",
    title: "The solution's objects are found though nothing names them any more",
    defences: ["history_scrub"],
    attempt: looksFor(solved, unnamed, "ancestors"),
  },
  {
    id: "history/past",
    title: "What an earlier commit held is read where no history is allowed",
    defences: ["history_scrub"],
    attempt: looksFor(async (origin, flag) => {
      await origin.commit({ a: flag }, `before ${flag}`);
      return origin.commit({ a: "base" });
    }, cloned),
  },
  {
    id: "history/notes-stash-replacements",
    title: "The solution is in notes, a stash, or a commit that replaces the base",
    defences: ["history_scrub"],
    attempt: looksFor(async (origin, flag) => {
      const base = await origin.commit({ a: "base" });
      const better = await origin.commit({ a: `${flag} replaced` });
      await origin.git("replace", base, better);
      await origin.git("notes", "add", "--message", `${flag} noted`, base);
      await origin.commit({ a: "other" });
      const stash = await origin.git("commit-tree", "-p", base, "-m", `${flag} stashed`, `${better}^{tree}`);
      await origin.git("update-ref", "refs/stash", stash);
      return base;
    }, mirrored),
  },
  {
    id: "history/packed-and-forgotten",
    title: "The origin's packs hold commits that no ref of it leads to, and its reflog and ORIG_HEAD name them",
    defences: ["history_scrub"],
    attempt: looksFor(async (origin, flag) => {
      const base = await origin.commit({ a: "base" });
      await origin.commit({ a: flag });
      await origin.git("reset", "--quiet", "--hard", base);
      await origin.git("repack", "-a", "-d", "-k", "--quiet");
      return base;
    }, copied),
  },
];
