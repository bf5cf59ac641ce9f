import { expect } from "vitest";
import { codeOf, eventually, exited } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

export const commands: BehaviourGroup = {
  group: "Commands",
  behaviours: [
    {
      title: "a non-zero exit code is data, and the two streams are kept apart",
      run: async (bench) => {
        await using berth = await bench.berth();
        const result = await berth.sh("echo out; echo err >&2; exit 3");
        expect(result.outcome).toEqual(exited(3));
        expect(result.stdout).toEqual({ head: "out\n", tail: "", total_bytes: 4, truncated: false });
        expect(result.stderr).toEqual({ head: "err\n", tail: "", total_bytes: 4, truncated: false });
        expect(result.survivorsKilled).toBe(0);
      },
    },
    {
      title: "arguments reach the program as they are, without a shell",
      run: async (bench) => {
        await using berth = await bench.berth();
        const result = await berth.run(["printf", "%s|", "a  b", "$HOME", "*", "é"]);
        expect(result.stdout.head).toBe("a  b|$HOME|*|é|");
      },
    },
    {
      title: "where a program does not exist the other one is started that was named for that, and else it is not",
      run: async (bench) => {
        await using berth = await bench.berth();
        const otherwise = ["/bin/sh", "-c", "echo other; exit 127"];
        const missing = await berth.run(["no-such-program"], { otherwise });
        expect([missing.outcome, missing.stdout.head]).toEqual([exited(127), "other\n"]);
        const there = await berth.run(["sh", "-c", "echo first; exit 127"], { otherwise });
        expect([there.outcome, there.stdout.head]).toEqual([exited(127), "first\n"]);
      },
    },
    {
      title: "the tool user has a home of its own to write in",
      run: async (bench) => {
        await using berth = await bench.berth();
        const result = await berth.sh(
          "mkdir -p /home/agent/.cache/x && echo kept > /home/agent/.cache/x/y && cat /home/agent/.cache/x/y",
        );
        expect(result.stdout.head).toBe("kept\n");
      },
    },
    {
      title: "a program that does not exist ends with 127 and one that cannot be run with 126, the reason on stderr",
      run: async (bench) => {
        await using berth = await bench.berth();
        const missing = await berth.run(["berth-has-no-such-program"]);
        expect(missing.outcome).toEqual(exited(127));
        expect(missing.stderr.head).not.toBe("");
        await berth.guest.write("plain", Buffer.from("text"), { executable: false });
        const plain = await berth.run(["./plain"]);
        expect(plain.outcome).toEqual(exited(126));
        expect(plain.stderr.head).not.toBe("");
      },
    },
    {
      title: "the environment is what the request gives over what the image declares, and nothing of the controller's",
      run: async (bench) => {
        await using berth = await bench.berth();
        const result = await berth.run(["env"], { env: { PATH: "/usr/bin:/bin", ONE: "1 two" } });
        const lines = result.stdout.head.split("\n").filter(Boolean);
        expect(lines).toEqual(expect.arrayContaining(["ONE=1 two", "PATH=/usr/bin:/bin"]));
        const common = new Set(["PATH", "HOME", "LANG", "LC_ALL", "HOSTNAME", "TERM", "PWD", "SHLVL", "_"]);
        const ours = Object.keys(process.env).filter((name) => !common.has(name));
        expect(lines.map((line) => line.slice(0, line.indexOf("="))).filter((name) => ours.includes(name))).toEqual([]);
      },
    },
    {
      title: "a command starts in the workspace, or in a folder of it, and nowhere else",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.guest.write("a/b/c", Buffer.from(""), { createParents: true });
        expect((await berth.run(["pwd"])).stdout.head).toBe(`${bench.workdir}\n`);
        expect((await berth.run(["pwd"], { cwd: "a/b" })).stdout.head).toBe(`${bench.workdir}/a/b\n`);
        expect(await codeOf(berth.run(["pwd"], { cwd: "../tmp" }))).toBe("outside_workspace");
        expect(await codeOf(berth.run(["pwd"], { cwd: "/etc" }))).toBe("outside_workspace");
        expect(await codeOf(berth.run(["pwd"], { cwd: "missing" }))).toBe("file_not_found");
        expect(await codeOf(berth.run(["pwd"], { cwd: "a/b/c" }))).toBe("not_a_directory");
      },
    },
    {
      title: "stdin is what is given, then end of file; a program that does not read it is no trouble",
      run: async (bench) => {
        await using berth = await bench.berth();
        expect((await berth.run(["cat"], { stdin: "line é\n" })).stdout.head).toBe("line é\n");
        expect(await berth.run(["cat"])).toMatchObject({ outcome: exited(0), stdout: { total_bytes: 0 } });
        expect((await berth.run(["true"], { stdin: "x".repeat(1024 * 1024) })).outcome).toEqual(exited(0));
        expect((await berth.sh("wc -c", { stdin: "x".repeat(1024 * 1024) })).stdout.head.trim()).toBe("1048576");
      },
    },
    {
      title: "calls run at the same time, and health and files answer while they run",
      run: async (bench) => {
        await using berth = await bench.berth();
        const waiting = Array.from({ length: 4 }, (_, index) =>
          berth.sh(`while ! test -e go; do sleep 0.05; done; echo ${index}`),
        );
        await eventually(() => berth.guest.health().then(({ processes }) => processes)).toBeGreaterThanOrEqual(4);
        expect((await berth.guest.list("", { depth: 1, limit: 10 })).entries).toEqual([]);
        expect((await berth.sh("echo beside")).stdout.head).toBe("beside\n");
        await berth.guest.write("go", Buffer.from(""));
        const results = await Promise.all(waiting);
        expect(results.map(({ stdout }) => stdout.head)).toEqual(["0\n", "1\n", "2\n", "3\n"]);
      },
    },
    {
      title: "a call id runs once: again it is refused, done or not, and nothing happens twice",
      run: async (bench) => {
        await using berth = await bench.berth();
        await berth.sh("echo ran >> log", { callId: "once" });
        expect(await codeOf(berth.sh("echo ran >> log", { callId: "once" }))).toBe("outcome_unknown");
        expect((await berth.guest.read("log")).bytes.toString()).toBe("ran\n");
      },
    },
    {
      title: "a call id may hold any printable character",
      run: async (bench) => {
        await using berth = await bench.berth();
        const callId = "call/../%2F?x=1&y#{}\"'\\~:;";
        expect((await berth.sh("echo hi", { callId })).callId).toBe(callId);
        expect((await berth.guest.output(callId, "stdout", { offset: 0, limit: 10 })).bytes.toString()).toBe("hi\n");
      },
    },
    {
      title: "a value that is out of range is refused and nothing runs",
      run: async (bench) => {
        await using berth = await bench.berth();
        expect(await codeOf(berth.sh("touch ran", { timeoutMs: 0 }))).toBe("invalid_arguments");
        expect(await codeOf(berth.sh("touch ran", { timeoutMs: 86_400_001 }))).toBe("invalid_arguments");
        expect(await codeOf(berth.sh("touch ran", { headBytes: 2 ** 20 + 1 }))).toBe("invalid_arguments");
        expect(await codeOf(berth.run([]))).toBe("invalid_arguments");
        expect(await codeOf(berth.guest.stat("ran"))).toBe("file_not_found");
      },
    },
  ],
};
