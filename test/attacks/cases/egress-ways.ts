import { createSocket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { reachedIf, type Attack } from "../attack.ts";
import { allowed, get, Internet, say, site } from "../internet.ts";

const noNetworkThere = "gVisor runs without a network";
/** More than a sandbox may have at a time. */
const many = 40;
/** As many as a proxy without a policy has for all sandboxes together. */
const enough = 24;

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flat()
    .flatMap((one) => (one?.family === "IPv4" ? [one.address] : []));

/** Ways beside the proxy's rules: past it, and on account of other sandboxes. */
export const egressWays: readonly Attack[] = [
  {
    id: "egress/past-the-proxy",
    title: "A sandbox that has a proxy reaches a server of the host, or a name server of its own choice, without it",
    defences: ["network"],
    controlUnderRunc: noNetworkThere,
    attempt: async (arena) => {
      const internet = await Internet.open(arena);
      const names = createSocket("udp4");
      let heard = "";
      names.on("message", (message) => (heard = message.toString("latin1")));
      names.bind(0, "0.0.0.0");
      await once(names, "listening");
      arena.defer(() => names.close());
      const berth = await arena.sandbox({ profile: "egress" });
      const { stdout, stderr } = await berth.run([
        "perl",
        "-e",
        `use IO::Socket::INET; $SIG{ALRM} = sub { die "late\\n" };
for my $address (${ownAddresses()
          .map((address) => `"${address}"`)
          .join(", ")}) {
  eval { alarm 3; my $s = IO::Socket::INET->new(PeerAddr => $address, PeerPort => ${internet.port}) or die "$address: $!\\n"; print $s "GET http://x/ HTTP/1.0\\r\\n\\r\\n"; print <$s> };
  print $@ if $@;
  eval { my $s = IO::Socket::INET->new(PeerAddr => $address, PeerPort => ${names.address().port}, Proto => "udp") or die "$address: $!\\n"; send $s, "${internet.flag}.stranger.test", 0 };
  alarm 0;
}`,
      ]);
      // A datagram that arrives is there as soon as it was sent.
      await new Promise((resolve) => setTimeout(resolve, 100));
      const told = stdout.head.includes(internet.flag);
      return reachedIf(told || heard.includes(internet.flag), `${heard}\n${stdout.head}${stderr.head}`);
    },
  },
  {
    id: "egress/starving-others",
    title: "A sandbox holds as many connections of the proxy as it can, and another one gets none",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const internet = await Internet.open(arena, { "/wait": (_request, response) => void response.write("waits") });
      const { port } = internet;
      const way = { allow: [`${allowed}:${port}`], names: { [allowed]: [[site]] } };
      const [greedy, other] = await Promise.all([
        arena.sandbox({ profile: "egress" }),
        arena.sandbox({ profile: "egress" }),
      ]);
      await Promise.all([internet.connect(greedy, way), internet.connect(other, way)]);
      const request = Buffer.from(get(`http://${allowed}:${port}/wait`)).toString("hex");
      const holding = greedy.run([
        "perl",
        "-e",
        `use IO::Socket::INET; $SIG{PIPE} = "IGNORE"; my @held; my $served = 0;
for (1 .. ${many}) { my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 3128) or last; syswrite $s, pack("H*", "${request}"); push @held, $s }
for my $s (@held) { last if $served == ${enough}; my $bits = ""; vec($bits, fileno $s, 1) = 1; select($bits, undef, undef, 2) and sysread($s, my $bytes, 4096) and $served++ }
open my $f, ">", "/tmp/held"; print $f $served; close $f; sleep 15`,
      ]);
      const ended = holding.catch(() => undefined);
      const held = await greedy.sh(
        "for i in $(seq 200); do [ -s /tmp/held ] && break; sleep 0.05; done; cat /tmp/held",
      );
      if (Number(held.stdout.head) < enough) throw new Error(`too few connections are held: ${held.stdout.head}`);
      const heard = await say(other, [get(`http://${allowed}:${port}/`)]);
      await greedy.guest.quiesce();
      await ended;
      return reachedIf(!heard.includes("hello"), `${held.stdout.head} held; the other one: ${heard}`);
    },
  },
];
