import { reachedIf, type Attack } from "../attack.ts";
import { perl } from "../system-call.ts";

const controlUnderRunc = "gVisor's namespaces are those of its own kernel, where they lead nowhere";

/** Namespaces and mounts: root of a new user namespace has a way into most of the kernel. */
export const kernelNamespaces: readonly Attack[] = [
  {
    id: "kernel/unshare",
    title: "A tool becomes root in a user namespace of its own and mounts a file system there",
    defences: ["seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const flag = arena.flag();
      const berth = await arena.sandbox();
      const mount = `mount -t tmpfs ${flag} /tmp && cat /proc/self/mountinfo`;
      const { stdout, stderr } = await berth.run([
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        mount,
      ]);
      return reachedIf(stdout.head.includes(flag), stderr.head);
    },
  },
  {
    id: "kernel/clone-into-a-user-namespace",
    title: "A tool forks a child into a user namespace of its own",
    defences: ["seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await perl(
        berth,
        `my $pid = call("clone", 0x10000000 | 17, 0, 0, 0, 0);
         if ($pid == 0) { print readlink("/proc/self/ns/user"), "\\n"; exit 0 }
         my $error = "$!";
         waitpid($pid, 0) if $pid > 0;
         print readlink("/proc/self/ns/user"), "\\n", $pid < 0 ? $error : "";`,
      );
      const namespaces = new Set(stdout.head.match(/user:\[\d+\]/g));
      return reachedIf(namespaces.size > 1, stdout.head);
    },
  },
  {
    id: "kernel/clone3-into-a-user-namespace",
    title: "A tool forks by the newer call, whose flags lie in memory where no filter reads them",
    defences: ["seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await perl(
        berth,
        `my $how = pack("Q8", 0x10000000, 0, 0, 0, 17, 0, 0, 0);
         my $pid = call("clone3", $how, 64);
         if ($pid == 0) { print readlink("/proc/self/ns/user"), "\\n"; exit 0 }
         my $error = "$!";
         waitpid($pid, 0) if $pid > 0;
         print readlink("/proc/self/ns/user"), "\\n", $pid < 0 ? $error : "";`,
      );
      const namespaces = new Set(stdout.head.match(/user:\[\d+\]/g));
      return reachedIf(namespaces.size > 1, stdout.head);
    },
  },
  {
    id: "kernel/enter-a-namespace",
    title: "A tool enters the namespaces of another process",
    defences: ["capabilities", "seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await perl(
        berth,
        `for my $kind (qw(mnt uts ipc net)) {
           open(my $other, "<", "/proc/1/ns/$kind") or open($other, "<", "/proc/self/ns/$kind") or next;
           print "entered $kind\\n" if call("setns", fileno($other), 0) == 0;
         }`,
      );
      return reachedIf(stdout.head.includes("entered"), stdout.head);
    },
  },
  {
    id: "kernel/mount",
    title: "A tool mounts a file system",
    defences: ["capabilities", "seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const flag = arena.flag();
      const berth = await arena.sandbox();
      const { stdout, stderr } = await berth.sh(`mount -t tmpfs ${flag} /mnt 2>&1 || mount -t tmpfs ${flag} /tmp
        cat /proc/self/mountinfo`);
      return reachedIf(stdout.head.includes(flag), stderr.head);
    },
  },
  {
    id: "kernel/chroot",
    title: "A tool changes its root, the first half of the oldest way out of one",
    defences: ["capabilities", "seccomp"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const berth = await arena.sandbox();
      const { stdout } = await perl(
        berth,
        `mkdir "inner" or die "$!"; open(my $f, ">", "inner/${flag}") or die "$!"; close $f;
         chroot("inner"); opendir(my $root, "/") or die "$!"; print join(" ", readdir $root);`,
      );
      return reachedIf(stdout.head.includes(flag), stdout.head);
    },
  },
  {
    id: "kernel/file-by-handle",
    title: "A tool opens a file by its handle, past every directory that would have stopped it",
    defences: ["capabilities", "seccomp"],
    controlUnderRunc: "gVisor has no file handles",
    attempt: async (arena) => {
      const flag = arena.flag();
      const berth = await arena.sandbox();
      const { stdout } = await perl(
        berth,
        `my $path = "/dev/shm/own";
         open(my $own, ">", $path) or die "$!"; print $own "${flag}"; close $own;
         open(my $mount, "<", "/dev/shm") or die "$!";
         my $handle = pack("Ll", 128, 0) . "\\0" x 128;
         my $id = pack("l", 0);
         call("name_to_handle_at", -100, $path, $handle, $id, 0) == 0 or print "name: $!\\n";
         my $fd = call("open_by_handle_at", fileno($mount), $handle, 0);
         $fd < 0 and print "open: $!\\n" and exit;
         open(my $again, "<&=", $fd) or die "$!"; print <$again>;`,
      );
      return reachedIf(stdout.head.includes(flag), stdout.head);
    },
  },
];
