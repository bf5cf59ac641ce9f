import type { TaskSource } from "./import-tasks.ts";
import { readRows } from "./read-rows.ts";
import { taskOfRow, type TaskOfRowOptions } from "./task-of-row.ts";
import { Unusable } from "./task.ts";

/** Of an id that is only shown, in characters. */
const LONGEST_ID = 200;

/** The rows of a JSONL file. @throws Error when the file cannot be read */
export async function* rowSources(path: string, options: TaskOfRowOptions): AsyncGenerator<TaskSource> {
  for await (const { line, row } of readRows(path)) {
    const id = row?.["instance_id"];
    yield {
      at: { line },
      id: typeof id === "string" ? id.slice(0, LONGEST_ID) : null,
      make: async () => {
        if (row === undefined) throw new Unusable("the line is no JSON object");
        return taskOfRow(row, options);
      },
    };
  }
}
