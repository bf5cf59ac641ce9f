/** Where a Docker daemon is. */
export type DockerConnection =
  | { readonly socketPath: string }
  | { readonly protocol: "http" | "https"; readonly host: string; readonly port: number };

/** A socket path, `unix:///path`, `tcp://host:port` or `http(s)://host:port` → where the client connects. */
export function dockerConnection(host: string): DockerConnection {
  if (host.startsWith("/")) return { socketPath: host };
  const url = new URL(host);
  if (url.protocol === "unix:") return { socketPath: url.pathname };
  const secure = url.protocol === "https:";
  return { protocol: secure ? "https" : "http", host: url.hostname, port: Number(url.port || (secure ? 2376 : 2375)) };
}
