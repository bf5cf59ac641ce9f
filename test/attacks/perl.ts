import type { ExecRequest, ExecResult } from "../../src/guest/guest.ts";
import type { Berth } from "../support/running-berth.ts";

/** System calls by number, on amd64 and arm64: no image has a compiler, and every image has perl. */
const numbers = {
  clone: [56, 220],
  exit: [60, 93],
  io_setup: [206, 0],
  memfd_create: [319, 279],
  prctl: [157, 167],
  prlimit64: [302, 261],
  ptrace: [101, 117],
  setgroups: [116, 159],
  unshare: [272, 97],
} as const;

const column = process.arch === "arm64" ? 1 : 0;

/**
 * What a script may use: `sys(name, arguments)` makes a system call, `pause(seconds)` sleeps, `stay()` does for ever, `many_files()` raises the limit of open files as
 * far as it goes, `noise(bytes)` gives bytes that do not compress.
 */
const prelude = `use strict; use warnings; use POSIX (); use Fcntl; use Socket;
my %numbers = (${Object.entries(numbers)
  .map(([name, of]) => `${name} => ${of[column]}`)
  .join(", ")});
sub sys { my $name = shift; return syscall($numbers{$name}, @_) }
sub pause { select undef, undef, undef, shift }
sub stay { pause(60) while 1 }
sub many_files { my $limit = "\\0" x 16; sys("prlimit64", 0, 7, 0, $limit); my (undef, $hard) = unpack "QQ", $limit; my $raised = pack "QQ", $hard, $hard;
  sys("prlimit64", 0, 7, $raised, 0) }
sub noise { open my $f, "<", "/dev/urandom" or die; read $f, my $bytes, shift; return $bytes }
$| = 1;
`;

/** A program and its arguments that run a script. */
export const perlScript = (script: string): readonly string[] => ["perl", "-e", prelude + script];

/** Runs a script by perl. */
export const perl = (berth: Berth, script: string, change: Partial<ExecRequest> = {}): Promise<ExecResult> =>
  berth.run(perlScript(script), change);
