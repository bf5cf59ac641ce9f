import { expect } from "vitest";
import { exited } from "../bench.ts";
import type { Bench, Berth } from "../bench.ts";
import type { Behaviour, BehaviourGroup } from "../suite.ts";

const seen = (title: string, run: (berth: Berth, bench: Bench) => Promise<void>): Behaviour => ({
  title,
  needs: "processes",
  run: async (bench) => {
    await using berth = await bench.berth();
    await run(berth, bench);
    expect((await berth.guest.health()).bootId).toBe(berth.guest.handshake.bootId);
  },
});

/** Every one of these must fail. */
async function refused(berth: Berth, scripts: readonly string[]): Promise<void> {
  for (const script of scripts) {
    const { outcome, stdout } = await berth.sh(`(${script}) 2>/dev/null && echo it worked`);
    expect({ script, outcome, stdout: stdout.head }).toEqual({
      script,
      outcome: expect.not.objectContaining(exited(0)),
      stdout: "",
    });
  }
}

export const isolation: BehaviourGroup = {
  group: "Isolation, seen from inside",
  behaviours: [
    seen(
      "commands run as an unprivileged user without capabilities or a way to gain any, under seccomp",
      async (berth, bench) => {
        const { stdout } = await berth.sh("cat /proc/self/status");
        const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(stdout.head)?.[1];
        expect(field("Uid")).toBe("1000\t1000\t1000\t1000");
        expect(field("Gid")).toBe("1000\t1000\t1000\t1000");
        for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd"]) expect(field(set), set).toBe("0000000000000000");
        expect(field("Seccomp")).toBe("2");
        // gVisor's /proc does not tell these two.
        const untold = bench.sharesKernel ? [] : [undefined];
        expect(["0000000000000000", ...untold]).toContain(field("CapAmb"));
        expect(["1", ...untold]).toContain(field("NoNewPrivs"));
      },
    ),
    seen("there is no network interface but the loopback", async (berth) => {
      const { stdout } = await berth.sh("cat /proc/net/dev");
      const interfaces = [...stdout.head.matchAll(/^\s*(\S+):/gm)].map((match) => match[1]);
      expect(interfaces.filter((name) => name !== "lo")).toEqual([]);
    }),
    seen("the system cannot be written", async (berth) => {
      const targets = [
        "/x",
        "/usr/x",
        "/etc/x",
        "/etc/passwd",
        "/bin/x",
        "/root/x",
        "/proc/sys/kernel/hostname",
        "/sys/x",
        "/dev/x",
      ];
      await refused(
        berth,
        targets.map((target) => `echo x >> ${target}`),
      );
    }),
    seen("the guest and its threads cannot be signalled, read or changed", async (berth) => {
      await refused(berth, [
        "kill -9 1",
        "kill -STOP 1",
        "for t in /proc/1/task/*; do kill -0 ${t##*/} && exit 0; done; false",
        "cat /proc/1/mem",
        "ls /proc/1/root/ | grep .",
        "echo 1000 > /proc/1/oom_score_adj",
        "for f in /proc/1/fd/*; do [ -f $f ] && cat $f && exit 0; done; false",
      ]);
    }),
    {
      title: "nothing of the guest shows: no environment, descriptor or memory map",
      needs: "guest_hidden",
      run: async (bench) => {
        await using berth = await bench.berth();
        await refused(berth, ["cat /proc/1/environ | grep .", "ls /proc/1/fd | grep .", "cat /proc/1/maps | grep ."]);
      },
    },
    seen("no new namespace, mount, device or root can be had", async (berth) => {
      await refused(berth, [
        "mount -t tmpfs none /tmp",
        "mount -t proc none /tmp",
        "umount /proc",
        "unshare -r true",
        "unshare -m true",
        "unshare -U true",
        "mknod /tmp/mem c 1 1",
        "chroot / true",
        "su root -c true < /dev/null",
        "cat /dev/mem",
        "ls /dev/kmsg && cat /dev/kmsg",
        "echo x > /proc/sysrq-trigger",
        "cat /proc/kcore | head -c 1 | grep .",
      ]);
    }),
    seen("nothing of the host shows: no foreign process, socket or mount point of Docker", async (berth) => {
      const { stdout } = await berth.sh(
        "cat /proc/[0-9]*/comm | sort -u; ls /var/run/docker.sock /run/docker.sock /run/containerd 2>/dev/null",
      );
      const names = stdout.head.split("\n").filter(Boolean);
      expect(
        names.filter(
          (name) =>
            !["guest", "berth-guest", "sh", "cat", "sort", "ls", "docker-init", "dash", "bash", "busybox"].includes(
              name,
            ),
        ),
      ).toEqual([]);
    }),
  ],
};
