import { BerthError, toBerthError } from "../../core/errors.ts";
import { connectDaemon, type Daemon, type DockerConnection } from "./daemon.ts";
import { deadlines } from "./deadlines.ts";
import { readGuestBinary, type GuestBinary } from "./guest-binary.ts";

/** What a Docker daemon says about itself. */
export interface DaemonFacts {
  readonly version: string;
  readonly cgroupVersion: 1 | 2;
  readonly storageDriver: string;
  /** Where the daemon keeps everything, on its own machine. */
  readonly rootDir: string;
  /** As `uname -m` of the daemon's machine. */
  readonly architecture: string;
  /** Name → the arguments that the daemon passes to every run of it. */
  readonly runtimes: Readonly<Record<string, readonly string[]>>;
  readonly seccomp: boolean;
  readonly rootless: boolean;
  readonly memoryLimit: boolean;
  readonly pidsLimit: boolean;
  readonly cpuLimit: boolean;
}

/** Whether Docker can be used from here: `berth doctor`. */
export interface DockerProbe {
  readonly works: boolean;
  /** Why it cannot be used; empty when it works. */
  readonly reasons: readonly { readonly what: string; readonly remedy: string }[];
  /** Undefined when no daemon answers. */
  readonly daemon: DaemonFacts | undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function runtimesOf(runtimes: unknown): Record<string, string[]> {
  const known = isRecord(runtimes) ? Object.entries(runtimes) : [];
  const argumentsOf = (runtime: unknown) => (isRecord(runtime) ? runtime["runtimeArgs"] : undefined);
  return Object.fromEntries(
    known.map(([name, runtime]) => {
      const list = argumentsOf(runtime);
      return [name, Array.isArray(list) ? list.map(String) : []];
    }),
  );
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
    rootDir: text("DockerRootDir"),
    architecture: text("Architecture"),
    runtimes: runtimesOf(info["Runtimes"]),
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

function mismatch(guest: GuestBinary, facts: DaemonFacts): BerthError | undefined {
  if (guest.architecture === facts.architecture) return undefined;
  return new BerthError(
    "provider_unavailable",
    `The guest is built for ${guest.architecture}, and the Docker daemon runs on ${facts.architecture}.`,
    { remedy: "Name a guest that was built for the daemon's machine, or build one: `make guest`." },
  );
}

/** The daemon's facts and a guest that it can run. @throws BerthError `provider_unavailable` */
export async function meetDaemon(
  daemon: Daemon,
  guestBinary: string,
): Promise<{ facts: DaemonFacts; guest: GuestBinary }> {
  const [facts, guest] = await Promise.all([askDaemon(daemon), readGuestBinary(guestBinary)]);
  const wrong = mismatch(guest, facts);
  if (wrong !== undefined) throw wrong;
  return { facts, guest };
}

/** What the docker provider needs of this machine. Starts nothing, changes nothing, never throws. */
export async function probeDocker(options: {
  docker?: DockerConnection | undefined;
  guestBinary: string;
}): Promise<DockerProbe> {
  const daemon = connectDaemon(options.docker);
  try {
    const [asked, read] = await Promise.allSettled([askDaemon(daemon), readGuestBinary(options.guestBinary)]);
    const facts = asked.status === "fulfilled" ? asked.value : undefined;
    const failures = [asked, read].flatMap((result) =>
      result.status === "rejected" ? [toBerthError(result.reason)] : [],
    );
    const wrong = facts !== undefined && read.status === "fulfilled" ? mismatch(read.value, facts) : undefined;
    if (wrong !== undefined) failures.push(wrong);
    const reasons = failures.map(({ message, remedy }) => ({ what: message, remedy }));
    return { works: reasons.length === 0, reasons, daemon: facts };
  } finally {
    daemon.close();
  }
}
