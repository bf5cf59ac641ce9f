import { reachedIf, type Attack } from "../attack.ts";
import { perl } from "../system-call.ts";

const socketCall = process.arch === "arm64" ? 198 : 41;

/** Kinds of sockets: each is a piece of the kernel, or a way to somewhere that no network namespace closes. */
export const kernelSockets: readonly Attack[] = [
  {
    id: "kernel/vsock",
    title: "A tool opens a socket to the machine's hypervisor, which network namespaces do not confine",
    defences: ["seccomp"],
    controlUnderRunc: "gVisor has no such sockets",
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      // The second with a bit that the kernel drops and a filter may compare.
      const { stdout } = await perl(
        berth,
        `socket(my $s, 40, 1, 0) and print "opened ";
         syscall(${socketCall}, 40 | 1 << 32, 1, 0) >= 0 and print "opened through a high bit ";
         print "$!";`,
      );
      return reachedIf(stdout.head.includes("opened"), stdout.head);
    },
  },
  {
    id: "kernel/strange-sockets",
    title: "A tool opens sockets of every kind but those of files, TCP, UDP, ping and routes",
    defences: ["seccomp"],
    controlUnderRunc: "gVisor has few of them",
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      // The kernel loads a module for most of them: they are asked for only where the filter stands.
      const families = arena.has("seccomp") ? "grep { !/^(1|2|10|16)$/ } 3 .. 46" : "";
      const protocols = arena.has("seccomp") ? "33, 132, 115, 136, 256, 262" : "262";
      const { stdout } = await perl(
        berth,
        `sub try { socket(my $s, $_[0], $_[1], $_[2]) and print "opened @_; " }
         my @families = (${families});
         for my $family (@families) { try($family, $_, 0) for 1, 2, 3, 5 }
         for my $family (2, 10) { for my $protocol (${protocols}) { try($family, $_, $protocol) for 1, 2, 5, 6 } }
         try(16, 3, $_) for 4, 12, 15, 16, 21;
         print "$!";`,
      );
      return reachedIf(stdout.head.includes("opened"), stdout.head);
    },
  },
  {
    id: "kernel/raw-packets",
    title: "A tool reads and forges packets beneath every protocol",
    defences: ["capabilities", "seccomp"],
    controlUnderRunc: "gVisor has raw sockets only where it is told to",
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await perl(
        berth,
        `socket(my $raw, 2, 3, 1) and print "opened raw "; socket(my $packet, 17, 3, 768) and print "opened packet "; print "$!"`,
      );
      return reachedIf(stdout.head.includes("opened"), stdout.head);
    },
  },
];
