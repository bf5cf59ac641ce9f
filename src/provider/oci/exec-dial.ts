import { spawn } from "node:child_process";
import { Duplex } from "node:stream";
import { BerthError } from "../../core/errors.ts";

const MAX_COMPLAINT = 2_000;

/**
 * A stream over the standard input and output of a command, which ends with the stream. A command that fails ends the stream with
 * `sandbox_lost`.
 */
export async function dialByExec([command = "", ...args]: readonly string[], signal: AbortSignal): Promise<Duplex> {
  const child = spawn(command, args, { stdio: "pipe" });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-MAX_COMPLAINT);
  });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  // Whoever uses the stream learns of its failure by its own listener; before that there is none.
  stream.on("error", () => undefined);
  stream.once("close", () => child.kill("SIGKILL"));
  const failed = (what: string, cause?: unknown) => {
    stream.destroy(new BerthError("sandbox_lost", `The bridge to the guest ${what}.`, { cause }));
  };
  child.once("close", (code) => {
    if (code === 0) stream.end();
    else failed(`ended with ${code ?? "a signal"}: ${complaint.trim()}`);
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (thrown) => {
      failed("could not be started", thrown);
      reject(thrown);
    });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  }).catch((thrown: unknown) => {
    stream.destroy();
    throw thrown;
  });
  return stream;
}
