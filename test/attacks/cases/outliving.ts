import type { ExecRequest } from "../../../src/guest/guest.ts";
import type { Attack } from "../attack.ts";
import { leaves } from "../survivor.ts";

const survivor = (name: string, title: string, script: string, change: Partial<ExecRequest> = {}): Attack => ({
  id: `processes/${name}`,
  title,
  defences: ["kill_tree"],
  attempt: async (arena) => leaves(await arena.sandbox(), script, change),
});

/** The first process ends once the survivor is alive; what the survivor does first is what each is about. */
const forked = (name: string, title: string, first: string): Attack =>
  survivor(name, title, `unless (fork) { ${first}; beat() } beating(); exit 0;`);

/** Processes that try to outlive the call that started them. */
export const outliving: readonly Attack[] = [
  survivor(
    "shell-job",
    "A shell leaves a background job that it has disowned",
    `exec "bash", "-c", 'shopt -s huponexit; (while :; do printf . >> /workspace/beat; sleep 0.005; done) & disown -a; until [ -s /workspace/beat ]; do sleep 0.005; done'`,
  ),
  forked("session", "A child leaves the session of its call", "POSIX::setsid()"),
  forked("process-group", "A child moves to a process group of its own", "setpgrp 0, 0"),
  forked(
    "daemon",
    "A daemon forks twice, leaves its session and the folder, and closes every descriptor",
    "POSIX::setsid(); POSIX::_exit(0) if fork; POSIX::setsid(); chdir '/'; umask 0; POSIX::close($_) for 0..1023",
  ),
  survivor(
    "orphan-of-a-killed-parent",
    "The first process kills itself, so that nobody waits for its child",
    "unless (fork) { POSIX::setsid(); beat() } beating(); kill 'KILL', $$; stay();",
  ),
  survivor(
    "deaf-to-signals",
    "A tree that ignores every signal lets its time run out",
    `for my $n (1..64) { POSIX::sigaction($n, POSIX::SigAction->new("IGNORE")) } unless (fork) { beat() } stay();`,
    { timeoutMs: 1_500 },
  ),
  survivor(
    "stopped",
    "A child stops itself before the end and is continued by a later call",
    `my $child = fork; unless ($child) { POSIX::setsid(); sysopen my $f, "/workspace/beat", O_WRONLY|O_CREAT; syswrite $f, ".";
     close $f; kill "STOP", $$; beat() }
     waitpid($child, POSIX::WUNTRACED()); exit 0;`,
  ),
  forked(
    "lying-name",
    "A child gives itself a name that reads like a dead process without groups in /proc",
    `my $name = ") Z 1 1 1\\nGro"; sys("prctl", 15, $name, 0, 0, 0); $0 = "[kworker/0:0]\\nState:\\tZ (zombie)\\nGroups:\\t\\nThreads:\\t1\\n"`,
  ),
  survivor(
    "full-pipe",
    "A child that left its session holds the output pipe and never stops writing to it",
    `unless (fork) { POSIX::setsid(); $SIG{PIPE} = "IGNORE"; sysopen my $f, "/workspace/beat", O_WRONLY|O_CREAT|O_APPEND;
     while (1) { syswrite STDOUT, "x" x 65536; syswrite $f, "." } } beating(); exit 0;`,
  ),
  survivor(
    "fork-and-exit",
    "A chain of processes forks and ends at once, so that its pid is never the one that is killed",
    `unless (fork) { POSIX::setsid(); sysopen my $f, "/workspace/beat", O_WRONLY|O_CREAT|O_APPEND;
     while (1) { syswrite $f, "."; my $next = fork; POSIX::_exit(0) if $next } } beating(); exit 0;`,
  ),
  survivor(
    "clone-as-sibling",
    "The first process makes a child of its own parent's with CLONE_PARENT",
    `my $pid = sys("clone", 0x8000 | 17, 0, 0, 0, 0); if ($pid == 0) { POSIX::setsid(); beat() } beating(); exit 0;`,
  ),
  survivor(
    "thread-of-a-dead-leader",
    "The first thread of a child ends, which shows as a zombie, and another thread goes on",
    `use threads; unless (fork) { POSIX::setsid(); threads->create(\\&beat)->detach; beating(); sys("exit", 0) } beating(); pause(0.05); exit 0;`,
  ),
  survivor(
    "suspended-parent",
    "A parent waits uninterruptibly for a child of vfork that never executes anything",
    `unless (fork) { POSIX::setsid(); sys("clone", 0x4100 | 17, 0, 0, 0, 0); beat() } beating(); exit 0;`,
  ),
  forked(
    "subreaper",
    "A child makes itself the one that adopts orphans, and leaves orphans to itself",
    `POSIX::setsid(); sys("prctl", 36, 1, 0, 0, 0); unless (fork) { beat() unless fork; POSIX::_exit(0) }`,
  ),
  forked(
    "drop-groups",
    "A child tries to drop its supplementary groups, first as it is and then as root of a new user namespace",
    `POSIX::setsid(); sys("setgroups", 0, 0); if (sys("unshare", 0x10000000) == 0) { for (["setgroups", "allow"], ["uid_map", "0 1000 1"])
     { open my $f, ">", "/proc/self/$$_[0]" or next; print $f $$_[1]; close $f } } sys("setgroups", 0, 0)`,
  ),
];
