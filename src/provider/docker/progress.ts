import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { DaemonStepFailure } from "./daemon-errors.ts";

/** What is kept of the output for the message of a failure, and the longest line that is passed on; characters. */
const outputKept = 4096;

/** One message of the daemon: a piece of a build's output (not always a whole line), or a step of a pull. */
function parseMessage(line: string): { text: string; error: string | undefined } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { text: "", error: undefined };
  }
  if (typeof value !== "object" || value === null) return { text: "", error: undefined };
  const { stream, status, id, error, progress } = value as Record<string, unknown>;
  if (typeof error === "string") return { text: "", error };
  if (typeof stream === "string") return { text: stripVTControlCharacters(stream), error: undefined };
  // Bars of a pull would be thousands of lines.
  if (typeof status !== "string" || progress !== undefined) return { text: "", error: undefined };
  return { text: `${typeof id === "string" ? `${id}: ` : ""}${status}\n`, error: undefined };
}

/** Reads a progress stream to its end; `onLine` gets each line. @throws DaemonStepFailure when it reports an error */
export async function followProgress(stream: NodeJS.ReadableStream, onLine: (line: string) => void): Promise<void> {
  let output = "";
  let unfinished = "";
  let failure: string | undefined;
  const tell = (lines: readonly string[]) => {
    for (const line of lines) if (line.trim() !== "") onLine(line.trimEnd());
  };
  const broken = new Promise<never>((_, reject) => stream.once("error", reject));
  broken.catch(() => undefined);
  const reading = (async () => {
    for await (const message of createInterface({ input: stream, crlfDelay: Infinity })) {
      const { text, error } = parseMessage(message);
      failure ??= error;
      output = `${output}${text}`.slice(-outputKept);
      const lines = `${unfinished}${text}`.split(/\r?\n|\r/);
      unfinished = (lines.pop() ?? "").slice(-outputKept);
      tell(lines);
    }
    tell([unfinished]);
  })();
  await Promise.race([reading, broken]);
  if (failure !== undefined) throw new DaemonStepFailure(failure.trim(), output);
}
