import { expect } from "vitest";
import { codeOf, eventually, exited } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

/** What `seq 1 200000` writes. */
const floodBytes = 1_288_895;

export const commandOutput: BehaviourGroup = {
  group: "Output of commands",
  behaviours: [
    {
      title: "output within the caps is whole, all of it in the head",
      run: async (bench) => {
        await using berth = await bench.berth();
        const result = await berth.sh("printf abcdef", { headBytes: 3, tailBytes: 3 });
        expect(result.stdout).toEqual({ head: "abcdef", tail: "", total_bytes: 6, truncated: false });
      },
    },
    {
      title: "a flood is capped to its head and its tail, and its length is told",
      run: async (bench) => {
        await using berth = await bench.berth();
        const { outcome, stdout } = await berth.sh("seq 1 200000", { headBytes: 1_000, tailBytes: 500 });
        expect(outcome).toEqual(exited(0));
        expect(stdout).toMatchObject({ total_bytes: floodBytes, truncated: true });
        expect(stdout.head.startsWith("1\n2\n3\n")).toBe(true);
        expect(stdout.tail.endsWith("199999\n200000\n")).toBe(true);
        expect([stdout.head.length, stdout.tail.length]).toEqual([1_000, 500]);
      },
    },
    {
      title: "caps of zero keep nothing and still count",
      run: async (bench) => {
        await using berth = await bench.berth();
        const { stdout } = await berth.sh("echo hello", { headBytes: 0, tailBytes: 0 });
        expect(stdout).toEqual({ head: "", tail: "", total_bytes: 6, truncated: true });
      },
    },
    {
      title: "both streams may flood at the same time",
      run: async (bench) => {
        await using berth = await bench.berth();
        const result = await berth.sh("seq 1 200000 >&2 & seq 1 200000; wait", { headBytes: 10, tailBytes: 10 });
        expect(result).toMatchObject({ stdout: { total_bytes: floodBytes }, stderr: { total_bytes: floodBytes } });
      },
    },
    {
      title: "an endless flood ends at its timeout, bounded",
      run: async (bench) => {
        await using berth = await bench.berth();
        const result = await berth.sh("yes", { timeoutMs: 1_000, headBytes: 100, tailBytes: 100 });
        expect(result.outcome).toEqual({ type: "timed_out" });
        expect(result.stdout.total_bytes).toBeGreaterThan(100_000);
        expect(result.stdout.head.length + result.stdout.tail.length).toBeLessThanOrEqual(200);
        expect((await berth.sh("echo after")).stdout.head).toBe("after\n");
      },
    },
    {
      title: "a character is never cut, neither in the head nor in the tail",
      run: async (bench) => {
        await using berth = await bench.berth();
        for (const headBytes of [4, 5, 6, 7]) {
          const { stdout } = await berth.run(["printf", "€€€€€€"], { headBytes, tailBytes: headBytes });
          const whole = "€".repeat(Math.floor(headBytes / 3));
          expect(stdout).toEqual({ head: whole, tail: whole, total_bytes: 18, truncated: true });
        }
      },
    },
    {
      title: "bytes that are no UTF-8 become U+FFFD",
      run: async (bench) => {
        await using berth = await bench.berth();
        const { stdout } = await berth.run(["printf", "a\\377b\\000c"]);
        expect(stdout).toMatchObject({ head: "a\uFFFDb\0c", total_bytes: 5 });
      },
    },
    {
      title: "the whole of a flood stays readable by page",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.sh("seq 1 200000", { callId: "flood", headBytes: 10, tailBytes: 10 });
        const pages: Buffer[] = [];
        let read = 0;
        while (read < floodBytes) {
          const page = await berth.guest.output("flood", "stdout", { offset: read, limit: 400_000 });
          expect(page).toMatchObject({ totalBytes: floodBytes, spooledBytes: floodBytes });
          expect(page.bytes.length).toBeGreaterThan(0);
          pages.push(page.bytes);
          read += page.bytes.length;
        }
        const lines = Buffer.concat(pages).toString().trimEnd().split("\n");
        expect(lines).toHaveLength(200_000);
        expect(lines.every((line, index) => line === String(index + 1))).toBe(true);
        const beyond = await berth.guest.output("flood", "stdout", { offset: floodBytes, limit: 10 });
        expect(beyond.bytes).toHaveLength(0);
      },
    },
    {
      title: "output can be read while the command runs",
      run: async (bench) => {
        await using berth = await bench.berth();
        const call = berth.sh("echo first >&2; while ! test -e go; do sleep 0.05; done", { callId: "running" });
        const text = async () => {
          const page = await berth.guest.output("running", "stderr", { offset: 0, limit: 100 }).catch(() => undefined);
          return page?.bytes.toString();
        };
        await eventually(text).toBe("first\n");
        await berth.guest.write("go", Buffer.from(""));
        expect((await call).outcome).toEqual(exited(0));
        expect(await codeOf(berth.guest.output("unknown", "stdout", { offset: 0, limit: 1 }))).toBe(
          "invalid_arguments",
        );
      },
    },
  ],
};
