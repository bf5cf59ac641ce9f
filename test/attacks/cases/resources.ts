import { existsSync } from "node:fs";
import { BerthError } from "../../../src/core/errors.ts";
import type { Berth } from "../../support/running-berth.ts";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack, type Reached } from "../attack.ts";
import { limited, processorSeconds } from "../limits.ts";
import { perl } from "../perl.ts";

const enoughMb = 200;
const segmentMb = 40;
const isCgroupV2 = existsSync("/sys/fs/cgroup/cgroup.controllers");

/** Whether the sandbox goes on, or ended for lack of memory as its provider says: anything else is a failure of ours that a policy brought about. */
async function typed(arena: Arena, berth: Berth): Promise<string> {
  try {
    await berth.guest.health();
    return "lives";
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
  }
  const state = await (await arena.provider()).inspect(berth.handle);
  return state.status === "exited" && state.oom ? "out of memory" : state.status;
}

/** What a script holds at last, in MiB, and what the bomb leaves. It prints what it holds as it goes. */
async function holds(arena: Arena, script: string): Promise<Reached> {
  const berth = await limited(arena, { memory_mb: 128, pids: 64 });
  const result = await perl(berth, `my $goal = ${enoughMb}; ${script}`, { timeoutMs: 40_000 }).catch(
    (error: unknown) => {
      if (error instanceof BerthError && error.code === "sandbox_lost") return undefined;
      throw error;
    },
  );
  const held = Math.max(0, ...(result?.stdout.head.split("\n") ?? []).map(Number));
  const after = await typed(arena, berth);
  const wrong = after !== "lives" && after !== "out of memory";
  return reachedIf(
    held >= enoughMb || wrong,
    `${held} MiB; ${JSON.stringify(result?.outcome)}; ${after}; ${result?.stderr.head}`,
  );
}

const memory = (name: string, title: string, script: string): Attack => ({
  id: `resources/${name}`,
  title,
  defences: ["memory_limit"],
  attempt: (arena) => holds(arena, script),
});

/** Fills socket after socket of the pairs that `pair` makes, none of which anybody reads. */
const fillSockets = (pair: string): string => `many_files(); my ($sum, @held) = (0); my $chunk = noise(1 << 16);
${pair}
for (1..4000) { my ($to, $from) = pair() or last; push @held, $to, $from; fcntl $to, F_SETFL, O_NONBLOCK; setsockopt $to, SOL_SOCKET, SO_SNDBUF, 1 << 24;
  setsockopt $from, SOL_SOCKET, SO_RCVBUF, 1 << 24; for (1..1000) { $sum += syswrite($to, $chunk) // last } print $sum >> 20, "\\n"; last if $sum >> 20 > $goal }`;

/** Memory in all its forms, and processor time. */
export const resources: readonly Attack[] = [
  memory(
    "memory",
    "A process touches more memory than its sandbox may have",
    `my @held; for my $n (1..$goal / 4) { push @held, "x" x (4 << 20); print $n * 4, "\\n" }`,
  ),
  memory(
    "memory-of-many",
    "Many processes have more memory together than their sandbox, and none of them much",
    `pipe my $r, my $w; my (%alive, %dead); for (0..$goal / 10) { next if fork; my $held = "x" x ((10 << 20) + $$); syswrite $w, pack "N", $$; stay(); POSIX::_exit(0) }
     for (0..$goal / 10) { my $in = ""; vec($in, fileno $r, 1) = 1; select($in, undef, undef, 3) && sysread $r, my $pid, 4 or last; $alive{unpack "N", $pid} = 1;
       while ((my $pid = waitpid -1, POSIX::WNOHANG()) > 0) { $dead{$pid} = 1 } print 10 * grep({ !$dead{$_} } keys %alive), "\\n" }`,
  ),
  memory(
    "memory-files",
    "Files in memory, with a name and without, are filled",
    `my $noise = noise(1 << 20); my ($sum, @held) = (0); my $name = "x"; my $fd = sys("memfd_create", $name, 0);
     open my $anonymous, ">&=", $fd if $fd >= 0; open my $shared, ">", "/dev/shm/x"; open my $mounted, ">", "/dev/x";
     for my $f (grep { defined fileno $_ } grep { defined } $shared, $mounted, $anonymous) { while ($sum < $goal && syswrite $f, $noise) { print ++$sum, "\\n" } }`,
  ),
  memory(
    "unix-socket-buffers",
    "Buffers of sockets that nobody reads from hold more than the sandbox's memory",
    fillSockets(`sub pair { socketpair my $x, my $y, AF_UNIX, SOCK_STREAM, 0 or return; return ($x, $y) }`),
  ),
  {
    ...memory(
      "tcp-buffers",
      "Buffers of TCP connections over the loopback hold more than the sandbox's memory",
      fillSockets(`socket my $listening, PF_INET, SOCK_STREAM, 0; bind $listening, sockaddr_in(0, INADDR_LOOPBACK); listen $listening, 4000;
        my $address = getsockname $listening; sub pair { socket my $x, PF_INET, SOCK_STREAM, 0 or return; connect $x, $address or return; accept my $y, $listening or return; return ($x, $y) }`),
    ),
    notApplicable: (backend) =>
      backend === "docker+runc" && !isCgroupV2
        ? "not promised there: cgroup v1 limits the buffers of TCP only by a setting that Docker does not make; v2 counts them as memory"
        : undefined,
  },
  {
    id: "resources/memory-that-nobody-owns",
    title: "Shared memory of System V stays after its process and fills the sandbox, call by call",
    defences: ["memory_limit"],
    notApplicable: (backend) =>
      backend.startsWith("docker") ? "segments end with their last process (kernel.shm_rmid_forced)" : undefined,
    attempt: async (arena) => {
      const berth = await limited(arena, { memory_mb: 128, pids: 64 });
      const ids: string[] = [];
      while (ids.length < 8 && (await typed(arena, berth)) === "lives") {
        const { stdout } = await perl(
          berth,
          `my $id = shmget 0, ${segmentMb} << 20, 0600 | 01000; my $noise = noise(1 << 20); shmwrite $id, $noise, $_ << 20, 1 << 20 or exit for 0..${segmentMb - 1}; print $id`,
        ).catch(() => ({ stdout: { head: "" } }));
        if (stdout.head === "") break;
        ids.push(stdout.head);
      }
      const found = await perl(
        berth,
        `my $n = 0; for (qw(${ids.join(" ")})) { shmread $_, my $byte, ${segmentMb - 1} << 20, 1 and $n++ } print $n`,
      ).then(
        ({ stdout }) => Number(stdout.head) * segmentMb,
        () => 0,
      );
      const after = await typed(arena, berth);
      const wrong = after !== "lives" && after !== "out of memory";
      return reachedIf(found >= enoughMb || wrong, `${found} MiB found; ${after}`);
    },
  },
  {
    id: "resources/processor-time",
    title: "Busy processes take more processor time than the sandbox's share",
    defences: ["cpu_limit"],
    attempt: async (arena) => {
      const berth = await limited(arena, { cpus: 0.1 });
      const startedAt = Date.now();
      const before = await processorSeconds(arena, berth);
      await perl(berth, "for (1..4) { next if fork; alarm 2; 1 while 1 } 1 while wait > 0");
      const used = (await processorSeconds(arena, berth)) - before;
      const share = (used * 1000) / (Date.now() - startedAt);
      return reachedIf(!(share < 0.13), `${share.toFixed(2)} CPUs of 0.1`);
    },
  },
];
