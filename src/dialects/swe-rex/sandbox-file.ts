import { toBerthError } from "../../core/errors.ts";
import type { ToolContext } from "../../tool/tool.ts";
import { DENIED, NOT_FOUND, OS_ERROR } from "./class-paths.ts";
import { Raised } from "./raised.ts";
import { streamText } from "./stream-text.ts";

/** A record keeps it. */
export const mostReadBytes = 700_000;
const commandMs = 60_000;
/** As text, beneath what a command may be given. */
const pieceBytes = 700_000;
const messageBytes = 4_096;

type FileContext = Pick<ToolContext, "guest" | "callId" | "env" | "signal">;

const leavesWorkspace = (thrown: unknown): boolean => toBerthError(thrown).code === "outside_workspace";

/** A file of the workspace, or any that the tool user may read, at most 700,000 bytes. @throws Raised, BerthError */
export async function readBytes(path: string, context: FileContext): Promise<Buffer> {
  const { guest, signal } = context;
  try {
    const { bytes, size } = await guest.read(path, { limit: mostReadBytes }, { signal });
    if (size > mostReadBytes) throw tooLarge(path);
    return bytes;
  } catch (thrown) {
    if (!leavesWorkspace(thrown)) throw thrown;
  }
  const { callId } = context;
  await runFor(path, ["/bin/sh", "-c", `exec head -c ${mostReadBytes + 1} -- "$1"`, "sh", path], context, { callId });
  const { bytes } = await guest.output(callId, "stdout", { offset: 0, limit: mostReadBytes + 1 }, { signal });
  if (bytes.length > mostReadBytes) throw tooLarge(path);
  return bytes;
}

/** `turn`: which of the call's files it is. @throws Raised, BerthError */
export async function writeBytes(path: string, bytes: Buffer, context: FileContext, turn = 0): Promise<void> {
  const { guest, signal } = context;
  try {
    await guest.write(path, bytes, { createParents: true }, { signal });
    return;
  } catch (thrown) {
    if (!leavesWorkspace(thrown)) throw thrown;
  }
  for (let at = 0; at === 0 || at < bytes.length; at += pieceBytes) {
    const redirection = at === 0 ? ">" : ">>";
    const script = `mkdir -p -- "$(dirname -- "$1")" && base64 -d ${redirection} "$1"`;
    const stdin = bytes.toString("base64", at, Math.min(at + pieceBytes, bytes.length));
    await runFor(path, ["/bin/sh", "-c", script, "sh", path], context, {
      callId: `${context.callId}~${turn}.${at}`,
      stdin,
    });
  }
}

async function runFor(
  path: string,
  argv: readonly string[],
  { guest, env, signal }: FileContext,
  how: { callId: string; stdin?: string },
): Promise<void> {
  const limits = { timeoutMs: commandMs, headBytes: messageBytes, tailBytes: 0 };
  const { outcome, stderr } = await guest.exec({ ...how, argv, env, ...limits }, { signal });
  if (outcome.type === "exited" && outcome.code === 0) return;
  const said = streamText(stderr).trim();
  if (/no such file/i.test(said)) throw new Raised(NOT_FOUND, `There is no ${path}.`);
  if (/denied/i.test(said)) throw new Raised(DENIED, `${path}: permission denied.`);
  throw new Raised(OS_ERROR, `${path}: ${said === "" ? outcome.type : said}`);
}

const tooLarge = (path: string): Raised =>
  new Raised(OS_ERROR, `${path} has more than ${mostReadBytes} bytes; read it in parts with a command.`);
