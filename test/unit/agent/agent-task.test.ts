import { expect, test } from "vitest";
import { readTasks } from "../../../src/agent/agent-task.ts";
import { passingFile } from "../../support/passing-file.ts";

const file = (...rows: readonly unknown[]): string =>
  passingFile("tasks.jsonl", rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));

test("rows of every kind become tasks; one that names no environment is the item that stands for one", async () => {
  const asked = [{ role: "user", content: "Mend it." }];
  const path = file(
    { id: "a", prompt: "Do.", environment: "click" },
    { messages: asked, tools: [{}], environment: "slug" },
    { instance_id: "repo__1", prompt: "Fix.", repo: "r" },
    { id: "d", prompt: "Do.", item: { environment: "x" } },
  );
  expect(await readTasks(path)).toEqual([
    { id: "a", messages: [{ role: "user", content: "Do." }], start: { environment: "click" } },
    { id: "slug", messages: asked, start: { environment: "slug" } },
    {
      id: "repo__1",
      messages: [{ role: "user", content: "Fix." }],
      start: { item: { instance_id: "repo__1", prompt: "Fix.", repo: "r" } },
    },
    { id: "d", messages: [{ role: "user", content: "Do." }], start: { item: { environment: "x" } } },
  ]);
});

test.each([
  ["no JSON", ["{"], "line 1"],
  ["nothing to ask", [{ environment: "a" }], "neither prompt nor messages"],
  [
    "a name twice",
    [
      { id: "a", prompt: "x" },
      { id: "a", prompt: "y" },
    ],
    "line 2: an earlier row is named a too",
  ],
])("a row with %s is refused by its line", async (_, rows, message) => {
  await expect(readTasks(file(...rows))).rejects.toMatchObject({
    code: "invalid_request",
    message: expect.stringContaining(message),
  });
});
