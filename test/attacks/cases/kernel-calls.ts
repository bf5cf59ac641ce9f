import { reachedIf, type Attack } from "../attack.ts";
import { perl, type SystemCall } from "../system-call.ts";

const controlUnderRunc = "gVisor's kernel does not have the call";

/** System calls that no tool needs, and that ways into a kernel begin with: nothing of them may answer. */
export const kernelCalls: readonly Attack[] = [
  {
    id: "kernel/bpf",
    title: "A tool makes a map of the kernel's own virtual machine",
    defences: ["capabilities", "seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      // BPF_MAP_CREATE of an array with one entry.
      const { stdout } = await perl(
        berth,
        `my $what = pack("L5", 2, 4, 4, 1, 0) . "\\0" x 100;
         my $fd = call("bpf", 0, $what, 72);
         print $fd < 0 ? "$!" : readlink("/proc/self/fd/$fd");`,
      );
      return reachedIf(stdout.head.includes("bpf-map"), stdout.head);
    },
  },
  {
    id: "kernel/io-uring",
    title: "A tool makes a queue by which calls are made that no filter sees",
    defences: ["seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await perl(
        berth,
        `my $how = "\\0" x 120;
         my $fd = call("io_uring_setup", 4, $how);
         print $fd < 0 ? "$!" : readlink("/proc/self/fd/$fd");`,
      );
      return reachedIf(stdout.head.includes("io_uring"), stdout.head);
    },
  },
  {
    id: "kernel/userfaultfd",
    title: "A tool handles page faults itself, which makes races in the kernel easy to win",
    defences: ["seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      // UFFD_USER_MODE_ONLY, which needs no privilege.
      const { stdout } = await perl(
        berth,
        `my $fd = call("userfaultfd", 1); print $fd < 0 ? "$!" : readlink("/proc/self/fd/$fd");`,
      );
      return reachedIf(stdout.head.includes("userfaultfd"), stdout.head);
    },
  },
  {
    id: "kernel/perf-events",
    title: "A tool opens a performance counter",
    defences: ["capabilities", "seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      // A software clock of the process itself, without the kernel's part.
      const { stdout } = await perl(
        berth,
        `my $what = pack("LLQQQQQ", 1, 112, 0, 0, 0, 0, (1 << 5) | (1 << 6)) . "\\0" x 80;
         my $fd = call("perf_event_open", $what, 0, -1, -1, 0);
         print $fd < 0 ? "$!" : readlink("/proc/self/fd/$fd");`,
      );
      return reachedIf(stdout.head.includes("perf_event"), stdout.head);
    },
  },
  {
    id: "kernel/personality",
    title: "A tool switches the randomisation of addresses off for what it starts",
    defences: ["seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await perl(berth, `call("personality", 0x0040000); print call("personality", 0xffffffff);`);
      return reachedIf(Number(stdout.head) > 0 && (Number(stdout.head) & 0x0040000) !== 0, stdout.head);
    },
  },
  {
    id: "kernel/log",
    title: "A tool reads the kernel's log",
    defences: ["capabilities", "seccomp"],
    controlUnderRunc: "gVisor's log is its own and tells jokes",
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      // SYSLOG_ACTION_READ_ALL.
      const { stdout } = await perl(
        berth,
        `my $log = "\\0" x 4096; my $n = call("syslog", 3, $log, 4096); print $n < 0 ? "refused $!" : "read $n";`,
      );
      return reachedIf(/^read [1-9]/.test(stdout.head), stdout.head);
    },
  },
  {
    id: "kernel/rare-calls",
    title: "A tool makes calls that only debuggers, administrators and the kernel's testers make",
    defences: ["seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await perl(
        berth,
        Object.entries(harmless)
          .map(([name, args]) => `call("${name}", ${args}) >= 0 || !($!{EPERM} || $!{ENOSYS}) and print "${name} ";`)
          .join("\n"),
      );
      return reachedIf(stdout.head !== "", stdout.head);
    },
  },
  {
    id: "kernel/32-bit-calls",
    title:
      "A tool makes the calls by their 32-bit numbers, which mean others to a filter that knows only those of 64 bits",
    defences: ["seccomp"],
    controlUnderRunc: "gVisor does not run 32-bit programs",
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const image = unsharingProgram.toString("base64");
      const { outcome, stderr } = await berth.sh(`echo ${image} | base64 -d >p32 && chmod +x p32 && ./p32`);
      return reachedIf(outcome.type === "exited" && outcome.code === 42, JSON.stringify(outcome) + stderr.head);
    },
    notApplicable: () => (process.arch === "x64" ? undefined : "only x86 has calls by two numbers"),
  },
];

/** Arguments that do nothing at all, and that the calls themselves answer with another error than a filter's. */
const harmless: Partial<Record<SystemCall, string>> = {
  add_key: "0, 0, 0, 0, 0",
  clock_settime: `0, pack("qq", 0, -1)`,
  fsconfig: "-1, 99, 0, 0, 0",
  io_uring_enter: "-1, 0, 0, 0, 0, 0",
  io_uring_register: "-1, 0, 0, 0",
  kcmp: "$$, $$, 1, 0, 0",
  keyctl: "-1, 0, 0, 0, 0",
  mbind: "0, 0, 99, 0, 0, 0",
  migrate_pages: "$$, 0, 0, 0",
  move_pages: "$$, 0, 0, 0, 0, 0",
  name_to_handle_at: `-1, pack("Z2", "x"), 0, 0, 0`,
  open_tree: `-1, pack("Z2", "x"), 0`,
  perf_event_open: "0, 0, -1, -1, 0",
  pidfd_getfd: "-1, 0, 0",
  process_madvise: "-1, 0, 0, 0, 0",
  process_vm_writev: "$$, 0, 0, 0, 0, 0",
  quotactl: "-1, 0, 0, 0",
  request_key: "0, 0, 0, 0",
  set_mempolicy: "99, 0, 0",
  setns: "-1, 0",
  settimeofday: `pack("qq", 0, -1), 0`,
  unshare: "0",
  vmsplice: "-1, 0, 0, 0",
};

/** A 32-bit ELF program: `unshare(CLONE_NEWUSER)` through `int 0x80`, and then exit 42 where it succeeded, or else 1. */
const unsharingProgram = (() => {
  const code = Buffer.from(
    // mov eax,310; mov ebx,0x10000000; int 0x80; test eax,eax; mov ebx,42; jz +5; mov ebx,1; mov eax,1; int 0x80
    "b836010000bb00000010cd8085c0bb2a0000007405bb01000000b801000000cd80",
    "hex",
  );
  const base = 0x08048000;
  const size = 84 + code.length;
  const header = Buffer.alloc(84);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  for (const [offset, value] of [
    [16, 2],
    [18, 3],
    [40, 52],
    [42, 32],
    [44, 1],
  ] as const)
    header.writeUInt16LE(value, offset);
  for (const [offset, value] of [
    [20, 1],
    [24, base + 84],
    [28, 52],
    // The one segment: loaded as it is, readable and executable.
    [52, 1],
    [60, base],
    [64, base],
    [68, size],
    [72, size],
    [76, 5],
    [80, 4096],
  ] as const)
    header.writeUInt32LE(value, offset);
  return Buffer.concat([header, code]);
})();
