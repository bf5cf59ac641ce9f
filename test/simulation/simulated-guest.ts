import { createHash } from "node:crypto";
import { withDeadline } from "../../src/core/deadline.ts";
import { BerthError } from "../../src/core/errors.ts";
import type { ExecRequest, ExecResult, Guest } from "../../src/guest/guest.ts";
import type { RequestOptions } from "../../src/guest/request-options.ts";
import type { Probe, ProbeQuestion } from "../../src/guest/probe.ts";
import type { Life } from "./life.ts";
import type { SimulatedSandbox } from "./machine.ts";
import { readStep } from "./steps.ts";
import type { World } from "./world.ts";

const USUAL_TIMEOUT_MS = 30_000;
/** What the controller's client of a guest waits beyond a command's own time. */
const EXEC_MARGIN_MS = 15_000;

type Simulated = Pick<
  Guest,
  "handshake" | "health" | "exec" | "lines" | "read" | "tree" | "probe" | "prolong" | "quiesce" | "close"
>;

/** A guest as one controller sees it. What a real client promises is kept: each request ends in time, and says what is known. */
export function simulatedGuest(sandbox: SimulatedSandbox, life: Life, world: World): Guest {
  const { clock, faults, machine, random } = world;
  let closed = false;

  const ask = <T>(
    what: string,
    options: RequestOptions & { code?: "outcome_unknown" } = {},
    work: (signal: AbortSignal) => Promise<T> | T,
  ): Promise<T> => {
    const { timeoutMs = USUAL_TIMEOUT_MS, code = "deadline_exceeded" } = options;
    const exchange = async (signal: AbortSignal) => {
      await clock.sleep(random.aroundMs(1));
      assertThere();
      if (faults.happens("guest_silent")) await new Promise(() => {});
      if (faults.happens("guest_dies")) machine.stop(sandbox, { oom: false, why: "dies" });
      assertThere();
      const answer = await work(signal);
      if (faults.happens("guest_dies")) machine.stop(sandbox, { oom: false, why: "dies before it answers" });
      await clock.sleep(random.aroundMs(1));
      assertThere();
      if (faults.happens("guest_talks_nonsense")) throw new BerthError("guest_protocol", "The reply was refused.");
      if (faults.happens("guest_reply_lost")) throw broken(code);
      return answer;
    };
    return life.cross(`asks ${sandbox.handle.id} for ${what}`, () =>
      withDeadline(`The guest's answer to ${what}`, timeoutMs, exchange, { parent: options.signal, code, clock }),
    );
  };

  const assertThere = () => {
    const there = world.machine.sandboxes.get(sandbox.handle.id) === sandbox;
    if (closed || !there || sandbox.exited) throw new BerthError("sandbox_lost", "The stream to the guest is closed.");
  };

  const simulated: Simulated = {
    handshake: {
      protocol: 1,
      version: "simulated",
      bootId: sandbox.bootId,
      root: sandbox.spec.workdir,
      toolUid: 1000,
      toolGid: 1000,
    },
    health: (options) =>
      ask("health", options, () => ({ bootId: sandbox.bootId, uptimeMs: 1, processes: 1, oomKills: null })),
    exec: (request, options = {}) =>
      ask(
        `exec ${request.callId}`,
        { timeoutMs: request.timeoutMs + EXEC_MARGIN_MS, ...options, code: "outcome_unknown" },
        (signal) => run(request, sandbox, signal, world),
      ),
    lines: (path, _range, options) =>
      ask(`lines of ${path}`, options, async () => {
        const step = readStep(path);
        if (step) machine.begin(sandbox, step.rollout, step.call);
        await clock.sleep(random.aroundMs(3));
        const text = step ? saidOf(step.call) : "";
        const counts = { startLine: 1, endLine: 1, totalLines: 1, totalBytes: text.length, longLines: 0 };
        return { text, truncated: false, ...counts };
      }),
    tree: (_how, options) =>
      ask("the tree", options, () =>
        [...sandbox.files].map(([path, content]) => ({
          type: "file" as const,
          path,
          mode: 0o644,
          size: content.length,
          sha256: createHash("sha256").update(content).digest("hex"),
        })),
      ),
    read: (path, _range, options) =>
      ask(`the file ${path}`, options, () => {
        const content = sandbox.files.get(path);
        if (content === undefined) throw new BerthError("file_not_found", `There is no ${path}.`);
        return { bytes: Buffer.from(content), size: content.length, mode: 0o644 };
      }),
    probe: (question, options) => ask("a probe", options, () => probed(question, sandbox)),
    prolong: (forMs, options) => ask("more time", options, () => machine.prolong(sandbox, forMs)),
    quiesce: (options) =>
      ask("quiet", options, () => {
        for (const end of sandbox.commands) end();
        return { killed: sandbox.commands.size };
      }),
    close: async () => {
      closed = true;
    },
  };
  return simulated as Guest;
}

