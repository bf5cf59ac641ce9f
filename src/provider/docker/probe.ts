import { BerthError } from "../../core/errors.ts";
import { connectDaemon, type Daemon, type DockerConnection } from "./daemon.ts";
import { fromClient } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";

/** What a Docker daemon says about itself. */
export interface DaemonFacts {
  readonly version: string;
  readonly cgroupVersion: 1 | 2;
  readonly storageDriver: string;
  /** As `uname -m` of the daemon's machine. */
  readonly architecture: string;
  readonly runtimes: readonly string[];
  readonly seccomp: boolean;
  readonly rootless: boolean;
  readonly memoryLimit: boolean;
  readonly pidsLimit: boolean;
  readonly cpuLimit: boolean;
}

export type DockerProbe =
  | { readonly available: true; readonly facts: DaemonFacts }
  /** `reason` and `remedy` are one sentence each, for people. */
  | { readonly available: false; readonly reason: string; readonly remedy: string };

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The daemon's answer to `docker info` → facts. @throws BerthError `provider_unavailable` for a daemon that runs no Linux containers */
export function factsOf(info: unknown): DaemonFacts {
  if (!isRecord(info) || info["OSType"] !== "linux") {
    throw new BerthError("provider_unavailable", "The Docker daemon does not run Linux containers.", {
      remedy: "Switch Docker Desktop to Linux containers, or name another daemon.",
    });
  }
  const text = (name: string) => (typeof info[name] === "string" ? info[name] : "unknown");
  const options = Array.isArray(info["SecurityOptions"]) ? info["SecurityOptions"].map(String) : [];
  const hasOption = (name: string) => options.some((option) => option.split(",").includes(`name=${name}`));
  return {
    version: text("ServerVersion"),
    cgroupVersion: info["CgroupVersion"] === "2" ? 2 : 1,
    storageDriver: text("Driver"),
    architecture: text("Architecture"),
    runtimes: isRecord(info["Runtimes"]) ? Object.keys(info["Runtimes"]) : [],
    seccomp: hasOption("seccomp"),
    rootless: hasOption("rootless"),
    memoryLimit: info["MemoryLimit"] === true,
    pidsLimit: info["PidsLimit"] === true,
    cpuLimit: info["CpuCfsQuota"] === true,
  };
}

/** @throws BerthError `provider_unavailable` */
export async function askDaemon(daemon: Daemon, signal?: AbortSignal): Promise<DaemonFacts> {
  try {
    // The client's types lack the options that it takes.
    const info = daemon.docker.info.bind(daemon.docker) as (options: { abortSignal: AbortSignal }) => Promise<unknown>;
    return factsOf(await daemon.call("docker info", deadlines.ask, (abortSignal) => info({ abortSignal }), signal));
  } catch (thrown) {
    if (thrown instanceof BerthError && thrown.code !== "deadline_exceeded") throw thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new BerthError("provider_unavailable", `The Docker daemon does not answer: ${message}`, { cause: thrown });
  }
}

/** Whether Docker can be used from here; never throws. */
export async function probeDocker(connection?: DockerConnection): Promise<DockerProbe> {
  const daemon = connectDaemon(connection);
  try {
    return { available: true, facts: await askDaemon(daemon) };
  } catch (thrown) {
    const error = fromClient(thrown);
    const remedy = error instanceof BerthError ? error.remedy : "Run `docker info` and mend what it reports.";
    return { available: false, reason: error.message, remedy };
  } finally {
    daemon.close();
  }
}
