import { expect, test } from "vitest";
import { memoryController, shell } from "../../support/memory-controller.ts";
import { pausedClock } from "../../support/paused-clock.ts";
import { randomOf } from "../../support/random-of.ts";

const SEEDS = 15;
const ROLLOUTS = 3;
const CALLS = 12;
const CHANGES = 4;

/** What a client sends again, to whichever controller. */
const again = new Set(["fenced", "shutting_down"]);

test.for(Array.from({ length: SEEDS }, (_, seed) => seed))(
  "controllers are drained and cut off while rollouts run: each call runs once or is unknown, and every rollout goes on (seed %i)",
  { timeout: 60_000 },
  async (seed) => {
    const random = randomOf(seed);
    await using first = await memoryController({ siblings: true, clock: pausedClock });
    const living = [await first.sibling(), await first.sibling()];
    const ids: string[] = [];
    for (let n = 0; n < ROLLOUTS; n++) ids.push((await first.rollout()).rollout_id);
    // From here on the first one takes part only as one that was cut off.
    await first.store.leases.release(first.membership.id);

    /** As the door of a controller does: here, or where the rollout is. */
    const ask = async (id: string, callId: string, command: string): Promise<string> => {
      for (let attempt = 0; attempt < 2_000; attempt++) {
        await new Promise(setImmediate);
        const door = living[Math.floor(random() * living.length)]!;
        try {
          const at = await door.service.locate(id);
          const holder = at === "here" ? door : living.find(({ membership }) => membership.id === at.controller);
          if (holder) return (await holder.service.callTool(id, "shell", shell(command, callId))).output;
        } catch (error) {
          const { code } = error as { code?: string };
          if (code === "outcome_unknown") return code;
          if (code === undefined || !again.has(code)) throw error;
        }
      }
      throw new Error(`no answer to ${callId}`);
    };

    const policies = ids.map(async (id) => {
      const answers: [string, string][] = [];
      for (let call = 0; call < CALLS; call++) {
        const command = `echo c${call} >> log; sleep 0.0${Math.floor(random() * 5)}; echo ok`;
        answers.push([`c${call}`, await ask(id, `c${call}`, command)]);
      }
      return answers;
    });
    const cutOff: (typeof living)[number][] = [];
    for (let change = 0; change < CHANGES; change++) {
      for (let turns = Math.floor(random() * 60); turns > 0; turns--) await new Promise(setImmediate);
      const index = Math.floor(random() * living.length);
      const old = living[index]!;
      living[index] = await first.sibling(random() < 0.5 ? { clock: pausedClock } : {});
      if (random() < 0.5) await old.end();
      else {
        // It goes on as if nothing had happened.
        cutOff.push(old);
        await first.store.leases.release(old.membership.id);
      }
    }
    for (const [n, answers] of (await Promise.all(policies)).entries()) {
      const log = await ask(ids[n]!, "log", "cat log");
      const lines = log.trim().split("\n");
      expect(new Set(lines).size, log).toBe(lines.length);
      for (const [call, answer] of answers) {
        expect(["ok\n", "outcome_unknown"]).toContain(answer);
        if (answer === "ok\n") expect(lines).toContain(call);
      }
      expect(await first.store.rollout(ids[n]!)).toMatchObject({ status: "active", error: null });
    }
    expect(first.sandboxes()).toHaveLength(ROLLOUTS);
    for (const { membership } of cutOff) await membership.leave();
    for (const { end } of living) await end();
  },
);