/** A command line is a step of a client's; what it does is done when its time is over. */
async function run(
  request: ExecRequest,
  sandbox: SimulatedSandbox,
  signal: AbortSignal,
  { clock, faults, machine }: World,
): Promise<ExecResult> {
  const step = readStep(request.argv.at(-1) ?? "");
  if (sandbox.callsSeen.has(request.callId)) throw broken("outcome_unknown");
  sandbox.callsSeen.add(request.callId);
  if (step) machine.begin(sandbox, step.rollout, step.call);
  const killed = new AbortController();
  const end = () => killed.abort();
  sandbox.commands.add(end);
  const ended = AbortSignal.any([killed.signal, signal]);
  const takesMs = Math.min(step?.takesMs ?? 1, request.timeoutMs);
  const whole = await clock.sleep(takesMs, ended).then(
    () => true,
    () => false,
  );
  sandbox.commands.delete(end);
  if (whole && faults.happens("guest_out_of_memory"))
    machine.stop(sandbox, { oom: true, why: "dies at its limit of memory" });
  if (sandbox.exited) throw new BerthError("sandbox_lost", "The stream to the guest broke.");
  const inTime = (step?.takesMs ?? 0) <= request.timeoutMs;
  if (whole && inTime && step?.answer !== undefined) sandbox.files.set("answer", step.answer);
  const nothing = { head: "", tail: "", total_bytes: 0, truncated: false };
  const said = whole && inTime && step ? saidOf(step.call) : "";
  return {
    callId: request.callId,
    bootId: sandbox.bootId,
    outcome: !whole
      ? { type: "signaled", signal: "SIGKILL" }
      : inTime
        ? { type: "exited", code: 0 }
        : { type: "timed_out" },
    stdout: { ...nothing, head: said, total_bytes: said.length },
    stderr: nothing,
    durationMs: takesMs,
    survivorsKilled: 0,
  };
}

const saidOf = (call: string): string => `${call} was here\n`;

const broken = (code: "outcome_unknown" | "deadline_exceeded"): BerthError =>
  code === "outcome_unknown"
    ? new BerthError("outcome_unknown", "The guest gave no answer.")
    : new BerthError("sandbox_lost", "The stream to the guest broke twice.");

/** What a probe finds where nothing can be reached. */
function probed({ maskedPaths, readOnlyPaths }: ProbeQuestion, { spec }: SimulatedSandbox): Probe {
  const none = { inheritable: [], permitted: [], effective: [], bounding: [], ambient: [] };
  const { disk_mb: disk, inodes } = spec.resources;
  const absent = (paths: readonly string[]) => new Map(paths.map((path) => [path, "absent" as const]));
  return {
    uids: [1000, 1000, 1000],
    gids: [1000, 1000, 1000],
    groups: [],
    capabilities: none,
    noNewPrivileges: true,
    seccomp: 2,
    limits: { openFiles: 0, coreBytes: 0, processes: 0 },
    calls: new Map([["kill_guest", "ENOSYS"]]),
    maskedPaths: absent(maskedPaths),
    readOnlyPaths: absent(readOnlyPaths),
    mounts: [],
    devices: [],
    interfaces: [],
    disks: [{ path: "/", bytes: disk === undefined ? null : disk * 1024 * 1024, inodes: inodes ?? null }],
    guest: { pid: 1, uid: 0, capabilities: null, opened: [] },
  };
}
