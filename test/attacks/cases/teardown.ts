import { randomInt } from "node:crypto";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import type { Berth } from "../../support/running-berth.ts";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack, type Reached } from "../attack.ts";

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/**
 * Lets `script` fill a workspace and takes it down, as Berth does; without `teardown` the script fills a folder of the host, which
 * `naively` then removes. Gives what is left.
 */
async function takeDown(
  arena: Arena,
  script: string,
  naively: (folder: string) => Promise<unknown>,
): Promise<string[]> {
  if (arena.has("teardown")) {
    const berth = await arena.sandbox();
    const { outcome, stderr } = await berth.sh(script, { timeoutMs: 40_000 });
    if (outcome.type !== "exited" || outcome.code !== 0) throw new Error(`${outcome.type}: ${stderr.head}`);
    return remains(arena, berth);
  }
  const folder = path.join(await arena.hostFolder(), "workspace");
  // Deeper than a path may be long: nothing else removes it afterwards.
  arena.defer(() => execa("rm", ["-rf", "--", folder], { timeout: 60_000 }));
  await execa("sh", ["-c", `mkdir "$1" && cd "$1" && ${script}`, "sh", folder], { timeout: 40_000 });
  await naively(folder).catch(() => undefined);
  return (await exists(folder)) ? [folder] : [];
}

/** Destroys a sandbox and looks for what is left of it, on the host where the host can see it. */
async function remains(arena: Arena, { handle, guest }: Berth): Promise<string[]> {
  const provider = await arena.provider();
  await guest.close();
  await provider.destroy(handle);
  const left: string[] = [];
  if ((await provider.inspect(handle)).status !== "gone") left.push("the sandbox");
  const folder = path.join(arena.backend.dataDir, "oci/sandboxes", handle.id);
  if (await exists(folder)) left.push(folder);
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  if (mounts.includes(handle.id)) left.push("a mount");
  for (const controller of ["", "memory", "pids", "cpu"])
    if (await exists(path.join("/sys/fs/cgroup", controller, "berth", handle.id)))
      left.push(`a cgroup of ${controller}`);
  return left;
}

/** Removes what is in a folder, and what links in it lead to. */
async function removeFollowing(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    const facts = await stat(file).catch(() => undefined);
    if (facts?.isDirectory()) await removeFollowing(file);
    await rm(file, { recursive: true, force: true });
  }
  await rm(folder, { recursive: true });
}

/** Processes of the machine whose command line has the text. */
async function processesWith(text: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return pids.filter((_, index) => lines[index]?.includes(text));
}

/** Takes the sandbox down and looks whether anything of it is left or any process has the mark; without `teardown` a naive end takes its place. */
export async function outlives(arena: Arena, berth: Berth, mark: string): Promise<Reached> {
  if (arena.has("teardown")) {
    const left = await remains(arena, berth);
    const alive = await processesWith(mark);
    return reachedIf(left.length > 0 || alive.length > 0, `left: ${left.join(", ")}; ${alive.length} processes`);
  }
  await berth.sh("kill -TERM -1").catch(() => undefined);
  const { processes } = await berth.guest.health();
  await berth.guest.quiesce();
  return reachedIf(processes > 0, `${processes} processes`);
}

export const teardown: readonly Attack[] = [
  {
    id: "teardown/links-to-the-host",
    title: "The tree holds links to files and folders of the host, so that its removal removes those",
    defences: ["teardown"],
    attempt: async (arena) => {
      const host = await arena.hostFolder();
      await writeFile(path.join(host, "canary"), "untouched");
      const left = await takeDown(
        arena,
        `ln -s ${host} link; mkdir d; ln -s ${host}/canary d/canary; ln -s / d/root-of-nothing; rm d/root-of-nothing`,
        removeFollowing,
      );
      const there = await exists(path.join(host, "canary"));
      return reachedIf(!there || left.length > 0, `canary ${there ? "there" : "gone"}; left: ${left.join(", ")}`);
    },
  },
  {
    id: "teardown/hard-to-remove",
    title: "4,096 levels, folders of mode 000 and 20,000 files stay when the sandbox is gone",
    defences: ["teardown"],
    attempt: async (arena) => {
      const script = `perl -e 'for (1 .. 20000) { open F, ">f$_"; } for (1 .. 4096) { mkdir "d"; chdir "d"; }' && mkdir -p shut/in && touch shut/in/f && chmod 000 shut/in shut`;
      const left = await takeDown(arena, script, (folder) => rm(folder, { recursive: true }));
      return reachedIf(left.length > 0, `left: ${left.join(", ")}`);
    },
  },
  {
    id: "teardown/names-that-are-commands",
    title: "Names that mean something to a shell run a program on the host when they are removed",
    defences: ["teardown"],
    attempt: async (arena) => {
      const host = await arena.hostFolder();
      await writeFile(path.join(host, "ran.sh"), `touch ${host}/canary`);
      const names = [
        "; sh ran.sh",
        "$(sh ran.sh)",
        "`sh ran.sh`",
        "-rf",
        "--no-preserve-root",
        "a'b\"c",
        "new\nline",
        " ",
      ];
      const quoted = names.map((name) => `'./${name.replaceAll("'", "'\\''")}'`).join(" ");
      const left = await takeDown(arena, `touch ${quoted}`, async (folder) => {
        for (const name of await readdir(folder))
          await execa("sh", ["-c", `rm -f ${name}`], { cwd: host, reject: false });
        await rm(folder, { recursive: true });
      });
      const ran = await exists(path.join(host, "canary"));
      return reachedIf(ran || left.length > 0, `${ran ? "a program ran" : "nothing ran"}; left: ${left.join(", ")}`);
    },
  },
  {
    id: "teardown/busy",
    title: "Daemons that ignore signals, with open files and in their folders, outlive the sandbox",
    defences: ["teardown"],
    attempt: async (arena) => {
      const mark = String(randomInt(1e9, 2e9));
      const berth = await arena.sandbox();
      // A call of its own that runs on while the sandbox is destroyed: what it started would be killed with it.
      const going = berth.sh(
        `trap '' TERM HUP INT; mkdir d; cd d; exec 3>held; for n in 1 2 3; do setsid sh -c "trap '' TERM HUP; while :; do sleep ${mark}; done" & done; touch ../ready; wait`,
        { timeoutMs: 30_000 },
      );
      going.catch(() => undefined);
      while (
        !(await berth.guest.stat("ready").then(
          () => true,
          () => false,
        ))
      );
      return await outlives(arena, berth, mark);
    },
  },
  {
    id: "teardown/run-is-a-link",
    title: "Setup makes /run a link to a folder of the host, whose `berth` goes with what the guest left there",
    defences: ["teardown"],
    attempt: async (arena) => {
      const host = await arena.hostFolder();
      const canary = path.join(host, "berth");
      await writeFile(canary, "untouched");
      // Committed as setup steps are.
      await arena.planted(`cd / && (rm -rf run || true) && (ln -s ${host} run || true)`);
      if (!arena.has("teardown")) {
        const layer = await arena.hostFolder();
        await execa("ln", ["-s", host, path.join(layer, "run")]);
        await rm(path.join(layer, "run/berth"), { recursive: true });
      }
      const there = await exists(canary);
      return reachedIf(!there, there ? "untouched" : "removed");
    },
  },
];
