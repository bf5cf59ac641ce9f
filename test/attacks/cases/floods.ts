import { randomBytes } from "node:crypto";
import PQueue from "p-queue";
import { BerthError } from "../../../src/core/errors.ts";
import { reachedIf, type Attack } from "../attack.ts";
import { guestMb, guestMegabytes } from "../guest-memory.ts";
import { limited } from "../limits.ts";
import { perl } from "../perl.ts";

const megabyte = 2 ** 20;
/** Writes 96 MiB of something to both streams and stays; the guest is measured while it streams. */
const flood = (name: string, title: string, chunk: string): Attack => ({
  id: `floods/${name}`,
  title,
  defences: ["output_caps"],
  attempt: async (arena) => {
    const berth = await limited(arena, { memory_mb: 512 });
    const call = perl(
      berth,
      `my $chunk = ${chunk}; for (1..48) { syswrite STDOUT, $chunk; syswrite STDERR, $chunk } open my $f, ">", "done"; print $f "."; close $f; stay()`,
      { callId: "flood", timeoutMs: 60_000 },
    ).then(
      ({ stdout, stderr }) => [stdout, stderr].reduce((sum, { head, tail }) => sum + head.length + tail.length, 0),
      (error: unknown) => (error instanceof BerthError ? error.code : "lost"),
    );
    while ((await berth.guest.stat("done").catch(() => undefined)) === undefined)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const held = await guestMegabytes(berth);
    await berth.guest.cancel("flood");
    const answered = await call;
    const bounded = typeof answered === "number" && answered <= 4 * 32_768;
    return reachedIf(
      held > guestMb || !bounded,
      `the guest has ${Math.round(held)} MiB, the answer ${answered} characters`,
    );
  },
});

/** Output without end, and what it does to whoever keeps it. */
export const floods: readonly Attack[] = [
  flood("lines", "Both streams are flooded with short lines", `"y\\n" x (1 << 19)`),
  flood("one-line", "Both streams are flooded with one line that never ends", `"y" x (1 << 20)`),
  flood("binary", "Both streams are flooded with random bytes, of which few are UTF-8", "noise(1 << 20)"),
  {
    id: "floods/unacceptable-answer",
    title: "An answer is made to grow when it is written down, so that it is refused and looks like a failure of ours",
    defences: ["output_caps"],
    attempt: async (arena) => {
      const berth = await limited(arena, { memory_mb: 512 });
      const answers: string[] = [];
      for (const chunk of [
        String.raw`"\0" x (1 << 20)`,
        String.raw`"\xff" x (1 << 20)`,
        String.raw`"\e[31m\"\\" x (1 << 18)`,
      ]) {
        const caps = { headBytes: 65_536, tailBytes: 65_536 };
        const script = `my $chunk = ${chunk}; for (1..8) { print STDOUT $chunk; print STDERR $chunk }`;
        answers.push(
          await perl(berth, script, caps).then(
            ({ outcome }) => outcome.type,
            (error: unknown) => (error instanceof BerthError ? error.code : "lost"),
          ),
        );
      }
      return reachedIf(
        answers.some((answer) => answer !== "exited"),
        answers.join(", "),
      );
    },
  },
  {
    id: "floods/kept-results",
    title: "Hundreds of calls leave results to be kept for whoever may ask again",
    defences: ["output_caps"],
    attempt: async (arena) => {
      const berth = await limited(arena, { memory_mb: 1024 });
      const queue = new PQueue({ concurrency: 2 });
      const half = megabyte / 2;
      await berth.guest.write(
        "text",
        Buffer.from(
          randomBytes(2 * half)
            .toString("hex")
            .slice(0, 2 * half),
        ),
      );
      await queue.addAll(
        Array.from({ length: 110 }, () => () => berth.run(["cat", "text"], { headBytes: half, tailBytes: half })),
      );
      const held = await guestMegabytes(berth);
      return reachedIf(held > 1.5 * guestMb, `the guest has ${Math.round(held)} MiB after 110 answers of 1 MiB`);
    },
  },
];
