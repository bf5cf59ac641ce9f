import { reachedIf, type Attack, type Reached } from "../attack.ts";
import type { Arena } from "../arena.ts";
import { limited } from "../limits.ts";
import { perl } from "../perl.ts";

/** Runs a script that starts as many as it can, prints how many, and waits; counts what the guest then sees, and what is left after the call. */
async function crowds(arena: Arena, script: string, goal: number): Promise<Reached> {
  const berth = await limited(arena, { memory_mb: 512, pids: 64 });
  const sibling = await arena.sandbox();
  const running = { ended: false };
  const call = perl(berth, `my $goal = ${goal}; ${script}`, { callId: "crowd", timeoutMs: 20_000 })
    .catch(() => undefined)
    .finally(() => (running.ended = true));
  let told = "";
  while (!told.includes("\n") && !running.ended) {
    const page = await berth.guest
      .output("crowd", "stdout", { offset: 0, limit: 1000 })
      .catch(() => ({ bytes: Buffer.from("") }));
    told = page.bytes.toString();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const beside = await sibling.sh("echo beside", { timeoutMs: 10_000 });
  await berth.guest.cancel("crowd");
  const outcome = (await call)?.outcome.type;
  const { processes: left } = await berth.guest.health();
  const after = await berth.sh("echo after");
  const works = beside.stdout.head === "beside\n" && after.stdout.head === "after\n" && left === 0;
  return reachedIf(Number(told) >= goal || !works, `${told.trim()} at once; ${outcome}; ${left} left; ${works}`);
}

const crowdsAreSlow = "hundreds of processes inside gVisor take minutes";

/** What is counted: processes, threads, open files, terminals. */
export const counts: readonly Attack[] = [
  {
    id: "resources/stopped-processes",
    title: "Stopped processes fill the table of processes",
    defences: ["pids_limit"],
    controlUnderRunc: crowdsAreSlow,
    attempt: (arena) =>
      crowds(
        arena,
        `my $n = 0; while ($n < $goal) { my $child = fork // last; unless ($child) { kill "STOP", $$; POSIX::_exit(0) } waitpid $child, POSIX::WUNTRACED(); $n++ } print "$n\\n"; stay()`,
        200,
      ),
  },
  {
    id: "resources/threads",
    title: "One process starts more threads than a sandbox may have processes",
    defences: ["pids_limit"],
    controlUnderRunc: crowdsAreSlow,
    attempt: (arena) =>
      crowds(
        arena,
        `use threads ("stack_size" => 65536); no warnings; my $n = 0; while ($n < $goal) { threads->create(sub { stay() }) or last; $n++ }
         print "$n\\n"; stay()`,
        200,
      ),
  },
  {
    id: "resources/fork-bomb",
    title: "Processes double for as long as they can, and fork again whenever one ends",
    defences: ["pids_limit"],
    controlUnderRunc: crowdsAreSlow,
    attempt: (arena) =>
      crowds(
        arena,
        `unless (fork) { POSIX::setpgid(0, 0); while (1) { defined fork or pause(0.01) } }
         my $most = 0; for (1..100) { my $now = () = glob "/proc/[0-9]*"; $most = $now if $now > $most; last if $most > $goal; pause(0.01) } print "$most\\n"; stay()`,
        200,
      ),
  },
  {
    id: "resources/open-files",
    title: "A process opens more files than the profile allows",
    defences: ["open_files"],
    attempt: async (arena) => {
      const berth = await limited(arena, {});
      const { stdout } = await perl(
        berth,
        `many_files(); my $n = 0; $n++ while $n < 17_000 && defined POSIX::dup(0); print $n`,
      );
      return reachedIf(!(Number(stdout.head) < 16_400), `${stdout.head} open files`);
    },
  },
  {
    id: "resources/terminals",
    title: "A process opens terminals until the machine has none left for others",
    defences: ["pids_limit"],
    notApplicable: (backend) =>
      backend === "docker+runc"
        ? "not promised there: Docker mounts devpts without a limit of its own, and kernel.pty.max is shared by the machine"
        : backend.endsWith("runsc")
          ? "gVisor's terminals are its own, not the machine's"
          : undefined,
    attempt: async (arena) => {
      const berth = await limited(arena, { pids: 64 });
      const { stdout } = await perl(
        berth,
        `many_files(); my @held; while (@held < 300 && sysopen my $f, "/dev/ptmx", O_RDWR | O_NOCTTY) { push @held, $f } print scalar @held`,
      );
      return reachedIf(!(Number(stdout.head) < 300), `${stdout.head} terminals`);
    },
  },
  {
    id: "resources/kernel-aio",
    title: "A process takes the machine's stock of asynchronous requests",
    defences: ["seccomp"],
    controlUnderRunc: "gVisor's requests are its own, not the machine's",
    attempt: async (arena) => {
      const berth = await limited(arena, {});
      const { stdout } = await perl(
        berth,
        `my $context = pack "Q", 0; print sys("io_setup", 4096, $context) == 0 ? "taken" : "refused: $!"`,
      );
      return reachedIf(stdout.head === "taken", stdout.head);
    },
  },
];
