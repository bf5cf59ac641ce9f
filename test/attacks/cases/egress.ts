import type { Attack } from "../attack.ts";
import { allowed, both, Internet, site, stranger, through } from "../internet.ts";

/** Every spelling of loopback that some program reads as an address. */
const spellings = [
  "127.0.0.1",
  "127.1",
  "127.0.1",
  "2130706433",
  "0x7f000001",
  "0x7F.1",
  "0177.0.0.1",
  "017700000001",
  "0",
  "0.0.0.0",
  "127.0.0.1.",
  "127.0.0.01",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[::127.0.0.1]",
  "[64:ff9b::7f00:1]",
  "[2002:7f00:1::]",
  "%31%32%37.0.0.1",
  "１２７.０.０.１",
  "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1",
  "127。0。0。1",
  "①②⑦.0.0.1",
  "localhost",
  "localhost.",
];

/** What a name can stand for besides a public address. */
const notPublic = [
  "127.0.0.1",
  "0.0.0.0",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.0.1",
  "100.64.0.1",
  "169.254.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:10.0.0.1",
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "fe80::1",
  "fd00::1",
  "fec0::1",
];

const metadata = [
  "169.254.169.254",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "fd00:ec2::254",
  "fd20:ce::254",
];

export const egress: readonly Attack[] = [
  {
    id: "egress/other-name",
    title: "A name that is not allowed is reached, also one that looks like an allowed one",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const internet = await Internet.open(arena);
      const hosts = [
        "stranger.test",
        `${allowed}.stranger.test`,
        `x${allowed}`,
        `sub.${allowed}`,
        "wide.test",
        "evilwide.test",
        `${allowed}@stranger.test`,
        `${allowed}:80@stranger.test`,
        `stranger.test\\@${allowed}`,
        `stranger.test#@${allowed}`,
        `stranger.test/@${allowed}`,
        `stranger.test?.${allowed}`,
        `stranger.test%00.${allowed}`,
      ];
      const names = [
        "stranger.test",
        `${allowed}.stranger.test`,
        `x${allowed}`,
        `sub.${allowed}`,
        "wide.test",
        "evilwide.test",
      ];
      return through(arena, internet, both(hosts, internet.port), {
        allow: [`*.wide.test:${internet.port}`],
        names: Object.fromEntries(names.map((name) => [name, [[stranger]]])),
      });
    },
  },
  {
    id: "egress/other-port",
    title: "An allowed name is reached at another port",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const internet = await Internet.open(arena);
      const other = await internet.listener("GET");
      return through(arena, internet, both([allowed, `${allowed}.`, allowed.toUpperCase()], other));
    },
  },
  {
    id: "egress/address",
    title: "The host's loopback is reached by an address, in any spelling",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const internet = await Internet.open(arena);
      return through(arena, internet, both(spellings, internet.port), {
        allow: [`localhost:${internet.port}`],
        names: { localhost: [["127.0.0.1"]] },
      });
    },
  },
  {
    id: "egress/private-address",
    title: "An allowed name stands for an address that is not public, alone or beside a public one",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const internet = await Internet.open(arena);
      const names = Object.fromEntries(
        notPublic.flatMap((address, at) => [
          [`n${at}.inner.test`, [[address]]],
          [`m${at}.inner.test`, [[address, site]]],
        ]),
      );
      return through(arena, internet, both(Object.keys(names), internet.port), {
        allow: [`*.inner.test:${internet.port}`],
        names,
      });
    },
  },
  {
    id: "egress/metadata",
    title: "A metadata service is reached by an allowed name, which may even stand for private addresses",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const internet = await Internet.open(arena);
      const names = Object.fromEntries(metadata.map((address, at) => [`m${at}.test`, [[address]]]));
      const privateHosts = Object.keys(names);
      return through(arena, internet, both(privateHosts, internet.port), {
        allow: privateHosts.map((name) => `${name}:${internet.port}`),
        names,
        privateHosts,
      });
    },
  },
  {
    id: "egress/rebinding",
    title:
      "An allowed name stands for a public address when it is looked up first, and for the host's loopback afterwards",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const internet = await Internet.open(arena);
      return through(
        arena,
        internet,
        both(
          Array.from({ length: 4 }, () => "moving.test"),
          internet.port,
        ),
        {
          allow: [`moving.test:${internet.port}`],
          names: {
            "moving.test": [[site], ["127.0.0.1"], [site], ["127.0.0.1", site], [site, "127.0.0.1"], ["127.0.0.1"]],
          },
        },
      );
    },
  },
];
