import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError } from "../core/errors.ts";
import type { Sessions, SessionState } from "../guest/sessions.ts";
import type { OpenTerminalRequest, TerminalInput, TerminalOutput, TerminalReport } from "../model/terminal.ts";
import type { AuditTrail } from "../store/audit-trail.ts";
import { READY_DEADLINE_MS } from "./calls.ts";
import { commandEnvironment } from "./command-environment.ts";
import type { LiveRollout } from "./live-rollout.ts";
import { rolloutIdOf, type LiveRollouts } from "./live-rollouts.ts";
import type { Preparation } from "./preparation.ts";
import type { RolloutTerminals } from "./rollout-service.ts";

/** Beyond what a terminal echoes at once; a page in JSON stays small. */
const pageBytes = 65_536;
/** For a program to read what is typed. */
const typingMs = 2_000;

export interface TerminalsParts {
  readonly rollouts: LiveRollouts;
  readonly preparation: Preparation;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}

/**
 * Terminals that people open in a rollout's sandbox, and those that its policy opened. What is done in them is no tool call and not in the trajectory: the
 * audit log says who opened one.
 * @throws BerthError `unknown_rollout`, `rollout_closed`, and why the rollout failed
 */
export async function terminalsOf(rolloutId: string, parts: TerminalsParts): Promise<RolloutTerminals> {
  const { rollouts, preparation, clock, audit } = parts;
  const id = rolloutIdOf(rolloutId);
  const live = rollouts.find(id) ?? (await refuse(rollouts, id));
  const sandbox =
    live.active ?? (await withDeadline("preparing the sandbox", READY_DEADLINE_MS, () => live.ready, { clock }));
  const { sessions } = sandbox.guest;
  return {
    open: async (request, by) => {
      const { name, open_id } = request;
      const why = `the terminal ${name} was opened in it`;
      await audit.tell({ action: "changed", kind: "rollout", subject: id, rolloutId: id, by, why, detail: open_id });
      preparation.touch(live);
      return reportOf(await open(sessions, live, request));
    },
    list: async () => (await sessions.list()).filter(({ kind }) => kind === "terminal").map(reportOf),
    state: async (name) => reportOf(await sessions.state(name)),
    output: async (name, { offset, waitMs }, signal) => {
      const page = await sessions.output(name, { offset, limit: pageBytes, waitMs }, { signal: within(live, signal) });
      return outputOf(page);
    },
    input: async (name, { writer, offset, data }: TerminalInput) => {
      preparation.touch(live);
      return await sessions.input(name, Buffer.from(data, "base64"), { writer, offset, waitMs: typingMs });
    },
    resize: (name, size) => sessions.resize(name, size),
    close: async (name) => reportOf(await sessions.close(name)),
  };
}

async function refuse(rollouts: LiveRollouts, id: string): Promise<never> {
  const { status, error } = await rollouts.storedHere(id);
  throw error ? BerthError.of(error) : new BerthError("rollout_closed", `The rollout ${id} is ${status}.`);
}

const within = (live: LiveRollout, signal: AbortSignal): AbortSignal => AbortSignal.any([live.turn.signal, signal]);

function open(sessions: Sessions, live: LiveRollout, request: OpenTerminalRequest): Promise<SessionState> {
  const { name, open_id, command, rows, columns } = request;
  const commandLine = command === undefined ? [] : ["-c", "--", command];
  const env = commandEnvironment(live.stored.environment, { egress: live.egress !== undefined });
  return sessions.open({
    name,
    callId: open_id,
    kind: "terminal",
    argv: ["bash", ...commandLine],
    otherwise: ["/bin/sh", ...commandLine],
    env: { ...env, TERM: "xterm-256color" },
    rows,
    columns,
  });
}

function reportOf(session: SessionState): TerminalReport {
  const { name, state, outcome, foreground, cwd, rows, columns, firstByte, totalBytes } = session;
  return { name, state, outcome, foreground, cwd, rows, columns, first_byte: firstByte, total_bytes: totalBytes };
}

function outputOf(page: Awaited<ReturnType<Sessions["output"]>>): TerminalOutput {
  const { offset, bytes, totalBytes, ended } = page;
  return { offset, data: bytes.toString("base64"), total_bytes: totalBytes, ended };
}
