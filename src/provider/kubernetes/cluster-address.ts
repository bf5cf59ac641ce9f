import { readFileSync } from "node:fs";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { BerthError } from "../../core/errors.ts";

export interface ClusterOptions {
  /** A kubeconfig file; empty: the service account of this pod. */
  readonly kubeconfig: string;
  /** Of that file; empty: its current one. */
  readonly context: string;
}

/** Requests that are in flight at a time; watches have connections of their own. */
const maxConnections = 64;

/** Where the API server is and as whom it is asked. Credentials that a file or a program hands out anew are read anew. */
export interface ClusterAddress {
  readonly server: string;
  readonly config: KubeConfig;
  /** Sends one request; resolves with the head of the answer. `patient` keeps its connection for as long as it likes. */
  send(request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string | undefined;
    readonly signal: AbortSignal;
    readonly patient?: boolean;
  }): Promise<IncomingMessage>;
  close(): void;
}

/** @throws BerthError `invalid_config` when no cluster is named there */
export function clusterAddress(options: ClusterOptions): ClusterAddress {
  const config = load(options);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new BerthError("invalid_config", "kubernetes_kubeconfig names no cluster.");
  const { server, proxyUrl } = cluster;
  const secure = server.startsWith("https:");
  const made = () => (secure ? new HttpsAgent(kept) : new HttpAgent(kept));
  const kept = { keepAlive: true, maxSockets: maxConnections };
  const agent = made();
  const patientAgent = secure ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false });
  return {
    server,
    config,
    async send({ method, path, headers, body, signal, patient = false }) {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      // A proxy is the client library's own affair.
      const ownAgent = patient ? patientAgent : agent;
      const url = new URL(`${server.replace(/\/$/, "")}${path}`);
      return await new Promise((resolve, reject) => {
        const sent = (secure ? httpsRequest : httpRequest)(url, {
          ...options,
          agent: proxyUrl === undefined ? ownAgent : options.agent,
          method,
          headers: { ...(options.headers as OutgoingHttpHeaders | undefined), ...headers },
          signal,
        });
        sent.once("error", reject);
        sent.once("response", resolve);
        sent.end(body);
      });
    },
    close() {
      agent.destroy();
      patientAgent.destroy();
    },
  };
}

function load({ kubeconfig, context }: ClusterOptions): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === "") config.loadFromCluster();
    else {
      readFileSync(kubeconfig);
      config.loadFromFile(kubeconfig);
      if (context !== "") config.setCurrentContext(context);
    }
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new BerthError("invalid_config", `kubernetes_kubeconfig ${kubeconfig} cannot be read: ${reason}`, {
      cause: thrown,
    });
  }
  return config;
}
