import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { committer, type Outcome, type Write } from "../../../src/store/sqlite/commit-together.ts";
import { UNSYNCED } from "../../../src/store/sql/unsynced.ts";

function opened() {
  const database = new DatabaseSync(":memory:");
  onTestFinished(() => database.close());
  database.exec(`
    create table parts (id integer primary key, text text not null);
    create table uses (part integer references parts (id) deferrable initially deferred);
  `);
  const executed = vi.spyOn(database, "exec");
  return {
    commit: committer(database),
    statements: () => executed.mock.calls.map(([sql]) => sql),
    ids: () =>
      database
        .prepare("select id from parts order by id")
        .all()
        .map((row) => row["id"]),
    database,
  };
}

const part = (id: number, text: string | null = "x", end = ""): Write => ({
  sql: `insert into parts values (?, ?) returning id ${end}`,
  parameters: [id, text],
});

const kinds = (outcomes: readonly Outcome[]) => outcomes.map((outcome) => Object.keys(outcome).join());

test("writes are carried out in their order and share one commit", () => {
  const { commit, statements, ids } = opened();
  const outcomes = commit([3, 1, 2].map((id) => part(id)));
  expect(outcomes).toEqual([3, 1, 2].map((id) => ({ written: { rows: [{ id }], changes: 1n } })));
  expect(ids()).toEqual([1, 2, 3]);
  expect(statements()).toEqual(["pragma synchronous = full; begin immediate", "commit"]);
});

test("a write without rows tells how many it changed", () => {
  const { commit } = opened();
  commit([part(1), part(2)]);
  const [outcome] = commit([{ sql: "update parts set text = ?", parameters: ["y"] }]);
  expect(outcome).toEqual({ written: { rows: [], changes: 2n } });
});

test("the disk is not synced for writes of which none needs it", () => {
  const { commit, statements } = opened();
  commit([part(1, "x", UNSYNCED), part(2, "x", UNSYNCED)]);
  commit([part(3, "x", UNSYNCED), part(4)]);
  expect(statements().map((sql) => sql.split(";", 1)[0])).toEqual([
    "pragma synchronous = normal",
    "commit",
    "pragma synchronous = full",
    "commit",
  ]);
});

test("a write that fails undoes itself alone", () => {
  const { commit, ids } = opened();
  const nonsense = { sql: "insert into nowhere values (1)", parameters: [] };
  const twice = { sql: "insert into parts values (4, 'x'), (1, 'x')", parameters: [] };
  const outcomes = commit([part(1), part(1), part(2, null), nonsense, twice, part(3)]);
  expect(kinds(outcomes)).toEqual(["written", "error", "error", "error", "error", "written"]);
  expect(ids()).toEqual([1, 3]);
});

test("when the commit fails, every write of it is told so and none is there; the next one is untouched", () => {
  const { commit, ids, database } = opened();
  database.exec("pragma foreign_keys = on");
  expect(kinds(commit([part(1), { sql: "insert into uses values (7)", parameters: [] }, part(2)]))).toEqual([
    "error",
    "error",
    "error",
  ]);
  expect(ids()).toEqual([]);
  expect(kinds(commit([part(3)]))).toEqual(["written"]);
});

test("on a full disk, what is told to be written is there and nothing else", () => {
  const { commit, ids, database } = opened();
  database.exec("pragma max_page_count = 10");
  const writes = Array.from({ length: 40 }, (_, id) => part(id, "x".repeat(id % 3 === 0 ? 9_000 : 10)));
  const outcomes = [...commit(writes.slice(0, 20)), ...commit(writes.slice(20))];
  const told = outcomes.flatMap((outcome, id) => ("written" in outcome ? [id] : []));
  expect(ids()).toEqual(told);
  expect(told.length).toBeLessThan(40);
});
