import { expect } from "vitest";
import type { Berth } from "../bench.ts";
import { codeOf, eventually, exited } from "../bench.ts";
import type { Behaviour, BehaviourGroup } from "../suite.ts";

/** Far longer than an answer takes, far shorter than what is left running. */
const soonMs = 10_000;

const processesOf = (berth: Berth) => berth.guest.health().then(({ processes }) => processes);

/** Answers at once although something was left that would run for minutes, and then nothing of it runs. */
const leavesNothing = (title: string, script: string, needs?: "processes"): Behaviour => ({
  title: `${title} neither delays the answer nor survives it`,
  ...(needs === undefined ? {} : { needs }),
  run: async (bench) => {
    await using berth = await bench.berth();
    const startedAt = Date.now();
    const result = await berth.sh(script, { timeoutMs: 120_000 });
    expect(Date.now() - startedAt).toBeLessThan(soonMs);
    expect(result).toMatchObject({ outcome: exited(0), stdout: { head: "hi\n" } });
    expect(await processesOf(berth)).toBe(0);
  },
});

const timesOut = (title: string, script: string, needs?: "processes"): Behaviour => ({
  title,
  ...(needs === undefined ? {} : { needs }),
  run: async (bench) => {
    await using berth = await bench.berth();
    const startedAt = Date.now();
    const result = await berth.sh(script, { timeoutMs: 700 });
    expect(Date.now() - startedAt).toBeLessThan(soonMs);
    expect(result).toMatchObject({ outcome: { type: "timed_out" }, stdout: { head: "before\n" } });
    expect(await processesOf(berth)).toBe(0);
    expect((await berth.sh("echo after")).stdout.head).toBe("after\n");
  },
});

export const commandEnds: BehaviourGroup = {
  group: "How a command ends",
  behaviours: [
    {
      title: "a command that a signal ends says which",
      run: async (bench) => {
        await using berth = await bench.berth();
        expect((await berth.sh("kill -9 $$")).outcome).toEqual({ type: "signaled", signal: "SIGKILL" });
        expect((await berth.sh("kill -TERM $$")).outcome).toEqual({ type: "signaled", signal: "SIGTERM" });
      },
    },
    timesOut("a timeout keeps the output so far, ends the command, and the next one runs", "echo before; sleep 600"),
    timesOut("a timeout ends a command that ignores SIGTERM", "trap '' TERM HUP INT; echo before; sleep 600"),
    timesOut("a timeout ends a command that has stopped itself", "echo before; kill -STOP $$"),
    timesOut("a timeout ends a subshell and what waits for it", "echo before; (sleep 600; sleep 600)"),
    timesOut("a timeout ends the whole tree, sessions of their own too", "echo before; setsid sleep 600 & sleep 600"),
    timesOut(
      "a timeout ends what has forked twice and left its session",
      "echo before; sh -c 'setsid sh -c \"sleep 600 & sleep 600\" &'; sleep 600",
      "processes",
    ),
    leavesNothing("a background job", "sleep 600 & echo hi"),
    leavesNothing("a background job of its own session", "setsid sleep 600 & echo hi"),
    leavesNothing("a background job in a subshell", "(sleep 600 &) ; echo hi"),
    leavesNothing(
      "a background job that let go of every stream",
      "nohup sleep 600 < /dev/null > /dev/null 2>&1 & echo hi",
    ),
    leavesNothing(
      "a daemon that forked twice",
      "sh -c 'setsid sh -c \"sleep 600 & exec sleep 600\" &' ; echo hi",
      "processes",
    ),
    leavesNothing(
      "a child that ignores every signal it can",
      "sh -c \"trap '' HUP INT TERM; sleep 600\" & echo hi",
      "processes",
    ),
    leavesNothing("a child that is stopped", "sh -c 'kill -STOP $$' & echo hi", "processes"),
    {
      title: "seen from inside, no process of an earlier call is left",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.sh("setsid sleep 611 & sleep 611 & echo hi");
        const seen = await berth.sh("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '");
        expect(seen.stdout.head).not.toContain("sleep 611");
      },
    },
    {
      title: "cancel ends a call as cancelled, with the output so far",
      run: async (bench) => {
        await using berth = await bench.berth();
        const call = berth.sh("echo started; sleep 600", { callId: "long", timeoutMs: 120_000 });
        await eventually(() =>
          berth.guest.output("long", "stdout", { offset: 0, limit: 100 }).then(
            ({ totalBytes }) => totalBytes,
            () => 0,
          ),
        ).toBe(8);
        await berth.guest.cancel("long");
        expect(await call).toMatchObject({ outcome: { type: "cancelled" }, stdout: { head: "started\n" } });
        expect(await processesOf(berth)).toBe(0);
      },
    },
    {
      title: "to cancel a call that nobody knows is refused",
      run: async (bench) => {
        await using berth = await bench.berth();
        expect(await codeOf(berth.guest.cancel("unknown"))).toBe("invalid_arguments");
      },
    },
    {
      title: "a caller that goes away cancels its call",
      run: async (bench) => {
        await using berth = await bench.berth();
        const controller = new AbortController();
        const call = berth.guest.exec(
          {
            callId: "left",
            argv: ["sleep", "600"],
            env: { PATH: "/usr/bin:/bin" },
            timeoutMs: 120_000,
            headBytes: 10,
            tailBytes: 10,
          },
          { signal: controller.signal },
        );
        await eventually(() => processesOf(berth)).toBeGreaterThan(0);
        controller.abort(new Error("gone"));
        await expect(call).rejects.toThrow("gone");
        await eventually(() => processesOf(berth)).toBe(0);
      },
    },
    {
      title: "the controller's own deadline ends a call too, as an unknown outcome",
      run: async (bench) => {
        await using berth = await bench.berth();
        const request = {
          callId: "late",
          argv: ["sleep", "600"],
          env: { PATH: "/usr/bin:/bin" },
          timeoutMs: 120_000,
          headBytes: 10,
          tailBytes: 10,
        };
        expect(await codeOf(berth.guest.exec(request, { timeoutMs: 500 }))).toBe("outcome_unknown");
        await eventually(() => processesOf(berth)).toBe(0);
      },
    },
    {
      title: "quiesce ends everything that runs",
      run: async (bench) => {
        await using berth = await bench.berth();
        const call = berth.sh("sleep 600 & sleep 600", { timeoutMs: 120_000 });
        await eventually(() => processesOf(berth)).toBeGreaterThan(1);
        expect((await berth.guest.quiesce()).killed).toBeGreaterThan(0);
        expect(await processesOf(berth)).toBe(0);
        expect((await call).outcome.type).not.toBe("exited");
      },
    },
    {
      title: "kill -9 -1 ends what the tool user runs; the guest goes on",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth();
        const beside = berth.sh("sleep 600", { timeoutMs: 120_000 });
        await eventually(() => processesOf(berth)).toBeGreaterThan(0);
        await berth.sh("kill -9 -1; echo alive");
        expect((await beside).outcome).toEqual({ type: "signaled", signal: "SIGKILL" });
        expect((await berth.guest.health()).bootId).toBe(berth.guest.handshake.bootId);
        expect((await berth.sh("echo after")).stdout.head).toBe("after\n");
      },
    },
  ],
};
