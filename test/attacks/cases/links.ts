import { systemClock } from "../../../src/core/clock.ts";
import { applyPatch } from "../../../src/tool/files/apply-patch.ts";
import { editFile } from "../../../src/tool/files/edit-file.ts";
import { runTool } from "../../../src/tool/run-tool.ts";
import { writeFile } from "../../../src/tool/files/write-file.ts";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack, type Reached } from "../attack.ts";
import { everyRead } from "../file-access.ts";

/** Reads through what `prepare` lays out in the workspace. The flag is in a file outside that the tool user may read, and is another's name. */
const readsOutside =
  (prepare: string, ...paths: readonly [string, ...string[]]) =>
  async (arena: Arena): Promise<Reached> => {
    const flag = arena.flag();
    const base = await arena.planted(`mkdir /etc/planted && cd /etc/planted && echo ${flag} >note && echo x >${flag}`);
    const berth = await arena.sandbox({ base });
    await berth.sh(prepare);
    let seen = "";
    for (const path of paths) seen += await everyRead(berth.guest, path);
    return reachedIf(seen.includes(flag), seen);
  };

/** Exchanges two names of the workspace as fast as it can, for as long as the sandbox lives. */
const flipper = (one: string, other: string): string =>
  `perl -e 'while (1) { rename("${one}", "x"); rename("${other}", "${one}"); rename("${one}", "${other}"); rename("x", "${one}"); }'`;

const flippingMs = 1_200;

/**
 * Whoever races runs commands already, so what counts is what commands cannot reach. Release 20221219 of gVisor now and then follows a
 * link in place of a folder that was asked for without its links: there the identity alone holds.
 */
const raceHolders = ["file_identity", "beneath_root"] as const;

/** Where the defences stand, this often; without them until the race is won, which on a busy machine may take long. */
const rounds: Readonly<Record<"defended" | "bare", number>> = { defended: 5, bare: 40 };

/** Races round after round until one is won: on a machine that is busy, one round may see no exchange at all. */
async function raced(arena: Arena, round: (until: number) => Promise<Reached>): Promise<Reached> {
  for (let left = rounds[raceHolders.some((defence) => arena.has(defence)) ? "defended" : "bare"]; ; left--) {
    const reached = await round(Date.now() + flippingMs);
    if (reached.reached || left === 1) return reached;
  }
}

