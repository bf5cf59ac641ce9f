import type { RemoteTerminal } from "../../client/remote-terminal.ts";
import { systemClock } from "../../core/clock.ts";
import type { TerminalReport } from "../../model/terminal.ts";
import { patiently } from "./patient.ts";
import type { Screen } from "./screen.ts";

/** Ctrl-], as telnet has it: no shell and few programs use it. */
export const detachKey = 0x1d;

/** What is shown first of what was written before, in bytes. */
const recentBytes = 16_384;
const waitSeconds = 20;
const pieceBytes = 32_768;
/** Until a program that does not read is tried again. */
const deafMs = 200;

export interface AttachOptions {
  readonly terminal: Pick<RemoteTerminal, "state" | "read" | "type" | "resize">;
  /** Of this program alone: by it the sandbox knows what was typed already. */
  readonly writer: string;
  readonly screen: Screen;
  /** Milliseconds for which a controller that does not answer is waited for. */
  readonly patienceMs: number;
  /** Told when the connection is lost and when it is there again. */
  readonly onNote: (note: string) => void;
}

/**
 * Carries keys into a terminal and its output to the screen until it ends or the detach key is pressed. A lost connection and a controller that is
 * restarted lose nothing: output is read on from the byte where it stopped, and keys that may have arrived are not typed twice.
 * @throws BerthFailure; ControllerUnreachable when patience is over
 */
export async function attach(options: AttachOptions): Promise<TerminalReport | "detached"> {
  const { terminal, screen } = options;
  const over = new AbortController();
  const patient = patience(options, over.signal);
  using stack = new DisposableStack();
  stack.use(screen.raw());
  stack.defer(() => over.abort());
  stack.use(followSize(options, patient));
  const ended = show(options, patient, over.signal);
  const detached = type(options, patient, over.signal);
  // Whichever is not waited for any more ends with the signal.
  ended.catch(() => undefined);
  detached.catch(() => undefined);
  if ((await Promise.race([ended, detached])) === "detached") return "detached";
  return await patient(() => terminal.state());
}

type Patient = <T>(ask: () => Promise<T>) => Promise<T>;

function patience({ patienceMs, onNote }: AttachOptions, signal: AbortSignal): Patient {
  let lost = false;
  const onLost = () => {
    if (!lost) onNote("the connection is lost; trying again");
    lost = true;
  };
  const onFound = () => {
    if (lost) onNote("connected again");
    lost = false;
  };
  return (ask) => patiently(ask, { patienceMs, signal, onLost, onFound });
}

async function show(options: AttachOptions, patient: Patient, signal: AbortSignal): Promise<"ended"> {
  const { terminal, screen } = options;
  const { first_byte, total_bytes } = await patient(() => terminal.state());
  let offset = Math.max(first_byte, total_bytes - recentBytes);
  for (;;) {
    const from = { offset, waitSeconds };
    const page = await patient(() => terminal.read(from, signal));
    const bytes = Buffer.from(page.data, "base64");
    if (bytes.length > 0) await screen.write(bytes);
    offset = page.offset + bytes.length;
    if (page.ended && offset >= page.total_bytes) return "ended";
  }
}

/** Resolves when the detach key was pressed, never when nothing more is typed. */
async function type(options: AttachOptions, patient: Patient, signal: AbortSignal): Promise<"detached"> {
  let offset = 0;
  for await (const chunk of options.screen.typed) {
    signal.throwIfAborted();
    const end = chunk.indexOf(detachKey);
    const keys = end === -1 ? chunk : chunk.subarray(0, end);
    for (let at = 0; at < keys.length; at += pieceBytes) {
      offset = await typePiece(options, patient, { offset, piece: keys.subarray(at, at + pieceBytes), signal });
    }
    if (end !== -1) return "detached";
  }
  return await new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

async function typePiece(
  { terminal, writer }: AttachOptions,
  patient: Patient,
  { offset, piece, signal }: { offset: number; piece: Uint8Array; signal: AbortSignal },
): Promise<number> {
  const typed = { writer, offset, data: Buffer.from(piece).toString("base64") };
  for (;;) {
    const accepted = await patient(() => terminal.type(typed, signal));
    if (accepted >= offset + piece.length) return accepted;
    await systemClock.sleep(deafMs, signal);
  }
}

/** The terminal has the screen's size, now and whenever that changes; of many changes the last counts. */
function followSize({ terminal, screen }: AttachOptions, patient: Patient): Disposable {
  let wanted = false;
  let busy = false;
  const follow = async () => {
    wanted = true;
    if (busy) return;
    busy = true;
    while (wanted) {
      wanted = false;
      const size = screen.size();
      if (size) await patient(() => terminal.resize(size));
    }
    busy = false;
  };
  // What stands against it is told by what shows and types.
  const ignoring = () => void follow().catch(() => undefined);
  ignoring();
  return screen.onResize(ignoring);
}
