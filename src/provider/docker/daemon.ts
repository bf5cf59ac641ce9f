import Dockerode from "dockerode";
import { withDeadline } from "../../core/deadline.ts";
import { KeptConnections } from "../../core/kept-connections.ts";
import { fromClient } from "./daemon-errors.ts";

/** Where the daemon is: a socket path, or host, port and TLS material. The local socket when nothing is named. */
export type DockerConnection = Dockerode.DockerOptions;

/** More requests than this wait for one another here instead of in the daemon. */
const maxConnections = 128;

/** The Docker daemon, every request to it under a deadline. */
export interface Daemon {
  readonly docker: Dockerode;
  /** For requests that last as long as a sandbox: they hold none of the connections that the others share. */
  readonly patient: Dockerode;
  /**
   * Runs one request. `work` must pass the signal on as `abortSignal`.
   * @throws BerthError `provider_unavailable` when the daemon cannot be reached, `deadline_exceeded` naming `what`
   * @throws DaemonRefusal when it answers with an error
   */
  call<T>(what: string, ms: number, work: (signal: AbortSignal) => Promise<T>, parent?: AbortSignal): Promise<T>;
  /** Drops the connections that are kept. */
  close(): void;
}

export function connectDaemon(connection: DockerConnection = {}): Daemon {
  const plain = connection.protocol === undefined || connection.protocol === "http";
  const secured = connection.ca !== undefined || connection.cert !== undefined || connection.key !== undefined;
  const agent = plain && !secured ? new KeptConnections(maxConnections) : undefined;
  const parameters = {
    // Every field that the client would otherwise fill from the process environment.
    socketPath: "/var/run/docker.sock",
    host: undefined,
    port: undefined,
    protocol: undefined,
    username: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
    timeout: undefined,
    ...connection,
  };
  const docker = new Dockerode({ ...(agent === undefined ? {} : { agent }), ...parameters });
  return {
    docker,
    patient: new Dockerode(parameters),
    async call(what, ms, work, parent) {
      try {
        return await withDeadline(what, ms, work, { parent });
      } catch (thrown) {
        if (parent?.aborted) throw parent.reason;
        throw fromClient(thrown);
      }
    },
    close: () => agent?.destroy(),
  };
}
