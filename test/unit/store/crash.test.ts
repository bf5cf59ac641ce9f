import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { beforeEach, describe, expect, test } from "vitest";
import { silentLogger } from "../../../src/core/log.ts";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { newDatabase, whyNoPostgres } from "../../support/postgres-database.ts";

const program = join(import.meta.dirname, "../../support/store-process.ts");
const rolloutId = "00000000-0000-4000-8000-000000000001";

/** Kills the program once the store has acknowledged so many writes. Gives all that it acknowledged. */
async function acknowledgedUntilKilled(place: string, writes: number): Promise<string[]> {
  const child = execa(process.execPath, [program, place, rolloutId], { reject: false, buffer: false });
  let said = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    said += String(chunk);
    if (said.split("\n").length > writes) child.kill("SIGKILL");
  }
  expect((await child).signal).toBe("SIGKILL");
  return said.split("\n").slice(0, -1);
}

interface Place extends AsyncDisposable {
  readonly at: string;
  open(): Promise<Store>;
}

const places: Record<string, { why?: string | undefined; writes: number[]; make: () => Promise<Place> }> = {
  sqlite: {
    writes: [1, 40, 400, 4_000],
    make: async () => {
      const dir = await mkdtemp(join(tmpdir(), "berth-crash-"));
      const file = join(dir, "berth.db");
      return {
        at: file,
        open: () => openSqliteStore(file),
        [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
      };
    },
  },
  postgres: {
    why: whyNoPostgres(),
    writes: [1, 40, 400],
    make: async () => {
      const database = await newDatabase();
      return {
        at: database.url,
        open: async () => {
          // The server finishes what it was asked before it finds nobody there.
          const others =
            "select pid from pg_stat_activity where application_name = 'berth' and datname = current_database()";
          await expect.poll(() => database.ask(others)).toEqual([]);
          return openPostgresStore(database.url, { log: silentLogger });
        },
        [Symbol.asyncDispose]: async () => await database[Symbol.asyncDispose](),
      };
    },
  },
};

describe.for(Object.keys(places))("%s", (name) => {
  const { why, writes: counts, make } = places[name]!;
  beforeEach(({ skip }) => skip(why !== undefined, why));

  test.for(counts)(
    "after kill -9 behind %d acknowledged writes each of them is there, and the record has no gap",
    async (writes) => {
      await using place = await make();
      const acknowledged = await acknowledgedUntilKilled(place.at, writes);
      expect(acknowledged.length).toBeGreaterThanOrEqual(writes);

      const store = await place.open();
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
    },
  );
});
