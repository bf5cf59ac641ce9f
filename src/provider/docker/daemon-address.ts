import type { DockerConnection } from "./daemon.ts";

/** A daemon's address as the configuration writes it: a socket path, `unix:///path`, `tcp://host:port`, `http(s)://host:port`. */
export function daemonAddress(text: string): DockerConnection {
  if (text.startsWith("/")) return { socketPath: text };
  if (text.startsWith("unix://")) return { socketPath: text.slice("unix://".length) };
  const url = new URL(text);
  const protocol = url.protocol === "https:" ? "https" : "http";
  // Docker's own ports without and with TLS.
  const port = url.port === "" ? (protocol === "https" ? 2376 : 2375) : Number(url.port);
  return { host: url.hostname, port, protocol };
}
