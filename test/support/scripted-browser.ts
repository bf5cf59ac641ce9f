import { systemClock, type Clock } from "../../src/core/clock.ts";
import { BerthError } from "../../src/core/errors.ts";
import type { OutputWanted, Sessions, SessionState } from "../../src/guest/sessions.ts";
import type { ExecOutcome } from "../../src/model/tool-call.ts";
import { noSessions } from "./no-sessions.ts";

/** A question as the driver reads it. */
export interface Asked {
  readonly id: string;
  readonly op: string;
  readonly [field: string]: unknown;
}

/** Frames without their `id`, or lines as they are. */
export type Said = readonly (Record<string, unknown> | string)[];

export const donePage = {
  type: "done",
  tabs: [{ tab: 1, title: "Shop", url: "http://127.0.0.1/" }],
  current: 1,
  notes: [],
};

/** Sessions of which one is a browser's driver that says what a test says; time passes only while somebody waits for output. */
export class ScriptedBrowser {
  readonly asked: Asked[] = [];
  /** What was asked of the sessions besides output and input. */
  readonly events: string[] = [];
  /** What it says to a question; "ends" with an outcome. */
  script: (asked: Asked) => Said | ExecOutcome = () => [donePage];
  /** Ends as soon as it is opened, as a program that does not exist. */
  startEnds: ExecOutcome | undefined;
  /** Questions that came before the answer to another one was read. */
  overlaps = 0;
  #monotonic = 0;
  #read = 0;
  #said = Buffer.alloc(0);
  #state: "none" | "running" | "ended" = "none";
  #outcome: ExecOutcome | null = null;

  readonly clock: Clock = { ...systemClock, monotonic: () => this.#monotonic };

  readonly sessions: Sessions = {
    ...noSessions,
    open: async ({ name, argv }) => {
      this.events.push(`open ${name} ${argv[0]}`);
      this.#said = Buffer.alloc(0);
      this.#state = "running";
      this.#outcome = null;
      if (this.startEnds) this.end(this.startEnds);
      return this.#told(name);
    },
    state: async (name) => {
      if (this.#state === "none") throw new BerthError("unknown_session", `There is no ${name}.`);
      return this.#told(name);
    },
    input: async (_name, bytes) => {
      if (this.#state !== "running") return 0;
      this.#hear(Buffer.from(bytes).toString("utf8"));
      return bytes.byteLength;
    },
    output: async (_name, wanted) => this.#output(wanted),
    close: async (name) => {
      this.events.push(`close ${name}`);
      if (this.#state === "none") throw new BerthError("unknown_session", `There is no ${name}.`);
      this.end({ type: "cancelled" });
      return this.#told(name);
    },
  };

  end(outcome: ExecOutcome): void {
    this.#state = "ended";
    this.#outcome ??= outcome;
  }

  #hear(text: string): void {
    const asked = JSON.parse(text) as Asked;
    this.asked.push(asked);
    if (this.#read < this.#said.length) this.overlaps += 1;
    const said = this.script(asked);
    if ("type" in said) return this.end(said);
    const lines = said.map((one) => (typeof one === "string" ? one : JSON.stringify({ id: asked.id, ...one })));
    this.#said = Buffer.concat([this.#said, ...lines.map((line) => Buffer.from(`${line}\n`))]);
  }

  #output({ offset, limit, waitMs = 0 }: OutputWanted) {
    const bytes = this.#said.subarray(offset, offset + limit);
    const ended = this.#state === "ended";
    this.#read = offset + bytes.length;
    if (bytes.length === 0 && !ended) this.#monotonic += waitMs;
    return { bytes, offset, totalBytes: this.#said.length, ended };
  }

  #told(name: string): SessionState {
    return {
      name,
      kind: "channel",
      state: this.#state === "running" ? "running" : "ended",
      outcome: this.#outcome,
      foreground: "",
      cwd: "",
      busy: false,
      firstByte: 0,
      totalBytes: this.#said.length,
      rows: 24,
      columns: 80,
    };
  }
}
