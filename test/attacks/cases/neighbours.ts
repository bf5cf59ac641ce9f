import { randomBytes, randomInt } from "node:crypto";
import type { Berth } from "../../support/running-berth.ts";
import type { Arena, SandboxOptions } from "../arena.ts";
import { reachedIf, type Attack } from "../attack.ts";
import { perl } from "../system-call.ts";

/** The sandboxes of two rollouts; one for both where a sandbox is not its rollout's alone. */
async function twoRollouts(arena: Arena, options: SandboxOptions = {}): Promise<readonly [Berth, Berth]> {
  const first = await arena.sandbox(options);
  return [first, arena.has("rollout_identity") ? await arena.sandbox(options) : first];
}

/** Runs `script` in one sandbox for as long as `look` looks from the other one. It touches /tmp/ready when it may be looked at. */
async function meanwhile<T>(berth: Berth, script: string, look: () => Promise<T>): Promise<T> {
  const running = perl(berth, `${script}; open(my $ready, ">", "/tmp/ready"); close $ready; sleep 15;`);
  const ended = running.then(
    () => undefined,
    () => undefined,
  );
  await berth.sh("for i in $(seq 200); do [ -e /tmp/ready ] && exit 0; sleep 0.05; done; exit 1");
  try {
    return await look();
  } finally {
    await berth.sh("kill -9 -1").catch(() => undefined);
    await ended;
  }
}

/** A number of a user that nothing else on the machine has. */
const strangeUid = () => randomInt(40_000, 60_000);

