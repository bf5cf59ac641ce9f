import type { ExecRequest, ExecResult } from "../../src/guest/guest.ts";
import type { Berth } from "../support/running-berth.ts";

/** System calls by number, on amd64 and arm64: no image has a compiler, and every image has perl. */
const numbers = {
  add_key: [248, 217],
  clone: [56, 220],
  exit: [60, 93],
  eventfd2: [290, 19],
  inotify_init1: [294, 26],
  io_setup: [206, 0],
  memfd_create: [319, 279],
  mq_open: [240, 180],
  prctl: [157, 167],
  ptrace: [101, 117],
  sched_setattr: [314, 274],
  setgroups: [116, 159],
  setxattr: [188, 5],
  unshare: [272, 97],
} as const;

const column = process.arch === "arm64" ? 1 : 0;

/** What a script may use: `sys(name, arguments)` makes a system call, `pause(seconds)` sleeps. */
const prelude = `use strict; use warnings; use POSIX (); use Fcntl; use Socket;
my %numbers = (${Object.entries(numbers)
  .map(([name, of]) => `${name} => ${of[column]}`)
  .join(", ")});
sub sys { my $name = shift; return syscall($numbers{$name}, @_) }
sub pause { select undef, undef, undef, shift }
$| = 1;
`;

/** Runs a script by perl. */
export const perl = (berth: Berth, script: string, change: Partial<ExecRequest> = {}): Promise<ExecResult> =>
  berth.run(["perl", "-e", prelude + script], change);
