import { printableLine } from "../printable.ts";
import type { Terminal } from "../terminal.ts";

/** What a person sees while the demo runs: one line a rollout that is drawn anew, or plain lines where nothing can be. */
export interface Progress {
  /** A step of the whole demo. */
  readonly step: (text: string) => void;
  /** What a rollout does now. */
  readonly rollout: (name: string, text: string) => void;
  /** No more of the live lines. */
  readonly end: () => void;
}

const WIDTH = 110;
const fit = (text: string): string => printableLine(text).slice(0, WIDTH);

export function plainProgress(terminal: Terminal): Progress {
  return {
    step: (text) => terminal.err(fit(text)),
    rollout: (name, text) => terminal.err(fit(`${name.padEnd(8)} ${text}`)),
    end: () => {},
  };
}

/** For a terminal that understands cursor movement. */
export function liveProgress(terminal: Terminal, write: (text: string) => void): Progress {
  const lines = new Map<string, string>();
  let drawn = 0;
  const draw = () => {
    write(
      `${drawn > 0 ? `\u001b[${drawn}A` : ""}${[...lines].map(([name, text]) => `\u001b[2K${fit(`${name.padEnd(8)} ${text}`)}\n`).join("")}`,
    );
    drawn = lines.size;
  };
  return {
    step: (text) => terminal.err(fit(text)),
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
