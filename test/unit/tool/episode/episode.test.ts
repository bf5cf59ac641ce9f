import { expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import type { TrajectoryRecord } from "../../../../src/model/trajectory.ts";
import { note } from "../../../../src/tool/episode/note.ts";
import { submit, submittedAnswer } from "../../../../src/tool/episode/submit.ts";
import { callTool } from "../../../support/tool-call.ts";
import { TreeGuest } from "../../../support/tree-guest.ts";

const record = (seq: number, change: Partial<TrajectoryRecord>): TrajectoryRecord => ({
  seq,
  call_id: `call_${seq}`,
  tool: "submit",
  effect: "write",
  arguments: {},
  state: "done",
  result: { output: "submitted\n", truncated: false, data: { answer: `answer ${seq}` } },
  started_at: "2026-01-01T00:00:00.000Z",
  duration_ms: 1,
  ...change,
});

test("a note and a submission change nothing in the sandbox", async () => {
  const guest = new TreeGuest({ a: "1" });
  expect((await callTool(note, guest, { text: "a plan" })).output).toBe("noted\n");
  expect((await callTool(submit, guest, { answer: "42" })).data).toEqual({ answer: "42" });
  expect(guest.changes).toEqual([]);
});

test("the last answer that was submitted counts", () => {
  expect(submittedAnswer([])).toBeUndefined();
  expect(submittedAnswer([record(0, {}), record(1, {}), record(2, { tool: "shell" })])).toBe("answer 1");
});

test("a submission that was refused, failed or is empty is none", () => {
  const error = new BerthError("budget_exhausted", "used up").report();
  expect(
    submittedAnswer([
      record(0, {}),
      record(1, { state: "unknown", result: null }),
      record(2, { result: { output: "Error", truncated: false, error, data: { answer: "x" } } }),
    ]),
  ).toBe("answer 0");
  expect(
    submittedAnswer([record(0, { result: { output: "", truncated: false, data: { answer: "" } } })]),
  ).toBeUndefined();
});
