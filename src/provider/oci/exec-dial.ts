import { spawn } from "node:child_process";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { BerthError } from "../../core/errors.ts";

const MAX_COMPLAINT = 2_000;
/** One socket for both directions, which is the command's standard input and output. */
const BOTH_ON_ONE_SOCKET = 'exec "$@" 0<&3 1>&3 3<&-';

/**
 * A stream over the standard input and output of a command, which ends with the stream. A command that fails ends the stream with
 * `sandbox_lost`. The stream is a socket of the system's: over one made of two pipes, Node's HTTP/2 fails an assertion, and the
 * controller ends with it, when the stream breaks while something is being written.
 */
export async function dialByExec(command: readonly string[], signal: AbortSignal): Promise<Duplex> {
  const child = spawn("/bin/sh", ["-c", BOTH_ON_ONE_SOCKET, "sh", ...command], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-MAX_COMPLAINT);
  });
  const stream = child.stdio[3];
  if (!(stream instanceof Socket)) throw new BerthError("internal", "A child's pipe is no socket.");
  // Whoever uses the stream learns of its failure by its own listener; before that there is none.
  stream.on("error", () => undefined);
  stream.once("close", () => child.kill("SIGKILL"));
  const failed = (what: string, cause?: unknown) => {
    stream.destroy(new BerthError("sandbox_lost", `The bridge to the guest ${what}.`, { cause }));
  };
  child.once("exit", (code) => {
    if (code === 0) return;
    // The complaint may still be on its way.
    child.stderr?.once("close", () => failed(`ended with ${code ?? "a signal"}: ${complaint.trim()}`));
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
