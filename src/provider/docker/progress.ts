import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { paced } from "../../core/pace.ts";
import { bytesInWords } from "../../core/quantities.ts";
import { DaemonStepFailure } from "./daemon-errors.ts";

/** What is kept of the output for the message of a failure, and the longest line that is passed on; characters. */
const outputKept = 4096;

/** Layers of one pull whose bytes are counted; an image has at most 127. */
const maxLayers = 1024;

interface Message {
  readonly text: string;
  readonly error?: string;
  /** How much of a layer has come. */
  readonly layer?: { readonly id: string; readonly bytes: number };
}

/** One message of the daemon: a piece of a build's output (not always a whole line), or a step of a pull. */
function parseMessage(line: string): Message {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { text: "" };
  }
  if (typeof value !== "object" || value === null) return { text: "" };
  const { stream, status, id, error, progress, progressDetail } = value as Record<string, unknown>;
  if (typeof error === "string") return { text: "", error };
  if (typeof stream === "string") return { text: stripVTControlCharacters(stream) };
  if (typeof status !== "string") return { text: "" };
  const bytes = (progressDetail as { current?: unknown } | undefined)?.current;
  if (status === "Downloading" && typeof id === "string" && typeof bytes === "number")
    return { text: "", layer: { id, bytes } };
  // Bars of a pull would be thousands of lines.
  if (progress !== undefined) return { text: "" };
  return { text: `${typeof id === "string" ? `${id}: ` : ""}${status}\n` };
}

/** Adds up the layers of a pull, and tells the sum now and then. */
function layerCount(onLine: (line: string) => void): (layer: NonNullable<Message["layer"]>) => void {
  const layers = new Map<string, number>();
  const tell = paced(() => {
    const sum = [...layers.values()].reduce((all, bytes) => all + bytes, 0);
    onLine(`downloading: ${bytesInWords(sum)} of ${layers.size} layers`);
  });
  return ({ id, bytes }) => {
    if (layers.size < maxLayers || layers.has(id)) layers.set(id, bytes);
    tell(undefined);
  };
}

/** Reads a progress stream to its end; `onLine` gets each line, and of downloads a sum every 2 s. @throws DaemonStepFailure when it reports an error */
export async function followProgress(stream: NodeJS.ReadableStream, onLine: (line: string) => void): Promise<void> {
  let output = "";
  let unfinished = "";
  let failure: string | undefined;
  const tell = (lines: readonly string[]) => {
    for (const line of lines) if (line.trim() !== "") onLine(line.trimEnd());
  };
  const count = layerCount(onLine);
  const broken = new Promise<never>((_, reject) => stream.once("error", reject));
  broken.catch(() => undefined);
  const reading = (async () => {
    for await (const message of createInterface({ input: stream, crlfDelay: Infinity })) {
      const { text, error, layer } = parseMessage(message);
      if (layer) count(layer);
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
