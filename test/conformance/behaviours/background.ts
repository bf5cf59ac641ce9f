import { expect } from "vitest";
import { codeOf, eventually, type Berth } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

const begin = (berth: Berth, name: string, command: string, timeoutMs = 60_000) =>
  berth.guest.startBackground({
    name,
    callId: `bg-${name}-${Math.random().toString(36).slice(2)}`,
    argv: ["/bin/sh", "-c", command],
    env: {},
    timeoutMs,
  });

const stateOf = async (berth: Berth, name: string) =>
  (await berth.guest.backgrounds()).find((command) => command.name === name);

export const background: BehaviourGroup = {
  group: "Background commands",
  behaviours: [
    {
      title: "a named command outlives its request and the calls beside it, and what it writes is read meanwhile",
      run: async (bench) => {
        await using berth = await bench.berth();
        await begin(berth, "server", "echo ready; sleep 60; echo never");
        const callId = (await stateOf(berth, "server"))?.callId ?? "";
        const output = async () =>
          (await berth.guest.output(callId, "stdout", { offset: 0, limit: 100 })).bytes.toString();
        await eventually(output).toBe("ready\n");
        await berth.sh("true");
        expect(await stateOf(berth, "server")).toMatchObject({ state: "running", stdoutBytes: 6 });
        expect(await berth.guest.stopBackground("server")).toMatchObject({
          state: "done",
          outcome: { type: "cancelled" },
        });
        expect((await berth.guest.health()).processes).toBe(0);
      },
    },
    {
      title: "how a background command ended is remembered by its name, which is free again",
      run: async (bench) => {
        await using berth = await bench.berth();
        await begin(berth, "a", "sleep 60");
        expect(await codeOf(begin(berth, "a", "true"))).toBe("file_exists");
        await berth.guest.stopBackground("a");
        await begin(berth, "a", "exit 3");
        await eventually(() => stateOf(berth, "a")).toMatchObject({ outcome: { type: "exited", code: 3 } });
        await begin(berth, "short", "sleep 60", 50);
        await eventually(() => stateOf(berth, "short")).toMatchObject({ outcome: { type: "timed_out" } });
        expect(await codeOf(berth.guest.stopBackground("none"))).toBe("invalid_arguments");
      },
    },
    {
      title: "at most eight commands run in the background, and quiesce ends all of them",
      run: async (bench) => {
        await using berth = await bench.berth();
        for (let n = 0; n < 8; n++) await begin(berth, `n${n}`, "sleep 60");
        expect(await codeOf(begin(berth, "more", "true"))).toBe("overloaded");
        await berth.guest.quiesce();
        expect((await berth.guest.health()).processes).toBe(0);
        await eventually(async () => (await berth.guest.backgrounds()).every(({ state }) => state === "done")).toBe(
          true,
        );
      },
    },
  ],
};
