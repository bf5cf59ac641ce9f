import { randomInt } from "node:crypto";
import type { Berth } from "../../support/running-berth.ts";
import { reachedIf, type Attack } from "../attack.ts";
import { guestMb, guestMegabytes } from "../guest-memory.ts";
import { limited } from "../limits.ts";
import { perlScript } from "../perl.ts";
import { heart, livesOn, startsBeating } from "../survivor.ts";
import { outlives } from "./teardown.ts";

const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
const mostAtOnce = 8;
const megabyte = 2 ** 20;

const start = (berth: Berth, name: string, script: string, timeoutMs = 60_000) =>
  berth.guest.startBackground({ name, callId: name, argv: perlScript(heart + script), env, timeoutMs });

const stateOf = async (berth: Berth, name: string) =>
  (await berth.guest.backgrounds()).find((command) => command.name === name);

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const deaf = `for my $n (1..64) { POSIX::sigaction($n, POSIX::SigAction->new("IGNORE")) }`;
const child = `unless (fork) { POSIX::setsid(); ${deaf}; beat() } beating();`;

const survivor = (name: string, title: string, script: string, end: (berth: Berth) => Promise<void>): Attack => ({
  id: `background/${name}`,
  title,
  defences: ["kill_tree"],
  attempt: async (arena) => {
    const berth = await arena.sandbox();
    await start(berth, "nest", script, name === "time-up" ? 3_000 : undefined);
    await startsBeating(berth);
    await end(berth);
    return livesOn(berth);
  },
});

const ends = (berth: Berth) => until(async () => (await stateOf(berth, "nest"))?.state === "done");

/** Commands in the background, which outlive the call that starts them and nothing else. */
export const background: readonly Attack[] = [
  survivor(
    "stopped",
    "A child that left its session and ignores every signal outlives the background command that is stopped",
    `${child} stay();`,
    async (berth) => void (await berth.guest.stopBackground("nest")),
  ),
  survivor(
    "first-ends",
    "A child outlives the background command that started it and ended by itself",
    `${child} exit 0;`,
    ends,
  ),
  survivor("time-up", "A child outlives the time of its background command", `${deaf}; ${child} stay();`, ends),
  {
    id: "background/endless-output",
    title: "As many background commands as there may be write without end, to fill the guest's memory",
    defences: ["output_caps"],
    attempt: async (arena) => {
      const berth = await limited(arena, { memory_mb: 1024, pids: 128 });
      const names = Array.from({ length: mostAtOnce }, (_, number) => `flood-${number}`);
      for (const name of names)
        await start(berth, name, `my $chunk = "y" x 65536; for (1..384) { syswrite STDOUT, $chunk } stay();`);
      for (const name of names)
        await until(async () => ((await stateOf(berth, name))?.stdoutBytes ?? 0) >= 24 * megabyte);
      const held = await guestMegabytes(berth);
      return reachedIf(held > guestMb, `the guest has ${Math.round(held)} MiB`);
    },
  },
  {
    id: "background/survives-teardown",
    title: "A background command and its daemons, deaf to signals, outlive the sandbox",
    defences: ["teardown"],
    attempt: async (arena) => {
      const mark = String(randomInt(1e9, 2e9));
      const berth = await arena.sandbox();
      await start(berth, `nest-${mark}`, `$0 = "${mark}"; ${deaf}; ${child} stay();`);
      await startsBeating(berth);
      return await outlives(arena, berth, mark);
    },
  },
];
