import type { ExecRequest, ExecResult } from "../../src/guest/guest.ts";
import type { Berth } from "../support/running-berth.ts";

/** Numbers on amd64 and arm64. */
const numbers = {
  add_key: [248, 217],
  adjtimex: [159, 171],
  bpf: [321, 280],
  chroot: [161, 51],
  clock_settime: [227, 112],
  clone: [56, 220],
  clone3: [435, 435],
  fsconfig: [431, 431],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  kcmp: [312, 272],
  keyctl: [250, 219],
  mbind: [237, 235],
  migrate_pages: [256, 238],
  mount: [165, 40],
  move_pages: [279, 239],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  open_tree: [428, 428],
  perf_event_open: [298, 241],
  personality: [135, 92],
  pidfd_getfd: [438, 438],
  process_madvise: [440, 440],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  ptrace: [101, 117],
  quotactl: [179, 60],
  request_key: [249, 218],
  set_mempolicy: [238, 237],
  setns: [308, 268],
  settimeofday: [164, 170],
  swapon: [167, 224],
  syslog: [103, 116],
  umount2: [166, 39],
  unshare: [272, 97],
  userfaultfd: [323, 282],
  vmsplice: [278, 75],
} as const;

export type SystemCall = keyof typeof numbers;

const column = process.arch === "arm64" ? 1 : 0;
const prelude = `my %number = (${Object.entries(numbers)
  .map(([name, pair]) => `${name} => ${pair[column]}`)
  .join(", ")});
sub call { my $name = shift; $! = 0; return syscall($number{$name}, @_) }
$| = 1;
`;

/**
 * Runs a Perl script, the one interpreter that every image of the attacks has. It makes system calls with `call(name, arguments…)`,
 * which gives -1 and sets `$!` where the call fails. A script that breaks off by a fault of its own is an error and no defence.
 */
export async function perl(berth: Berth, script: string, change?: Partial<ExecRequest>): Promise<ExecResult> {
  const result = await berth.run(["perl", "-e", prelude + script], change);
  if (result.stderr.head.includes("at -e line")) throw new Error(result.stderr.head.slice(0, 500));
  return result;
}
