import { printableLine } from "../printable.ts";
import type { Terminal } from "../terminal.ts";

/** What a person sees while the demo runs: one line a rollout that is drawn anew, or plain lines where nothing can be. */
export interface Progress {
  /** A step of the whole demo, under a word for what it is about. */
  readonly step: (name: string, text: string) => void;
  /** What a rollout does now. */
  readonly rollout: (name: string, text: string) => void;
  /** No more of the live lines. */
  readonly end: () => void;
}

const NAME_WIDTH = 10;
const TEXT_WIDTH = 100;
const line = (name: string, text: string): string =>
  `${name.padEnd(NAME_WIDTH)} ${printableLine(text).slice(0, TEXT_WIDTH)}`;

export function plainProgress(terminal: Terminal): Progress {
  const say = (name: string, text: string) => terminal.err(line(name, text));
  return { step: say, rollout: say, end: () => {} };
}

/** For a terminal that understands cursor movement. */
export function liveProgress(terminal: Terminal, write: (text: string) => void): Progress {
  const lines = new Map<string, string>();
  let drawn = 0;
  const draw = () => {
    const up = drawn > 0 ? `\u001b[${drawn}A` : "";
    write(up + [...lines].map(([name, text]) => `\u001b[2K${line(name, text)}\n`).join(""));
    drawn = lines.size;
  };
  return {
    step: (name, text) => terminal.err(line(name, text)),
    rollout: (name, text) => {
      lines.set(name, text);
      draw();
    },
    end: () => {
      drawn = 0;
      lines.clear();
    },
  };
}
