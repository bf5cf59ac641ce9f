import type { IncomingMessage } from "node:http";
import { Denied } from "./denied.ts";
import { parseDestination, textOf, type Destination } from "./destination.ts";

/**
 * `Host` says what the request's own target says, once, or nothing at all; `defaultPort` is meant where it names no port.
 * @throws Denied `invalid_request`
 */
export function assertHost({ rawHeaders }: IncomingMessage, destination: Destination, defaultPort: number): void {
  const hosts = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === "host");
  if (hosts.length === 0) return;
  if (hosts.length > 1 || !names(hosts[0] ?? "", destination, defaultPort))
    throw new Denied("invalid_request", textOf(destination));
}

function names(host: string, destination: Destination, defaultPort: number): boolean {
  try {
    return textOf(parseDestination(host, defaultPort)) === textOf(destination);
  } catch {
    return false;
  }
}