export const links: readonly Attack[] = [
  {
    id: "links/absolute-link",
    title: "A link to an absolute path outside is read, searched and listed through the tools",
    defences: ["beneath_root"],
    attempt: readsOutside("ln -s /etc/planted/note report.txt; ln -s /etc/planted d", "report.txt", "d"),
  },
  {
    id: "links/relative-link",
    title: "A link that climbs out of the workspace, and a link to it, are read through the tools",
    defences: ["beneath_root"],
    attempt: readsOutside(
      "ln -s ../etc/planted/note a; ln -s a b; mkdir c; ln -s ../../etc/planted c/d",
      "a",
      "b",
      "c/d",
    ),
  },
  {
    id: "links/folder-on-the-way",
    title: "A folder on the way to a file is a link to a folder outside",
    defences: ["beneath_root"],
    attempt: readsOutside(
      "ln -s /etc one; ln -s ../../etc two; mkdir -p three; ln -s / three/up",
      "one/planted/note",
      "two/planted",
      "three/up/etc/planted/note",
    ),
  },
  {
    id: "links/magic-links",
    title: "Links of /proc, which the kernel follows by itself, lead to the root of the guest",
    defences: ["beneath_root"],
    attempt: readsOutside(
      "ln -s /proc/self/root/etc/planted/note a; ln -s /proc/1/root/etc/planted b; ln -s /proc/self/cwd/etc/planted c; ln -s /proc/thread-self/root/etc/planted/note d",
      "a",
      "b",
      "c",
      "d",
    ),
  },
  {
    id: "links/spellings",
    title: "Paths leave the workspace by their spelling",
    defences: ["beneath_root"],
    attempt: readsOutside(
      "mkdir a",
      "../etc/planted/note",
      "/etc/planted",
      "/workspace/../etc/planted/note",
      "a/../../etc/planted",
      "//etc/planted/note",
      "/workspace//../etc/planted",
      "/proc/self/root/etc/planted/note",
    ),
  },
  {
    id: "links/swap-while-reading",
    title: "A folder is exchanged for a link to outside again and again while a file in it is read",
    seconds: 150,
    defences: raceHolders,
    attempt: async (arena) => {
      const flag = arena.flag();
      const base = await arena.planted(`mkdir -m 700 /etc/planted && echo ${flag} >/etc/planted/note`);
      const berth = await arena.sandbox({ base });
      await berth.sh("mkdir d; echo harmless >d/note; ln -s /etc/planted l");
      return raced(arena, async (until) => {
        const racing = berth.sh(flipper("d", "l"), { timeoutMs: flippingMs });
        let seen = "";
        while (Date.now() < until && !seen.includes(flag)) seen = await everyRead(berth.guest, "d/note");
        await racing;
        return reachedIf(seen.includes(flag), seen);
      });
    },
  },
  {
    id: "links/swap-while-writing",
    title: "A folder is exchanged for a link to outside, and the new file for a link, while files are written",
    seconds: 150,
    defences: raceHolders,
    attempt: async (arena) => {
      const base = await arena.planted("mkdir -m 755 /var/planted && echo untouched >/var/planted/kept");
      const berth = await arena.sandbox({ base });
      await berth.sh("mkdir d; ln -s /var/planted l");
      return raced(arena, async (until) => {
        const racing = berth.sh(
          `${flipper("d", "l")} & perl -e 'while (1) { for (glob(".berth-*"), glob("d/.berth-*")) { unlink; symlink("/var/planted/kept", $_) } }'`,
          { timeoutMs: flippingMs },
        );
        while (Date.now() < until)
          for (const path of ["d/kept", "d/new", "kept"])
            await berth.guest.write(path, Buffer.from("changed"), { createParents: true }).catch(() => undefined);
        await racing;
        const { stdout, stderr } = await berth.sh("cat /var/planted/kept; cat /var/planted/new");
        return reachedIf(stdout.head !== "untouched\n", stdout.head + stderr.head);
      });
    },
  },
  {
    id: "links/write-through",
    title: "Files outside are written, edited, patched and removed through links",
    defences: ["beneath_root"],
    attempt: async (arena) => {
      const base = await arena.planted(
        "mkdir -m 777 /var/planted && cd /var/planted && for f in a b c d; do echo untouched >$f; chmod 666 $f; done",
      );
      const berth = await arena.sandbox({ base });
      await berth.sh("ln -s /var/planted/a a; ln -s /var/planted/b b; ln -s ../var/planted c; ln -s ../var d");
      const context = {
        guest: berth.guest,
        callId: "call",
        workdir: arena.workdir,
        env: {},
        commands: {},
        index: async () => undefined,
        clock: systemClock,
        mostMs: 20_000,
        signal: AbortSignal.timeout(20_000),
      };
      await runTool(writeFile, context, { path: "a", content: "changed\n" });
      await runTool(editFile, context, {
        path: "b",
        old_string: "untouched",
        new_string: "changed",
        replace_all: false,
      });
      const patch = "*** Begin Patch\n*** Update File: c/c\n@@\n-untouched\n+changed\n*** End Patch\n";
      await runTool(applyPatch, context, { patch });
      await berth.guest.remove("d/planted/d").catch(() => undefined);
      const { stdout } = await berth.sh("cd /var/planted; cat *; ls");
      return reachedIf(stdout.head !== "untouched\n".repeat(4) + "a\nb\nc\nd\n", stdout.head);
    },
  },
];
