import { request as sendRequest, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream";
import { Denied, Unreachable } from "./denied.ts";
import { parseDestination, textOf, type Destination } from "./destination.ts";

const defaultPort = 80;
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** Of a reply; more ends it. */
export const maxHeaderBytes = 32 * 1024;

/** What holds for one connection and not for what it carries (RFC 9110, 7.6.1); the length and the host are written anew. */
const notPassedOn: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export interface HttpTarget {
  readonly destination: Destination;
  /** From the first slash on, as the tool wrote it. */
  readonly path: string;
}

/** Where a request in absolute form goes. @throws Denied `address`, `invalid_request` */
export function httpTarget(request: IncomingMessage): HttpTarget {
  const [, authority = "", path = ""] = /^http:\/\/([^/?]*)(.*)$/is.exec(request.url ?? "") ?? [];
  if (authority === "") throw new Denied("invalid_request", request.url ?? "");
  const destination = parseDestination(authority, defaultPort);
  const { method = "", httpVersion } = request;
  if (!methods.has(method) || httpVersion === "0.9" || path.includes("#"))
    throw new Denied("invalid_request", textOf(destination));
  assertHost(request, destination);
  assertFraming(request, destination);
  return { destination, path: path.startsWith("/") ? path : `/${path}` };
}

/** Sends the request over a connection that was made for it, and the reply back. Resolves when the reply has begun. */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { destination, path }: HttpTarget,
  socket: Socket,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = sendRequest({
      createConnection: () => socket,
      method: request.method,
      path,
      headers: {
        host: destination.port === defaultPort ? destination.name : textOf(destination),
        ...passedOn(request),
        ...framing(request),
      },
      setHost: false,
      maxHeaderSize: maxHeaderBytes,
    });
    response.once("close", () => socket.destroy());
    outgoing.on("error", () => reject(new Unreachable(textOf(destination), "it gave no reply")));
    // Also when the reply is a switch to another protocol.
    outgoing.once("close", () => reject(new Unreachable(textOf(destination), "it gave no reply")));
    outgoing.once("response", (reply) => {
      const length = reply.headers["content-length"];
      try {
        response.writeHead(reply.statusCode ?? 502, {
          ...passedOn(reply),
          ...(length === undefined ? {} : { "content-length": length }),
          connection: "close",
        });
      } catch {
        return reject(new Unreachable(textOf(destination), "its reply is malformed"));
      }
      // A reply that breaks off must not look complete.
      pipeline(reply, response, (thrown) => thrown && response.destroy());
      resolve();
    });
    pipeline(request, outgoing, () => {});
  });
}

/** `Host` says what the target says, once, or nothing at all. */
function assertHost({ rawHeaders }: IncomingMessage, destination: Destination): void {
  const hosts = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === "host");
  if (hosts.length === 0 || (hosts.length === 1 && isNamedBy(hosts[0] ?? "", destination))) return;
  throw new Denied("invalid_request", textOf(destination));
}

function isNamedBy(host: string, destination: Destination): boolean {
  try {
    return textOf(parseDestination(host, defaultPort)) === textOf(destination);
  } catch {
    return false;
  }
}

/** A body has one length, and a coding that says where it ends. */
function assertFraming({ headers }: IncomingMessage, destination: Destination): void {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && (coding.toLowerCase() !== "chunked" || headers["content-length"] !== undefined))
    throw new Denied("invalid_request", textOf(destination));
}

/** Never left to `Connection` of the request, which could take the length away from a body. */
function framing({ headers }: IncomingMessage): OutgoingHttpHeaders {
  if (headers["transfer-encoding"] !== undefined) return { "transfer-encoding": "chunked" };
  const length = headers["content-length"];
  return length === undefined ? {} : { "content-length": length };
}

function passedOn({ rawHeaders, headers }: IncomingMessage): Record<string, string[]> {
  const named = (headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  const passed: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? "";
    if (notPassedOn.has(name) || named.includes(name)) continue;
    (passed[name] ??= []).push(rawHeaders[at + 1] ?? "");
  }
  return passed;
}
