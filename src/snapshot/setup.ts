import { BerthError } from "../core/errors.ts";
import type { Guest } from "../guest/guest.ts";
import type { Environment } from "../model/environment.ts";
import type { BuildCall } from "./build-call.ts";

const REPORT_MS = 5_000;

/** Runs the environment's setup steps in order, as root. @throws BerthError `setup_failed` with what the step said */
export async function runSetup(
  environment: Environment,
  guest: Guest,
  { signal, onProgress = () => {} }: BuildCall,
): Promise<void> {
  const deadline = performance.now() + environment.setup_seconds * 1000;
  for (const [index, step] of environment.setup.entries()) {
    const name = `setup ${index + 1} of ${environment.setup.length}`;
    onProgress(`${name}: ${step}`);
    const began = performance.now();
    const elapsed = () => `${Math.round((performance.now() - began) / 1000)} s`;
    using _ticks = every(REPORT_MS, () => onProgress(`${name} runs for ${elapsed()}`));
    const timeoutMs = Math.max(1, Math.floor(deadline - performance.now()));
    const result = await guest.exec(
      {
        callId: `setup-${index}`,
        argv: ["/bin/sh", "-c", step],
        env: { HOME: "/root", DEBIAN_FRONTEND: "noninteractive", ...environment.env },
        timeoutMs,
        headBytes: 4096,
        tailBytes: 8192,
        user: "root",
      },
      signal ? { signal } : {},
    );
    if (result.outcome.type === "exited" && result.outcome.code === 0) {
      onProgress(`${name} took ${elapsed()}`);
      continue;
    }
    const how = result.outcome.type === "exited" ? `exit status ${result.outcome.code}` : result.outcome.type;
    const said = `${result.stdout.head}${result.stdout.tail}\n${result.stderr.head}${result.stderr.tail}`
      .trim()
      .slice(-4000);
    throw new BerthError("setup_failed", `Setup step ${index + 1} (${step.slice(0, 200)}) ended with ${how}:\n${said}`);
  }
}

function every(ms: number, tell: () => void): Disposable {
  const timer = setInterval(tell, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
