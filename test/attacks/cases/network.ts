import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { createServer, type ListenOptions } from "node:net";
import { networkInterfaces } from "node:os";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack, type Reached } from "../attack.ts";

const seconds = 3;
const noNetworkThere = "gVisor runs without a network";

/** The machine's own addresses, of every interface. */
const ownAddresses = (family: "IPv4" | "IPv6"): string[] =>
  Object.values(networkInterfaces())
    .flat()
    .flatMap((one) =>
      one?.family === family
        ? [one.family === "IPv6" && one.scopeid ? `${one.address}%${one.scopeid}` : one.address]
        : [],
    );

/** A server of the host that tells the flag to whoever connects. */
async function teller(arena: Arena, flag: string, where: ListenOptions): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end(flag);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, resolve);
  });
  arena.defer(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Connects to each address in turn and prints what it is told. */
const connects = (addresses: readonly string[], port: number): string => `
use IO::Socket::IP; $SIG{ALRM} = sub { die };
for my $address (${addresses.map((address) => `"${address}"`).join(", ")}) {
  eval { alarm ${seconds}; my $s = IO::Socket::IP->new(PeerHost => $address, PeerPort => ${port}, Type => SOCK_STREAM) or die "$address: $@ $!\\n"; print <$s>; alarm 0; };
  print $@ if $@;
}`;

const perl = (script: string): readonly string[] => ["perl", "-e", script];

const tells =
  (family: "IPv4" | "IPv6") =>
  async (arena: Arena): Promise<Reached> => {
    const flag = arena.flag();
    const port = await teller(arena, flag, { port: 0, host: family === "IPv4" ? "0.0.0.0" : "::" });
    const berth = await arena.sandbox();
    const { stdout, stderr } = await berth.run(perl(connects(ownAddresses(family), port)));
    return reachedIf(stdout.head.includes(flag), stdout.head + stderr.head);
  };

export const network: readonly Attack[] = [
  {
    id: "network/tcp-to-the-host",
    title: "A server of the host is reached over TCP: on loopback, the bridge and every other interface",
    defences: ["network"],
    controlUnderRunc: noNetworkThere,
    attempt: tells("IPv4"),
  },
  {
    id: "network/udp-to-the-host",
    title: "A datagram, such as a query for a name, comes to the host",
    defences: ["network"],
    controlUnderRunc: noNetworkThere,
    attempt: async (arena) => {
      const flag = arena.flag();
      const socket = createSocket("udp4");
      let heard = "";
      socket.on("message", (message) => (heard = message.toString()));
      await new Promise<void>((resolve) => socket.bind(0, "0.0.0.0", resolve));
      arena.defer(() => socket.close());
      const berth = await arena.sandbox();
      const { stderr } = await berth.run(
        perl(
          `use IO::Socket::INET; for my $a (${ownAddresses("IPv4")
            .map((address) => `"${address}"`)
            .join(
              ", ",
            )}) { my $s = IO::Socket::INET->new(PeerAddr => $a, PeerPort => ${socket.address().port}, Proto => "udp") or warn "$a: $!"; $s and ($s->send("${flag}") or warn "$a: $!"); }`,
        ),
      );
      // A datagram that arrives is there as soon as it was sent.
      await new Promise((resolve) => setTimeout(resolve, 100));
      return reachedIf(heard === flag, heard || stderr.head);
    },
  },
  {
    id: "network/way-out",
    title: "There is an interface other than loopback, a route, or a way to a metadata service",
    defences: ["network"],
    controlUnderRunc: noNetworkThere,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await berth.sh(
        `cat /proc/net/dev /proc/net/route; perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => "169.254.169.254", PeerPort => 80, Proto => "udp"); print $s ? "has a way\\n" : "no way: $!\\n"'`,
      );
      const interfaces = [...stdout.head.matchAll(/^\s*([^\s:]+):/gm)].map(([, name]) => name);
      const others = interfaces.filter((name) => name !== "lo" && name !== "no way");
      return reachedIf(others.length > 0 || stdout.head.includes("has a way"), stdout.head);
    },
  },
  {
    id: "network/sibling",
    title: "Two sandboxes of one machine speak with each other",
    defences: ["network"],
    controlUnderRunc: noNetworkThere,
    attempt: async (arena) => {
      const flag = arena.flag();
      const port = 20_000 + (randomBytes(2).readUInt16BE() % 10_000);
      const [one, other] = await Promise.all([arena.sandbox(), arena.sandbox()]);
      const serving = one.run(
        perl(
          `use IO::Socket::INET; my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "0.0.0.0", LocalPort => ${port}, ReuseAddr => 1) or die $!; open F, ">ready"; close F; while (my $c = $s->accept) { print $c "${flag}"; close $c; }`,
        ),
        { timeoutMs: 15_000 },
      );
      serving.catch(() => undefined);
      const addresses = (await one.sh("cat ready; hostname -I; cat /proc/net/fib_trie")).stdout.head;
      const found = [...new Set(["127.0.0.1", ...(addresses.match(/\b\d+\.\d+\.\d+\.\d+\b/g) ?? [])])].filter(
        (address) => !/\.(?:0|255)$/.test(address),
      );
      while (
        !(await one.guest.stat("ready").then(
          () => true,
          () => false,
        ))
      );
      const { stdout } = await other.run(perl(connects(found, port)));
      await one.guest.quiesce();
      return reachedIf(stdout.head.includes(flag), stdout.head);
    },
  },
  {
    id: "network/abstract-socket",
    title: "A socket of the host that has a name and no file is reached",
    defences: ["network"],
    notApplicable: (backend) =>
      backend.startsWith("docker")
        ? "Docker's own network is a namespace too: without the defence there is no host's socket either"
        : undefined,
    controlUnderRunc: "gVisor keeps unix sockets to itself whatever the network is",
    attempt: async (arena) => {
      const flag = arena.flag();
      const name = `berth-${arena.owner}`;
      await teller(arena, flag, { path: `\0${name}` });
      const berth = await arena.sandbox();
      const { stdout, stderr } = await berth.run(
        perl(
          `use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0) or die $!; connect(S, pack("S a*", AF_UNIX, "\\0${name}")) or die "connect: $!"; print <S>;`,
        ),
      );
      return reachedIf(stdout.head.includes(flag), stdout.head + stderr.head);
    },
  },
  {
    id: "network/new-address",
    title: "A tool gives its loopback another address by the settings of the interface",
    defences: ["capabilities"],
    controlUnderRunc: "the interfaces of gVisor take no address by this call",
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      // ioctl SIOCSIFADDR on an alias, which leaves the address that loopback has; then the new one answers for binding.
      const { stdout } = await berth.run(
        perl(
          `use Socket; socket(S, AF_INET, SOCK_DGRAM, 0); my $r = ioctl(S, 0x8916, my $q = pack("a16 S n a4 x8", "lo:b", AF_INET, 0, inet_aton("10.98.76.54"))); print $r ? "set" : "not set: $!"; socket(T, AF_INET, SOCK_DGRAM, 0); print bind(T, sockaddr_in(0, inet_aton("10.98.76.54"))) ? "; bound" : "; free: $!";`,
        ),
      );
      return reachedIf(stdout.head.endsWith("; bound"), stdout.head);
    },
  },
];
