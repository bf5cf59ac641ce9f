import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";

const program = join(import.meta.dirname, "../../support/store-process.ts");
const rolloutId = "00000000-0000-4000-8000-000000000001";

/** Kills the program once the store has acknowledged so many writes. Gives all that it acknowledged. */
async function acknowledgedUntilKilled(file: string, writes: number): Promise<string[]> {
  const child = execa(process.execPath, [program, file, rolloutId], { reject: false, buffer: false });
  let said = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    said += String(chunk);
    if (said.split("\n").length > writes) child.kill("SIGKILL");
  }
  expect((await child).signal).toBe("SIGKILL");
  return said.split("\n").slice(0, -1);
}

test.for([1, 40, 400, 4_000])(
  "after kill -9 behind %d acknowledged writes each of them is there, and the record has no gap",
  async (writes) => {
    const dir = await mkdtemp(join(tmpdir(), "berth-crash-"));
    try {
      const file = join(dir, "berth.db");
      const acknowledged = await acknowledgedUntilKilled(file, writes);
      expect(acknowledged.length).toBeGreaterThanOrEqual(writes);

      const store = await openSqliteStore(file);
      const records = await store.trajectory(rolloutId);
      const stateOf = new Map(records.map(({ call_id, state }) => [call_id, state]));
      const missing = acknowledged.filter((line) => {
        const [what, callId = ""] = line.split(" ");
        return what === "done" ? stateOf.get(callId) !== "done" : !stateOf.has(callId);
      });
      expect(missing).toEqual([]);
      expect(records.map(({ seq }) => seq)).toEqual(records.map((_, place) => place));
      for (const { call_id, state, result } of records)
        expect(result?.output).toBe(state === "done" ? call_id.repeat(200) : undefined);

      const running = records.filter(({ state }) => state === "running").length;
      expect(await store.markInterruptedCalls(rolloutId)).toBe(running);
      await store.close();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
);
