import { BerthError, type ErrorCode } from "../../core/errors.ts";

/** The daemon answered, and said no. `status` is the HTTP status of its reply. */
export class DaemonRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "DaemonRefusal";
    this.status = status;
  }
}

/** The status with which the daemon refused; undefined when it was another kind of failure. */
export function refusalStatus(thrown: unknown): number | undefined {
  return thrown instanceof DaemonRefusal ? thrown.status : undefined;
}

/** A build or a pull that the daemon began and then gave up. `output` is the end of what it said. */
export class DaemonStepFailure extends Error {
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.name = "DaemonStepFailure";
    this.output = output;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** The daemon's own sentence, without the client's `(HTTP code 404) …` in front of it. */
function daemonMessage(thrown: unknown): string {
  const said = field(field(thrown, "json"), "message");
  if (typeof said === "string" && said !== "") return said.trim();
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replace(/^\(HTTP code \d+\) [^-]* - /, "").trim();
}

function unreachableRemedy(code: unknown): string {
  switch (code) {
    case "ENOENT":
    case "ECONNREFUSED":
      return "Install and start Docker: `apt-get install docker.io && systemctl start docker` (without systemd: `dockerd &`).";
    case "EACCES":
    case "EPERM":
      return "Run as root, or join the group that may use the socket: `usermod -aG docker $USER`, then log in again.";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "Check the host name of the Docker daemon in the configuration.";
    default:
      return "Check that the Docker daemon runs and that its address in the configuration is right: `docker version`.";
  }
}

/**
 * What the Docker client threw → a `DaemonRefusal` when the daemon answered, else BerthError `provider_unavailable`.
 * What is ours stays what it is.
 */
export function fromClient(thrown: unknown): Error {
  if (thrown instanceof BerthError || thrown instanceof DaemonRefusal || thrown instanceof DaemonStepFailure)
    return thrown;
  const status = field(thrown, "statusCode");
  if (typeof status === "number") return new DaemonRefusal(status, daemonMessage(thrown));
  const code = field(thrown, "code");
  return new BerthError("provider_unavailable", `The Docker daemon cannot be reached: ${daemonMessage(thrown)}.`, {
    cause: thrown,
    remedy: unreachableRemedy(code),
  });
}

/** A refusal → BerthError `code` that says what was being done; any other error unchanged. */
export function refusedAs(code: ErrorCode, doing: string, thrown: unknown): unknown {
  if (!(thrown instanceof DaemonRefusal)) return thrown;
  return new BerthError(code, `Docker refused to ${doing}: ${thrown.message}.`, { cause: thrown });
}
