import { degraded, ok, type Check, type CheckGroup, type DoctorInput } from "./check.ts";

/** Of the guest alone, before a tool runs: the runtime of its program starts that many. */
const THREADS_A_SANDBOX = 17;
/** Of everything else on the machine. */
const OTHERS = 4_096;
const LARGEST_PID_MAX = 4_194_304;

async function limitOf({ host }: DoctorInput, file: string): Promise<number | undefined> {
  const limit = Number((await host.read(file))?.trim());
  return Number.isInteger(limit) && limit > 0 ? limit : undefined;
}

/** Each thread has a number of its own, and a sandbox has many threads: without numbers left nothing on the machine starts any more. */
async function processNumbers(input: DoctorInput): Promise<Check> {
  const name = "process numbers";
  const wanted = input.config.max_rollouts * THREADS_A_SANDBOX + OTHERS;
  const limits = {
    "kernel.pid_max": await limitOf(input, "/proc/sys/kernel/pid_max"),
    "kernel.threads-max": await limitOf(input, "/proc/sys/kernel/threads-max"),
  };
  const short = Object.entries(limits).filter(([, limit]) => limit !== undefined && limit < wanted);
  const found = Object.entries(limits)
    .map(([setting, limit]) => `${setting} ${limit ?? "unknown"}`)
    .join(", ");
  const need = `max_rollouts ${input.config.max_rollouts} needs about ${wanted}: ${THREADS_A_SANDBOX} threads for each sandbox`;
  if (short.length === 0) return ok(name, `${found}; ${need}`);
  const settings = short.map(([setting]) => `${setting}=${Math.min(LARGEST_PID_MAX, 2 * wanted)}`).join(" ");
  const fits = Math.max(
    1,
    Math.floor((Math.min(...short.map(([, limit]) => limit ?? 0)) - OTHERS) / THREADS_A_SANDBOX),
  );
  return degraded(name, `${found}; ${need}`, `sysctl -w ${settings}, or set max_rollouts to ${fits} or less`);
}

export const processChecks: CheckGroup = async (input) =>
  input.host.platform === "linux" ? [await processNumbers(input)] : [];
