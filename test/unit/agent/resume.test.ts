import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Journal } from "../../../src/agent/journal.ts";
import { agentPlay, solves, writeAnswer } from "../../support/agent-play.ts";
import type { Conduct } from "../../support/chat-endpoint.ts";

const journalOf = async (folder: string) =>
  (await readFile(join(folder, "journal.jsonl"), "utf8")).trimEnd().split("\n");

/** The run as it was when its process died behind the journal's line `at`, counted from 0. */
async function diedBehind(folder: string, at: number): Promise<void> {
  const lines = await journalOf(folder);
  await writeFile(join(folder, "journal.jsonl"), `${lines.slice(0, at + 1).join("\n")}\n`);
}

const types = (lines: readonly string[]): string[] => lines.map((line) => (JSON.parse(line) as { type: string }).type);

test("a run that is complete is not played again", async () => {
  await using play = await agentPlay(solves);
  const first = await play.run({ samples: 2 });
  expect(await play.run({ samples: 2 })).toEqual(first);
  expect(play.model.requests).toHaveLength(4);
});

test("more samples of the same run are only those", async () => {
  await using play = await agentPlay(solves);
  await play.run({ samples: 1 });
  const { results } = await play.run({ samples: 3 });
  expect([results.map(({ sample }) => sample), play.model.requests.length]).toEqual([[0, 1, 2], 6]);
});

test("a sample that was interrupted goes on: no reply is asked for twice, and no call runs twice", async () => {
  const stop = new AbortController();
  let asked = 0;
  const conduct: Conduct = ({ messages }) => {
    asked += 1;
    const answers = messages.filter(({ role }) => role === "tool").length;
    if (answers === 0) return writeAnswer(1);
    if (answers === 1 && asked === 2) {
      stop.abort(new Error("interrupted"));
      return "silence";
    }
    return { content: "Done." };
  };
  await using play = await agentPlay(conduct);
  await expect(play.run({ signal: stop.signal })).rejects.toThrow("interrupted");
  expect(types(await journalOf(play.folder))).toEqual(["run", "begun", "turn", "answers"]);
  const [result] = (await play.run()).results;
  expect(result).toMatchObject({ status: "scored", reward: 1, attempt: 1, turns: 2, tool_calls: 1 });
  expect(asked).toBe(3);
  expect((await play.client.trajectory(result!.rollout_id)).records).toHaveLength(1);
});

// Lines: 0 run, 1 begun, 2 turn, 3 answers, 4 turn, 5 ended.
test("a run that died when its verdict was told takes it as it is", async () => {
  await using play = await agentPlay(solves);
  const [first] = (await play.run()).results;
  await diedBehind(play.folder, 4);
  const [again] = (await play.run()).results;
  expect(again).toMatchObject({
    rollout_id: first!.rollout_id,
    status: "scored",
    reward: 1,
    turns: 2,
    stop: "answered",
  });
  expect(play.model.requests).toHaveLength(2);
});

test("a run that died before its rollout came to be creates it under the same id", async () => {
  await using play = await agentPlay(solves);
  await play.run();
  const lines = await journalOf(play.folder);
  const begun = JSON.parse(lines[1]!) as { rollout_id: string };
  const fresh = { ...begun, rollout_id: crypto.randomUUID() };
  await writeFile(join(play.folder, "journal.jsonl"), `${lines[0]}\n${JSON.stringify(fresh)}\n`);
  expect((await play.run()).results).toMatchObject([{ rollout_id: fresh.rollout_id, attempt: 1, reward: 1 }]);
});

test("a sample whose rollout did not outlive the interruption is begun anew, and says so", async () => {
  await using play = await agentPlay((request, nth) => {
    if (nth === 1) stop.abort(new Error("interrupted"));
    return nth === 1 ? "silence" : solves(request, nth);
  });
  const stop = new AbortController();
  await expect(play.run({ signal: stop.signal })).rejects.toThrow("interrupted");
  const begun = JSON.parse((await journalOf(play.folder))[1]!) as { rollout_id: string };
  await play.client.deleteRollout(begun.rollout_id);
  const [result] = (await play.run()).results;
  expect(result).toMatchObject({ status: "scored", reward: 1, attempt: 2, turns: 2 });
  expect(result!.rollout_id).not.toBe(begun.rollout_id);
});

test("a line that was cut when its writer died is taken away", async () => {
  await using play = await agentPlay(solves);
  await play.run();
  await appendFile(join(play.folder, "journal.jsonl"), '{"type":"beg');
  expect((await play.run({ samples: 2 })).results).toHaveLength(2);
  expect(types(await journalOf(play.folder))).toHaveLength(11);
});

test("a folder of another run is refused, and so is one that is in use", async () => {
  await using play = await agentPlay(solves);
  await play.run();
  await expect(play.run({ model: "policy-2" })).rejects.toMatchObject({
    code: "invalid_request",
    message: "The journal is of a run with another model.",
  });
  await using _held = await Journal.open(play.folder);
  await expect(play.run()).rejects.toMatchObject({ message: expect.stringContaining("Another run writes") });
});

test("a file that is no journal is left as it is", async () => {
  await using play = await agentPlay(solves);
  const file = join(play.folder, "journal.jsonl");
  await writeFile(file, '{"mine":1}\n');
  await expect(play.run()).rejects.toMatchObject({ message: expect.stringContaining("line 1: it is no entry") });
  expect(await readFile(file, "utf8")).toBe('{"mine":1}\n');
});
