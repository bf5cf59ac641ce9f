import { isIP } from "node:net";
import { egressHost } from "../model/egress.ts";
import { Denied } from "./denied.ts";

/** A name in lower-case ASCII without a dot at its end, never an address, and a port. */
export interface Destination {
  readonly name: string;
  readonly port: number;
}

const highestPort = 65_535;
/** Beyond the longest name in any encoding. */
const maxAuthorityLength = 1_024;

export const textOf = ({ name, port }: Destination): string => `${name}:${port}`;

/**
 * `host:port` as a request names it → what it stands for. Every spelling of an address is told apart from a name by the rules
 * that browsers follow (WHATWG URL): decimal, octal, hexadecimal and short forms, percent signs, full-width digits.
 * @throws Denied `address`, `invalid_request`
 */
export function parseDestination(authority: string, defaultPort?: number): Destination {
  const refuse = (reason: "address" | "invalid_request") => new Denied(reason, authority);
  if (authority.length > maxAuthorityLength || /[\s\p{Cc}@/\\?#]/u.test(authority)) throw refuse("invalid_request");
  if (authority.startsWith("[")) throw refuse("address");
  const colon = authority.lastIndexOf(":");
  const host = colon === -1 ? authority : authority.slice(0, colon);
  if (host.includes(":")) throw refuse("address");
  const port = portOf(colon === -1 ? undefined : authority.slice(colon + 1), defaultPort);
  const canonical = URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : undefined;
  if (canonical !== undefined && isIP(canonical) !== 0) throw refuse("address");
  const name = canonical?.replace(/\.$/, "");
  if (port === undefined || host.includes("%") || !egressHost.safeParse(name).success) throw refuse("invalid_request");
  return { name: name as string, port };
}

function portOf(text: string | undefined, fallback: number | undefined): number | undefined {
  if (text === undefined) return fallback;
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : highestPort + 1;
  return port <= highestPort ? port : undefined;
}
