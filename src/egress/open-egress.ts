import type { Clock } from "../core/clock.ts";
import type { Guest } from "../guest/guest.ts";
import { EgressProxy, type ProxyOptions } from "./proxy.ts";

/** Of the sandbox's own loopback. */
const port = 3128;
/** Requests that stand ready for the next connections of a sandbox. */
const waiting = 4;
/** Between two connections that one of them takes: a tool cannot keep the controller busy by connecting. */
const paceMs = 20;
const longestPauseMs = 5_000;

/** What a sandbox's commands find in their environment: programs that speak HTTP know these names. */
export const proxyEnvironment: Readonly<Record<string, string>> = {
  http_proxy: `http://127.0.0.1:${port}`,
  https_proxy: `http://127.0.0.1:${port}`,
  HTTP_PROXY: `http://127.0.0.1:${port}`,
  HTTPS_PROXY: `http://127.0.0.1:${port}`,
  no_proxy: "localhost,127.0.0.1,::1",
  NO_PROXY: "localhost,127.0.0.1,::1",
};

export interface EgressOptions extends ProxyOptions {
  readonly guest: Guest;
  readonly maxConnections: number;
  /** Ends egress. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * Opens the proxy's port in a sandbox and serves what connects to it until the signal aborts. A broken stream to the guest ends the
 * connections on it; the port is served again as soon as the guest answers.
 * @throws BerthError when the guest does not open the port
 */
export async function openEgress(options: EgressOptions): Promise<void> {
  const { guest, maxConnections, signal } = options;
  await guest.listenEgress({ port, maxConnections }, { signal });
  const proxy = new EgressProxy(options);
  signal.addEventListener("abort", () => proxy.close(), { once: true });
  for (let lane = 0; lane < Math.min(waiting, maxConnections); lane++) void serveLane(proxy, options);
}

async function serveLane(proxy: EgressProxy, { guest, maxConnections, signal, clock }: EgressOptions): Promise<void> {
  let pauseMs = paceMs;
  while (!signal.aborted) {
    try {
      // The guest keeps to the limit; one that does not is not served.
      const connection = proxy.connections < maxConnections ? await guest.acceptEgress(signal) : undefined;
      if (connection) proxy.serve(connection);
      pauseMs = paceMs;
    } catch {
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
    await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}
