import { expect } from "vitest";
import { codeOf, eventually, exited } from "../bench.ts";
import type { BehaviourGroup } from "../suite.ts";

export const limits: BehaviourGroup = {
  group: "Limits",
  behaviours: [
    {
      title: "a command that needs more memory than there is ends as oom_killed; the guest and the next command go on",
      needs: "oom_reported",
      run: async (bench) => {
        await using berth = await bench.berth({ resources: { memory_mb: 128 } });
        const result = await berth.sh("echo before; exec tail /dev/zero", { timeoutMs: 60_000 });
        expect(result).toMatchObject({ outcome: { type: "oom_killed" }, stdout: { head: "before\n" } });
        expect((await berth.sh("echo after")).stdout.head).toBe("after\n");
        expect((await berth.guest.health()).oomKills).toBeGreaterThan(0);
        expect(await bench.provider.inspect(berth.handle)).toMatchObject({ status: "running" });
      },
    },
    {
      title: "lack of memory ends the command or the sandbox, and whichever it was says so",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth({ resources: { memory_mb: 192 } });
        const outcome = await berth.sh("exec tail /dev/zero", { timeoutMs: 60_000 }).then(
          (result) => result.outcome.type,
          () => "the sandbox is gone" as const,
        );
        if (outcome === "oom_killed") return;
        expect(outcome).toBe("the sandbox is gone");
        await eventually(() => bench.provider.inspect(berth.handle)).toMatchObject({ status: "exited", oom: true });
      },
    },
    {
      title: "a fork bomb is bounded, and ends with its call",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth({ resources: { pids: 64 } });
        const result = await berth.sh("b() { b | b & }; b; sleep 600", { timeoutMs: 2_000 });
        expect(["timed_out", "exited"]).toContain(result.outcome.type);
        const { processes, bootId } = await berth.guest.health();
        expect({ processes, bootId }).toEqual({ processes: 0, bootId: berth.guest.handshake.bootId });
        expect((await berth.sh("echo after")).stdout.head).toBe("after\n");
      },
    },
    {
      title: "no more processes than allowed can be started",
      needs: "processes",
      run: async (bench) => {
        await using berth = await bench.berth({ resources: { pids: 48 } });
        const script = "i=0; while [ $i -lt 100 ]; do sleep 60 & i=$((i+1)); done; echo all";
        const { outcome, stdout } = await berth.sh(script, { timeoutMs: 15_000 });
        expect(outcome).not.toEqual(exited(0));
        expect(stdout.head).toBe("");
        expect((await berth.guest.health()).processes).toBe(0);
      },
    },
    {
      title: "the disk is bounded: a write beyond it fails as no_space, and removing makes room",
      needs: "disk_quota",
      run: async (bench) => {
        await using berth = await bench.berth({ resources: { disk_mb: 16 } });
        const half = Buffer.alloc(9 * 2 ** 20, "x");
        await berth.guest.write("one", half);
        expect(await codeOf(berth.guest.write("two", half))).toBe("no_space");
        expect((await berth.sh("cat one > two")).outcome).not.toEqual(exited(0));
        await berth.guest.remove("two").catch(() => {});
        await berth.guest.remove("one");
        await berth.guest.write("two", half);
      },
    },
    {
      title: "the number of files is bounded: one more fails as no_space, and removing makes room",
      needs: "inode_quota",
      run: async (bench) => {
        await using berth = await bench.berth({ resources: { disk_mb: 64, inodes: 1024 } });
        await berth.sh("mkdir many");
        let files = 0;
        while ((await codeOf(berth.guest.write(`many/${files}`, Buffer.from("x")))) === "accepted") files++;
        expect(files).toBeGreaterThan(900);
        expect(files).toBeLessThan(1024);
        expect(await codeOf(berth.guest.write("one-more", Buffer.from("x")))).toBe("no_space");
        const command = await berth.sh("echo x > one-more");
        expect(command.outcome).not.toEqual(exited(0));
        expect(command.stderr.head).toMatch(/no space|disk is full/i);
        await berth.sh("rm -r many");
        await berth.guest.write("one-more", Buffer.from("x"));
      },
    },
    {
      title: "a deadline in milliseconds is kept",
      run: async (bench) => {
        await using berth = await bench.berth();
        const startedAt = Date.now();
        expect((await berth.run(["sleep", "600"], { timeoutMs: 1 })).outcome).toEqual({ type: "timed_out" });
        expect(Date.now() - startedAt).toBeLessThan(5_000);
      },
    },
  ],
};