/** What one rollout's tools can learn of another's, or do to them. */
export const neighbours: readonly Attack[] = [
  {
    id: "neighbours/processes",
    title: "A tool lists the processes of another rollout, with their arguments and environments",
    defences: ["rollout_identity"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const [victim, attacker] = await twoRollouts(arena);
      return meanwhile(victim, `$ENV{SECRET} = "${flag}"; fork or exec("sleep", 15)`, async () => {
        const { stdout } = await attacker.sh("cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep SECRET");
        return reachedIf(stdout.head.includes(flag), stdout.head);
      });
    },
  },
  {
    id: "neighbours/files",
    title: "A tool finds what another rollout wrote, in every folder that it can write to",
    defences: ["rollout_identity"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const base = await arena.planted("mkdir -m 777 -p /opt/shared");
      const [victim, attacker] = await twoRollouts(arena, { base });
      const folders = "/workspace /tmp /var/tmp /dev/shm /home/agent /opt/shared";
      await victim.sh(`for folder in ${folders}; do echo ${flag} >$folder/left; done`);
      const { stdout } = await attacker.sh(`grep -l ${flag} -r ${folders} /run /dev/mqueue 2>/dev/null`);
      return reachedIf(stdout.head !== "", stdout.head);
    },
  },
  {
    id: "neighbours/poison-the-snapshot",
    title: "A tool changes a file of the snapshot, to change it for the rollouts that start from it afterwards",
    defences: ["rollout_identity"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const base = await arena.planted("mkdir -p /opt && echo honest >/opt/library && chmod 666 /opt/library");
      const first = await arena.sandbox({ base });
      await first.sh(`echo ${flag} >/opt/library`);
      const second = arena.has("rollout_identity") ? await arena.sandbox({ base }) : first;
      const { stdout } = await second.sh("cat /opt/library");
      return reachedIf(stdout.head.includes(flag), stdout.head);
    },
  },
  {
    id: "neighbours/shared-memory",
    title: "A tool reads another rollout's shared memory and messages by guessing their keys",
    defences: ["rollout_identity"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const key = randomInt(1, 2 ** 31);
      const queue = randomBytes(6).toString("hex");
      const [victim, attacker] = await twoRollouts(arena);
      const own = `my $m = shmget(${key}, 4096, 0666 | 01000); defined $m or die "$!"; shmwrite($m, "${flag}", 0, ${flag.length}) or die "$!";
        my $q = msgget(${key}, 0666 | 01000); msgsnd($q, pack("q a*", 1, "${flag}"), 0) or die "$!";
        open(my $posix, ">", "/dev/mqueue/${queue}"); close $posix`;
      return meanwhile(victim, own, async () => {
        const { stdout } = await perl(
          attacker,
          `my $text = ""; my $m = shmget(${key}, 4096, 0);
           defined $m and shmread($m, $text, 0, ${flag.length}) and print "memory $text\\n";
           my $q = msgget(${key}, 0); defined $q and msgrcv($q, $text, 256, 0, 04000) and print "message $text\\n";
           print "queue ${flag}\\n" if -e "/dev/mqueue/${queue}";`,
        );
        return reachedIf(stdout.head.includes(flag), stdout.head);
      });
    },
  },
  {
    id: "neighbours/sockets",
    title: "A tool connects to another rollout's server, on its loopback port and on its unix socket without a file",
    defences: ["rollout_identity"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const port = randomInt(20_000, 30_000);
      const name = randomBytes(8).toString("hex");
      const [victim, attacker] = await twoRollouts(arena);
      const serve = `use Socket;
        socket(my $tcp, AF_INET, SOCK_STREAM, 0); bind($tcp, pack_sockaddr_in(${port}, INADDR_LOOPBACK)) or die "$!"; listen($tcp, 5);
        socket(my $unix, AF_UNIX, SOCK_STREAM, 0); bind($unix, pack_sockaddr_un("\\0${name}")) or die "$!"; listen($unix, 5);
        for my $s ($tcp, $unix) { fork or do { while (accept(my $c, $s)) { syswrite($c, "${flag}") } } }`;
      return meanwhile(victim, serve, async () => {
        const { stdout } = await perl(
          attacker,
          `use Socket;
           my $heard;
           socket(my $tcp, AF_INET, SOCK_STREAM, 0);
           connect($tcp, pack_sockaddr_in(${port}, INADDR_LOOPBACK)) and sysread($tcp, $heard, 64) and print "port $heard\\n";
           socket(my $unix, AF_UNIX, SOCK_STREAM, 0);
           connect($unix, pack_sockaddr_un("\\0${name}")) and sysread($unix, $heard, 64) and print "name $heard\\n";`,
        );
        return reachedIf(stdout.head.includes(flag), stdout.head);
      });
    },
  },
  {
    id: "neighbours/keyrings",
    title: "A tool leaves a key in the kernel for another rollout, whose tools have the same user's number",
    defences: ["seccomp", "user_namespace"],
    controlUnderRunc: "gVisor has no keyrings",
    attempt: async (arena) => {
      const flag = arena.flag();
      const uid = strangeUid();
      const name = randomBytes(6).toString("hex");
      const [first, second] = [await arena.sandbox({ uid }), await arena.sandbox({ uid })];
      // Into the user's own keyring, which is no process's; readable for all of the user.
      const own = `my ($type, $name, $text) = ("user", "${name}", "${flag}");
        my $key = call("add_key", $type, $name, $text, ${flag.length}, -4);
        call("keyctl", 5, $key, 0x3f3f0000, 0, 0)`;
      return meanwhile(first, own, async () => {
        const { stdout } = await perl(
          second,
          `my ($type, $name, $text) = ("user", "${name}", "\\0" x 64);
           call("keyctl", 8, -4, -2, 0, 0);
           my $key = call("keyctl", 10, -4, $type, $name, 0);
           my $n = call("keyctl", 11, $key, $text, 64, 0);
           print $n > 0 ? $text : "$!";`,
        );
        return reachedIf(stdout.head.includes(flag), stdout.head);
      });
    },
  },
  {
    id: "neighbours/user's-limits",
    title: "A tool uses up what the kernel gives to one user, for all rollouts whose tools have the same number",
    defences: ["user_namespace"],
    notApplicable: (backend) =>
      backend.startsWith("docker")
        ? "the docker provider has no user namespaces, so the kernel counts some things of all sandboxes together"
        : undefined,
    controlUnderRunc: "gVisor counts in its own kernel",
    attempt: async (arena) => {
      const uid = strangeUid();
      const [first, second] = [await arena.sandbox({ uid }), await arena.sandbox({ uid })];
      // Pages of pipes: who is above the limit gets small pipes.
      return meanwhile(
        first,
        `my @kept; for (1 .. 2000) { pipe(my $r, my $w) or last; push @kept, $r, $w }`,
        async () => {
          const { stdout } = await perl(second, `pipe(my $r, my $w) or die "$!"; print fcntl($w, 1032, 0)`);
          return reachedIf(Number(stdout.head) < 65_536, `a pipe of ${stdout.head} bytes`);
        },
      );
    },
  },
];
