import { readFileSync, rmSync } from "node:fs";
import { onCrashPoint } from "../../src/core/crash-point.ts";

// The product's controller, which kills itself at the crash point that a file names. The file goes first, so that each arming kills once.
const armed = process.env["BERTH_FAULTS_ARMED"] ?? "";

onCrashPoint((point) => {
  if (readArmed() !== point) return;
  rmSync(armed);
  process.kill(process.pid, "SIGKILL");
});

function readArmed(): string | undefined {
  try {
    return readFileSync(armed, "utf8");
  } catch {
    return undefined;
  }
}

await import("../../src/main.ts");
