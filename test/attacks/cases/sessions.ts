import type { Berth } from "../../support/running-berth.ts";
import { reachedIf, type Attack } from "../attack.ts";
import { guestMb, guestMegabytes } from "../guest-memory.ts";
import { limited } from "../limits.ts";
import { perlScript } from "../perl.ts";
import { heart, livesOn, startsBeating } from "../survivor.ts";

const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

const open = (berth: Berth, name: string, script: string) =>
  berth.guest.sessions.open({ name, callId: name, kind: "terminal", argv: perlScript(heart + script), env });

/** The first process stays; what the survivor does first is what each is about. */
const survivor = (name: string, title: string, first: string): Attack => ({
  id: `sessions/${name}`,
  title,
  defences: ["kill_tree"],
  attempt: async (arena) => {
    const berth = await arena.sandbox();
    await open(berth, "nest", `unless (fork) { ${first}; beat() } beating(); stay();`);
    await startsBeating(berth);
    await berth.guest.sessions.close("nest");
    return livesOn(berth);
  },
});

/** Terminals, which outlive the calls that use them. */
export const sessions: readonly Attack[] = [
  survivor("background", "A background process outlives the terminal that it was started in", "setpgrp 0, 0"),
  survivor(
    "left-terminal",
    "A process that has left the terminal's session, and ignores every signal, outlives it",
    `POSIX::setsid(); for my $n (1..64) { POSIX::sigaction($n, POSIX::SigAction->new("IGNORE")) }`,
  ),
  {
    id: "sessions/first-ends",
    title: "A process outlives the terminal whose first process ends by itself",
    defences: ["kill_tree"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      await open(berth, "nest", `unless (fork) { POSIX::setsid(); beat() } beating(); exit 0;`);
      await startsBeating(berth);
      const { sessions: held } = berth.guest;
      while ((await held.state("nest")).state === "running")
        await held.output("nest", { offset: 0, limit: 1, waitMs: 50 });
      return livesOn(berth);
    },
  },
  {
    id: "sessions/endless-output",
    title: "Every terminal that there may be is flooded, to fill the guest's memory",
    defences: ["output_caps"],
    // gVisor's terminals pass a megabyte or two in a second.
    seconds: 150,
    attempt: async (arena) => {
      const berth = await limited(arena, { memory_mb: 1024, pids: 128 });
      const flood = `my $chunk = "y" x 65536; for (1..80) { syswrite STDOUT, $chunk } stay();`;
      const names = Array.from({ length: 16 }, (_, number) => `t${number}`);
      for (const name of names) await open(berth, name, flood);
      const written = async (name: string) => (await berth.guest.sessions.state(name)).totalBytes;
      for (const name of names) {
        while ((await written(name)) < 5 * 2 ** 20) await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const megabytes = await guestMegabytes(berth);
      return reachedIf(megabytes > guestMb, `the guest has ${Math.round(megabytes)} MiB`);
    },
  },
];
