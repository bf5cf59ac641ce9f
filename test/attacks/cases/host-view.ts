import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { once } from "node:events";
import { execa } from "execa";
import { commandEnvironment } from "../../../src/rollout/command-environment.ts";
import { smallEnvironment } from "../../support/memory-controller.ts";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack } from "../attack.ts";
import type { BackendName } from "../backends.ts";
import { perl } from "../system-call.ts";

const controlUnderRunc = "gVisor's /proc and /sys are of its own kernel";

/** Whether any of the files, or any below the folders, says something to a tool. */
const readable =
  (...files: readonly string[]): Attack["attempt"] =>
  async (arena) => {
    const berth = await arena.sandbox();
    const { stdout } = await berth.sh(
      `find ${files.join(" ")} -type f 2>/dev/null | head -100 | while read -r file; do
         [ "$(head -c 64 "$file" 2>/dev/null | wc -c)" -gt 0 ] && echo "$file"
       done; true`,
    );
    return reachedIf(stdout.head !== "", stdout.head);
  };

/** Whether a listener of the controller's machine greets a tool: `connect` is Perl that makes `$socket` and connects it. */
async function greetedBy(arena: Arena, address: string | 0, connect: (where: string) => string) {
  const flag = arena.flag();
  const server = createServer((socket) => socket.on("error", () => {}).end(flag));
  server.listen(typeof address === "string" ? { path: address } : { port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  arena.defer(() => server.close());
  const told = server.address();
  const where = typeof told === "object" && told !== null ? String(told.port) : address.toString().slice(1);
  const berth = await arena.sandbox();
  const { stdout } = await perl(berth, `use Socket; ${connect(where)} print <$socket>`);
  return reachedIf(stdout.head.includes(flag), stdout.head);
}

const ownNetwork = (backend: BackendName): string | undefined =>
  backend.startsWith("docker")
    ? "a container with a network has Docker's bridge, whose namespace is its own too"
    : undefined;

/** What tools see of the machine that they run on. */
export const hostView: readonly Attack[] = [
  {
    id: "host-view/interrupts",
    title: "A tool reads the machine's interrupts, which tell what others do there",
    defences: ["masked_paths"],
    controlUnderRunc,
    attempt: readable("/proc/interrupts"),
  },
  {
    id: "host-view/keys",
    title: "A tool lists the keys in the kernel's keyrings",
    defences: ["masked_paths"],
    controlUnderRunc,
    attempt: readable("/proc/keys"),
  },
  {
    id: "host-view/timers-and-memory",
    title: "The sandbox's root reads the kernel's timers, its scheduler's state and the machine's memory",
    defences: ["masked_paths", "tool_user", "user_namespace"],
    controlUnderRunc,
    attempt: readable("/proc/timer_list", "/proc/sched_debug", "/proc/kcore", "/proc/latency_stats", "/proc/scsi"),
  },
  {
    id: "host-view/firmware",
    title: "A tool reads the tables of the machine's firmware",
    defences: ["masked_paths", "tool_user"],
    controlUnderRunc,
    attempt: readable("/sys/firmware", "/sys/devices/virtual/powercap", "/proc/acpi"),
  },
  {
    id: "host-view/kernel-addresses",
    title: "A tool reads where the kernel's functions lie",
    defences: ["capabilities"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await berth.sh("grep -m 1 -v '^00*[^0-9a-f]' /proc/kallsyms | cut -d ' ' -f 1");
      return reachedIf(/[1-9a-f]/.test(stdout.head), stdout.head === "" ? "none" : "an address");
    },
  },
  {
    id: "host-view/file-by-handle",
    title:
      "A tool opens a file of the machine by its handle, starting from a folder or file that the machine shares with the sandbox",
    defences: ["capabilities", "seccomp"],
    controlUnderRunc: "gVisor has no file handles",
    attempt: async (arena) => {
      const flag = arena.flag();
      const canary = path.join(await arena.hostFolder(), "canary");
      await writeFile(canary, flag);
      const handle = await handleOf(canary);
      const berth = await arena.sandbox();
      const { stdout } = await perl(
        berth,
        `for my $shared ("/usr", "/.berth", "/etc/hosts", "/run/berth") {
           open(my $mount, "<", $shared) or next;
           my $handle = pack("H*", "${handle}");
           my $fd = call("open_by_handle_at", fileno($mount), $handle, 0);
           if ($fd >= 0) { open(my $file, "<&=", $fd); print <$file> } else { print "$shared: $!\\n" }
         }`,
      );
      return reachedIf(stdout.head.includes(flag), stdout.head);
    },
  },
  {
    id: "host-view/loopback-port",
    title: "A tool connects to a port of the machine's loopback interface",
    defences: ["network"],
    notApplicable: ownNetwork,
    controlUnderRunc: "gVisor runs without a network",
    attempt: (arena) =>
      greetedBy(
        arena,
        0,
        (port) =>
          `socket(my $socket, AF_INET, SOCK_STREAM, 0); connect($socket, pack_sockaddr_in(${port}, INADDR_LOOPBACK));`,
      ),
  },
  {
    id: "host-view/abstract-socket",
    title: "A tool connects to a unix socket of the machine that has a name but no file",
    defences: ["network"],
    notApplicable: ownNetwork,
    controlUnderRunc: "gVisor's unix sockets are its own",
    attempt: (arena) =>
      greetedBy(
        arena,
        `\0berth-attack-${randomBytes(8).toString("hex")}`,
        (name) => `socket(my $socket, AF_UNIX, SOCK_STREAM, 0); connect($socket, pack_sockaddr_un("\\0${name}"));`,
      ),
  },
  {
    id: "host-view/environment",
    title: "A tool looks for the controller's secrets in every environment that it can read",
    defences: ["clean_environment"],
    attempt: async (arena) => {
      const name = `BERTH_ATTACK_${randomBytes(4).toString("hex")}`;
      const flag = arena.flag();
      process.env[name] = flag;
      arena.defer(() => delete process.env[name]);
      const berth = await arena.sandbox();
      const env = arena.has("clean_environment")
        ? commandEnvironment(smallEnvironment())
        : (Object.fromEntries(Object.entries(process.env)) as Record<string, string>);
      const { stdout } = await berth.sh("env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'", { env });
      return reachedIf(stdout.head.includes(flag), `${stdout.head.split("\n").length} variables`);
    },
  },
];

/** A file's handle on this machine, as hexadecimal digits of what open_by_handle_at takes. */
async function handleOf(file: string): Promise<string> {
  const { stdout } = await execa(
    "perl",
    [
      "-e",
      `my $file = shift; my $handle = pack("Ll", 128, 0) . "\\0" x 128; my $id = pack("l", 0);
       syscall(${process.arch === "arm64" ? 264 : 303}, -100, $file, $handle, $id, 0) == 0 or die "$!";
       print unpack("H*", $handle)`,
      file,
    ],
    { timeout: 10_000 },
  );
  return stdout;
}
