import type { FastifyRequest } from "fastify";
import { isLoopbackHost } from "../config/loopback.ts";
import { BerthError } from "../core/errors.ts";

const hostOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).host : undefined);

/**
 * Refuses what a page of another site sends: its origin is not where the controller was asked, or the name that it asked at was led to this machine
 * (DNS rebinding). Programs send no origin.
 * @throws BerthError `forbidden_origin`
 */
export function assertOwnOrigin({ headers, hostname, socket }: FastifyRequest): void {
  if (isLoopbackHost(socket.localAddress ?? "") && !isLoopbackHost(hostname))
    throw new BerthError(
      "forbidden_origin",
      "The controller listens on this machine alone, and the host of the request is another.",
    );
  const { origin, host } = headers;
  if (origin !== undefined && (host === undefined || hostOf(origin) !== host.toLowerCase()))
    throw new BerthError("forbidden_origin", "The origin of the request is not the host that it was sent to.");
}
