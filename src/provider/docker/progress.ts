import { createInterface } from "node:readline";
import { DaemonStepFailure } from "./daemon-errors.ts";

/** One line of the daemon's progress: a build's output, or a step of a pull. */
interface ProgressLine {
  readonly text: string | undefined;
  readonly error: string | undefined;
}

function parseLine(line: string): ProgressLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { text: undefined, error: undefined };
  }
  if (typeof value !== "object" || value === null) return { text: undefined, error: undefined };
  const fields = value as Record<string, unknown>;
  const { stream, status, id, error, progress } = fields;
  if (typeof error === "string") return { text: undefined, error };
  if (typeof stream === "string") return { text: stream.trimEnd(), error: undefined };
  // Bars of a pull would be thousands of lines.
  if (typeof status !== "string" || progress !== undefined) return { text: undefined, error: undefined };
  return { text: typeof id === "string" ? `${id}: ${status}` : status, error: undefined };
}

const outputKept = 4096;

/** Reads a progress stream to its end. @throws DaemonStepFailure when it reports an error */
export async function followProgress(stream: NodeJS.ReadableStream, onLine: (line: string) => void): Promise<void> {
  let output = "";
  let failure: string | undefined;
  const broken = new Promise<never>((_, reject) => stream.once("error", reject));
  broken.catch(() => undefined);
  const reading = (async () => {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      const { text, error } = parseLine(line);
      if (error !== undefined) failure = error;
      if (!text) continue;
      output = `${output}${text}\n`.slice(-outputKept);
      onLine(text);
    }
  })();
  await Promise.race([reading, broken]);
  if (failure !== undefined) throw new DaemonStepFailure(failure.trim(), output);
}
