import type { Arena } from "../arena.ts";
import { reachedIf, type Attack } from "../attack.ts";
import { perl } from "../system-call.ts";

const notInGvisor = "gVisor's init process is no process of a kernel that could be opened like this";

/** Waits until a command says something in a file, so that what follows finds it running. */
const until = (file: string) => `for i in $(seq 200); do [ -e ${file} ] && break; sleep 0.05; done`;

/** Runs a script while another call is under way that was given the text on its standard input. */
async function besides(arena: Arena, text: string, script: string) {
  const berth = await arena.sandbox();
  const other = berth.sh(`cat >/dev/null; touch /tmp/started; ${until("/tmp/ended")}`, { stdin: text });
  other.catch(() => undefined);
  const told = await perl(berth, `system("${until("/tmp/started").replaceAll("$", "\\$")}"); ${script}`);
  await berth.sh("touch /tmp/ended");
  await other;
  return told;
}

/** The process that answers for the sandbox: whoever becomes it, answers what it likes. */
export const guest: readonly Attack[] = [
  {
    id: "guest/kill",
    title: "A tool ends or stops the guest by every signal that there is",
    defences: ["tool_user"],
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      await berth.sh("for s in $(seq 1 64); do kill -$s 1; done; kill -9 -1").catch(() => undefined);
      const alive = await berth.guest.health({ timeoutMs: 5_000 }).then(
        () => true,
        () => false,
      );
      return reachedIf(!alive, alive ? "the guest answers" : "the guest is gone");
    },
  },
  {
    id: "guest/trace",
    title: "A tool becomes the tracer of the guest",
    defences: ["tool_user", "not_dumpable"],
    controlUnderRunc: notInGvisor,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      // PTRACE_SEIZE; the guest is let go when the tracer ends.
      const { stdout } = await perl(
        berth,
        `call("ptrace", 0x4206, 1, 0, 0); my $error = "$!";
         open(my $status, "<", "/proc/1/status") or die "$!";
         print grep { /^TracerPid/ } <$status>; print $error;`,
      );
      return reachedIf(/^TracerPid:\s*[1-9]/m.test(stdout.head), stdout.head);
    },
  },
  {
    id: "guest/read-memory",
    title: "A tool searches the guest's memory for what another call was given",
    defences: ["tool_user", "not_dumpable"],
    controlUnderRunc: notInGvisor,
    attempt: async (arena) => {
      const flag = arena.flag();
      const [start, end] = [flag.slice(0, 12), flag.slice(12)];
      // Put together there: the script itself is in the guest's memory too.
      const { stdout } = await besides(
        arena,
        `${flag}-at-the-end`,
        `open(my $maps, "<", "/proc/1/maps") or print "maps: $! ";
         open(my $memory, "<:raw", "/proc/1/mem") or print "mem: $! ";
         my $wanted = "${start}" . "${end}-at";
         for (<$maps>) {
           my ($from, $to) = /^([0-9a-f]+)-([0-9a-f]+) rw/ or next;
           my ($at, $stop) = (hex $from, hex $to);
           for (; $at < $stop; $at += 1 << 20) {
             sysseek($memory, $at, 0); sysread($memory, my $piece, 1 << 20) or next;
             print "found" and exit if index($piece, $wanted) >= 0;
           }
         }`,
      );
      return reachedIf(stdout.head.includes("found"), stdout.head);
    },
  },
  {
    id: "guest/read-memory-by-call",
    title: "A tool copies from the guest's memory by the call for that, which the filter lets through",
    defences: ["tool_user", "not_dumpable"],
    controlUnderRunc: notInGvisor,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      // The first bytes of the guest's program, which is not relocatable.
      const { stdout } = await perl(
        berth,
        `for my $address (${process.arch === "arm64" ? "0x10000" : "0x400000"}) {
           my $into = "\\0" x 4;
           my $here = pack("QQ", unpack("Q", pack("P", $into)), 4);
           my $there = pack("QQ", $address, 4);
           my $n = call("process_vm_readv", 1, $here, 1, $there, 1, 0);
           print $n == 4 ? "read " . substr($into, 1, 3) : "$!";
         }`,
      );
      return reachedIf(stdout.head.includes("read ELF"), stdout.head);
    },
  },
  {
    id: "guest/steal-a-descriptor",
    title: "A tool takes the socket by which the guest answers",
    defences: ["tool_user", "not_dumpable", "seccomp"],
    controlUnderRunc: "gVisor's kernel does not have the call",
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await perl(
        berth,
        `my $guest = syscall(434, 1, 0);
         for my $number (3 .. 20) {
           my $fd = call("pidfd_getfd", $guest, $number, 0);
           print "has ", readlink("/proc/self/fd/$fd"), "\\n" if $fd >= 0;
         }
         print "$!";`,
      );
      return reachedIf(/has socket/.test(stdout.head), stdout.head);
    },
  },
  {
    id: "guest/replace-its-program",
    title: "A tool puts a program of its own where the guest's is, for the runtime to start as root",
    defences: ["capabilities", "seccomp"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const berth = await arena.sandbox();
      const { stdout, stderr } = await berth.sh(
        `echo ${flag} >/tmp/mine
         cp /tmp/mine /.berth/guest; mv -f /tmp/mine /.berth/guest; echo ${flag} >/tmp/mine; rm -f /.berth/guest
         mount --bind /tmp/mine /.berth/guest
         head -c 64 /.berth/guest`,
      );
      return reachedIf(stdout.head.includes(flag), stderr.head);
    },
  },
  {
    id: "guest/forge-kept-output",
    title: "A tool rewrites what an earlier call is known to have printed",
    defences: ["tool_user"],
    attempt: async (arena) => {
      const [told, forged] = [arena.flag(), arena.flag()];
      const berth = await arena.sandbox();
      const page = `head -c 100000 /dev/zero | tr '\\0' x`;
      const { callId } = await berth.sh(`${page}; echo ${told}; ${page}`);
      const { stderr } =
        await berth.sh(`sed -i s/${told}/${forged}/ /run/berth/spool/*; for f in /run/berth/spool/*.out; do
        perl -e 'open(my $f, "+<", $ARGV[0]) or exit; seek($f, 100000, 0); print $f "${forged}"' "$f"; done`);
      const { bytes } = await berth.guest.output(callId, "stdout", { offset: 99_990, limit: 100 });
      if (!bytes.includes(told) && !bytes.includes(forged)) throw new Error("the output was not kept");
      return reachedIf(bytes.includes(forged), stderr.head);
    },
  },
];
