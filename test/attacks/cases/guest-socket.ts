import { once } from "node:events";
import type { Arena } from "../arena.ts";
import type { BackendName } from "../backends.ts";
import { reachedIf, type Attack } from "../attack.ts";
import { perl } from "../system-call.ts";

const folderOf = (arena: Arena) => (arena.backend.kind === "docker" ? "/run/berth" : "/run/berth/listen");
const pathOf = (arena: Arena) => `${folderOf(arena)}/${arena.backend.kind === "docker" ? "guest.sock" : "guest"}`;

const notApplicable = (backend: BackendName): string | undefined =>
  backend === "oci+runc"
    ? "the guest's socket has no path in the sandbox: it is handed over as a descriptor"
    : undefined;

/** The path by which the controller reaches the guest where no descriptor can be handed over. */
export const guestSocket: readonly Attack[] = [
  {
    id: "guest/speak-to-its-socket",
    title: "A tool connects to the guest's socket, to ask for what only the controller may",
    defences: ["socket_gate"],
    notApplicable: (backend) =>
      backend === "oci+runsc"
        ? "the socket lies in a folder of root's, which no defence of its own opens"
        : notApplicable(backend),
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      // The preface of HTTP/2 and empty settings, which a server answers with its own.
      const { stdout } = await perl(
        berth,
        `use Socket; $SIG{ALRM} = sub { exit }; $SIG{PIPE} = "IGNORE"; alarm 3;
         socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, pack_sockaddr_un("${pathOf(arena)}")) or print "$!" and exit;
         syswrite($s, "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\0\\0\\0\\4\\0\\0\\0\\0\\0");
         my $n = sysread($s, my $answer, 9); print $n ? "answered" : "silent";`,
      );
      return reachedIf(stdout.head.includes("answered"), stdout.head);
    },
  },
  {
    id: "guest/answer-in-its-place",
    title: "A tool removes the guest's socket and listens there, for the controller's next connection",
    defences: ["tool_user"],
    notApplicable,
    attempt: async (arena) => {
      const flag = arena.flag();
      const berth = await arena.sandbox();
      const impostor = perl(
        berth,
        `use Socket; $SIG{ALRM} = sub { exit }; alarm 15;
         unlink "${pathOf(arena)}"; rename "${folderOf(arena)}", "/tmp/old" and mkdir "${folderOf(arena)}";
         socket(my $s, AF_UNIX, SOCK_STREAM, 0);
         my $bound = bind($s, pack_sockaddr_un("${pathOf(arena)}")) && listen($s, 5);
         open(my $ready, ">", "/tmp/ready"); close $ready;
         $bound or exit;
         my @open; while (accept(my $c, $s)) { syswrite($c, "\\0${flag}"); push @open, $c }`,
      ).catch(() => undefined);
      await berth.sh("for i in $(seq 200); do [ -e /tmp/ready ] && break; sleep 0.05; done");
      const provider = await arena.provider();
      const stream = await provider.connect(berth.handle);
      stream.on("error", () => {});
      stream.write(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0`);
      const [first] = (await once(stream, "data", { signal: AbortSignal.timeout(10_000) })) as [Buffer];
      const heard = first.toString("latin1");
      stream.destroy();
      await berth.sh("kill -9 -1").catch(() => undefined);
      await impostor;
      return reachedIf(heard.includes(flag), JSON.stringify(heard));
    },
  },
];
