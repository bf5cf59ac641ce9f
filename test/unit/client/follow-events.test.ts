import { expect, test } from "vitest";
import { BerthClient } from "../../../src/client/index.ts";
import type { RolloutEvent } from "../../../src/model/trajectory.ts";
import { refusal, scriptedAnswers, type Answer } from "../../support/scripted-answers.ts";
import { aRollout, rolloutId } from "../../support/scripted-service.ts";

const at = (second: number) => `2026-01-02T03:04:0${second}.000Z`;
const status = (name: string, second = 0): RolloutEvent => ({ type: "status", at: at(second), status: name });
const call = (call_id: string, state: "running" | "done", second: number): RolloutEvent => ({
  type: "tool_call",
  at: at(second),
  call_id,
  tool: "shell",
  state,
  duration_ms: state === "done" ? 0 : null,
});
const verdict: RolloutEvent = { type: "verdict", at: at(5), status: "scored", reward: 1 };
const frames = (...events: readonly RolloutEvent[]) =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
const end = "event: end\ndata: {}\n\n";

const record = (call_id: string, state: "running" | "done", second: number) => ({
  seq: 0,
  call_id,
  tool: "shell",
  effect: "write",
  arguments: {},
  state,
  result: null,
  started_at: at(second),
  duration_ms: state === "done" ? 0 : null,
});

/** A controller with these streams, one after the other, and what its records say meanwhile. */
const controllerWith = (streams: readonly Answer[], records: unknown[], change: object = {}) => {
  let opened = 0;
  return scriptedAnswers(({ path }) => {
    if (path.endsWith("/events")) return streams[opened++] ?? "cut";
    const egress = { allowed: 0, denied: 0, denials: [] };
    if (path.endsWith("/trajectory")) return { status: 200, body: { rollout_id: rolloutId, records, egress } };
    return { status: 200, body: aRollout(change) };
  });
};

async function read(url: string, patienceSeconds?: number): Promise<RolloutEvent[]> {
  const seen: RolloutEvent[] = [];
  for await (const event of new BerthClient({ url, patienceSeconds }).events(rolloutId)) seen.push(event);
  return seen;
}

test("a stream that was cut goes on: what came meanwhile is told from the records, and nothing twice", async () => {
  const first = frames(status("active"), call("a", "running", 1), call("a", "done", 1), call("b", "running", 2));
  const second =
    frames(status("active"), call("d", "done", 4), status("grading", 4), verdict, status("closed", 5)) + end;
  const records = [
    record("old", "done", 0),
    record("a", "done", 1),
    record("b", "done", 2),
    record("c", "done", 3),
    record("d", "running", 4),
  ];
  records[0]!.started_at = "2025-01-01T00:00:00.000Z";
  await using controller = await controllerWith(
    [{ stream: first, ending: "cut" }, "cut", { stream: second, ending: "end" }],
    records,
  );
  const seen = await read(controller.url);
  expect(seen.map((event) => ("call_id" in event ? `${event.call_id} ${event.state}` : event.type))).toEqual([
    "status",
    "a running",
    "a done",
    "b running",
    "b done",
    "c done",
    "d running",
    "d done",
    "status",
    "verdict",
    "status",
  ]);
});

test("a verdict that came while nobody listened is told", async () => {
  const scored = { status: "scored", reward: 1, parts: [], flags: [], duration_ms: 1 };
  await using controller = await controllerWith(
    [
      { stream: frames(status("active")), ending: "cut" },
      { stream: frames(status("closed", 5)) + end, ending: "end" },
    ],
    [],
    { status: "closed", verdict: scored, ended_at: at(5) },
  );
  expect((await read(controller.url)).map(({ type }) => type)).toEqual(["status", "verdict", "status"]);
});

test("without patience a cut stream is a failure", async () => {
  await using controller = await controllerWith([{ stream: frames(status("active")), ending: "cut" }], []);
  await expect(read(controller.url, 0)).rejects.toMatchObject({ code: "unreachable" });
});

test("what the stream itself refuses is told with its cause", async () => {
  const { error } = refusal(404, "unknown_rollout", "caller", { retryable: false }).body;
  const stream = `event: error\ndata: ${JSON.stringify(error)}\n\n`;
  await using controller = await controllerWith([{ stream, ending: "end" }], []);
  await expect(read(controller.url)).rejects.toMatchObject({ code: "unknown_rollout", causedBy: "caller" });
});
