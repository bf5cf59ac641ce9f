import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import type { AuditEntry } from "../../../src/model/audit.ts";
import { environment as environmentSchema } from "../../../src/model/environment.ts";
import type { ChangeSet } from "../../../src/model/change-set.ts";
import type { Regrading } from "../../../src/model/regrading.ts";
import type { Verdict } from "../../../src/model/verdict.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { CallReservation, NewRollout, Store } from "../../../src/store/store.ts";
import { newDatabase, whyNoPostgres } from "../../support/postgres-database.ts";

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const environment = environmentSchema.parse({ name: "click", env: { B: "2", A: "1" }, setup: ["true"] });

const aRollout = (n: number, change: Partial<NewRollout> = {}): NewRollout => ({
  id: uuid(n),
  environment: { environment, baseDir: "/tasks" },
  group: null,
  labels: {},
  provider: "memory",
  createdAt: at(n),
  ...change,
});

const aCall = (callId: string, change: Partial<CallReservation> = {}): CallReservation => ({
  callId,
  tool: "shell",
  effect: "write",
  arguments: { command: "true" },
  startedAt: at(1),
  ...change,
});

const output = { output: "done", truncated: false };
const scored = (reward: number): Verdict => ({ status: "scored", reward, parts: [], flags: [], duration_ms: 1 });
const regraded = (second: number): Regrading => ({
  regrading_id: uuid(second),
  graded_at: at(second),
  graders: [],
  reward: null,
  answer: "\u0000",
  verdict: scored(0.5),
});
const changes = (content: string): ChangeSet => ({
  snapshot: "0".repeat(64),
  written: [{ path: "a", executable: false, content }],
  deleted: ["b"],
  refused: [{ path: "c", reason: "a link" }],
});

/** Where a store keeps its rows; `again` opens the same place anew, where that is possible. */
interface Place {
  open(): Promise<Store>;
  readonly lasts: boolean;
  [Symbol.asyncDispose](): Promise<void>;
}

const places: Record<string, { backend: string; why?: string | undefined; make: () => Promise<Place> }> = {
  "a file": {
    backend: "sqlite",
    make: async () => {
      const dir = await mkdtemp(join(tmpdir(), "berth-store-"));
      return {
        open: () => openSqliteStore(join(dir, "deep", "berth.db")),
        lasts: true,
        [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
      };
    },
  },
  memory: {
    backend: "sqlite",
    make: async () => ({
      open: () => openSqliteStore(":memory:"),
      lasts: false,
      [Symbol.asyncDispose]: async () => {},
    }),
  },
  PostgreSQL: {
    backend: "postgres",
    why: whyNoPostgres(),
    make: async () => {
      const database = await newDatabase();
      return {
        open: () => openPostgresStore(database.url, { log: silentLogger }),
        lasts: true,
        [Symbol.asyncDispose]: async () => await database[Symbol.asyncDispose](),
      };
    },
  },
};

describe.for(Object.keys(places))("a store in %s", (name) => {
  const { backend, why, make } = places[name]!;
  const opened: AsyncDisposable[] = [];
  beforeEach(({ task, skip }) => {
    task.meta.backend = backend;
    skip(why !== undefined, why);
  });
  afterEach(async () => {
    for (const one of opened.splice(0).toReversed()) await one[Symbol.asyncDispose]();
  });

  async function newStore(): Promise<{ store: Store; reopen: () => Promise<Store> }> {
    const place = await make();
    const store = await place.open();
    opened.push(place, { [Symbol.asyncDispose]: () => store.close() });
    const reopen = async () => {
      if (!place.lasts) return store;
      await store.close();
      const again = await place.open();
      opened.push({ [Symbol.asyncDispose]: () => again.close() });
      return again;
    };
    return { store, reopen };
  }

  test("environments are registered, replaced by name and listed in order", async () => {
    const { store } = await newStore();
    expect(await store.environment("click")).toBeUndefined();
    const other = environmentSchema.parse({ name: "attrs" });
    await store.registerEnvironment({ environment, baseDir: "/tasks" });
    await store.registerEnvironment({ environment: other, baseDir: null });
    expect(await store.environment("click")).toEqual({ environment, baseDir: "/tasks" });
    const changed = { ...environment, setup: ["false"] };
    await store.registerEnvironment({ environment: changed, baseDir: null });
    expect(await store.environments()).toEqual([
      { environment: other, baseDir: null },
      { environment: changed, baseDir: null },
    ]);
  });

  test("a rollout is created once by id, also when many ask at the same time", async () => {
    const { store } = await newStore();
    const tries = await Promise.all(Array.from({ length: 10 }, () => store.createRollout(aRollout(1))));
    expect(tries.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(tries.map(({ rollout }) => JSON.stringify(rollout))).size).toBe(1);
    expect(await store.rollout(uuid(1))).toEqual({
      rollout_id: uuid(1),
      environment: "click",
      group: null,
      labels: {},
      status: "queued",
      provider: "memory",
      snapshot: null,
      error: null,
      verdict: null,
      tool_calls: 0,
      egress: { allowed: 0, denied: 0 },
      created_at: at(1),
      active_at: null,
      first_result_at: null,
      ended_at: null,
      created_by: null,
      ready_by: null,
    });
    expect(await store.rollout(uuid(2))).toBeUndefined();
  });

  test("what a sandbox tried to reach is kept whole, the last record of it, and counted in its rollout", async () => {
    const { store } = await newStore();
    for (const n of [1, 2]) await store.createRollout(aRollout(n));
    expect(await store.egress(uuid(1))).toEqual({ allowed: 0, denied: 0, denials: [] });
    const denial = {
      destination: "a.b:443",
      reason: "not_allowed" as const,
      count: 2,
      first_at: at(1),
      last_at: at(2),
    };
    await store.saveEgress(uuid(1), { allowed: 1, denied: 0, denials: [] });
    await store.saveEgress(uuid(1), { allowed: 1, denied: 2, denials: [denial] });
    expect(await store.egress(uuid(1))).toEqual({ allowed: 1, denied: 2, denials: [denial] });
    expect((await store.rollouts({ limit: 10 })).map(({ egress }) => egress)).toEqual([
      { allowed: 0, denied: 0 },
      { allowed: 1, denied: 2 },
    ]);
  });

  test("a rollout keeps the environment that it was created from", async () => {
    const { store } = await newStore();
    await store.registerEnvironment({ environment, baseDir: "/tasks" });
    await store.createRollout(aRollout(1));
    await store.registerEnvironment({ environment: { ...environment, setup: [] }, baseDir: null });
    expect(await store.rolloutEnvironment(uuid(1))).toEqual({ environment, baseDir: "/tasks" });
    expect(await store.rolloutEnvironment(uuid(2))).toBeUndefined();
  });

  test("rollouts are listed newest first, by status, by group and up to a limit", async () => {
    const { store } = await newStore();
    for (const n of [1, 2, 3]) await store.createRollout(aRollout(n, { group: n === 2 ? "g" : null }));
    await store.updateRollout(uuid(3), { status: "active" });
    const ids = async (query: Parameters<Store["rollouts"]>[0]) =>
      (await store.rollouts(query)).map((r) => r.rollout_id);
    expect(await ids({ limit: 10 })).toEqual([uuid(3), uuid(2), uuid(1)]);
    expect(await ids({ limit: 2 })).toEqual([uuid(3), uuid(2)]);
    expect(await ids({ limit: 10, status: ["queued"] })).toEqual([uuid(2), uuid(1)]);
    expect(await ids({ limit: 10, group: "g" })).toEqual([uuid(2)]);
    expect(await ids({ limit: 10, before: { createdAt: at(3) } })).toEqual([uuid(2), uuid(1)]);
  });

  test("the snapshots of rollouts in some states are told, each once", async () => {
    const { store } = await newStore();
    for (const n of [1, 2, 3, 4]) await store.createRollout(aRollout(n));
    await store.updateRollout(uuid(1), { snapshot: "a", status: "active" });
    await store.updateRollout(uuid(2), { snapshot: "a", status: "preparing" });
    await store.updateRollout(uuid(3), { snapshot: "b", status: "closed" });
    expect(await store.snapshotsOf(["queued", "preparing", "active"])).toEqual(["a"]);
    expect((await store.snapshotsOf(["active", "closed"])).toSorted()).toEqual(["a", "b"]);
  });

  test("rollouts of one millisecond are paged through without loss", async () => {
    const { store } = await newStore();
    for (let n = 1; n <= 7; n++) await store.createRollout(aRollout(n, { createdAt: at(0) }));
    const seen: string[] = [];
    for (let page = await store.rollouts({ limit: 2 }); page.length > 0;) {
      seen.push(...page.map((rollout) => rollout.rollout_id));
      const last = page.at(-1)!;
      page = await store.rollouts({ limit: 2, before: { createdAt: last.created_at, id: last.rollout_id } });
    }
    expect(seen.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7].map(uuid));
  });

  test("a rollout's facts change one by one, and an error can be taken back", async () => {
    const { store } = await newStore();
    await store.createRollout(aRollout(1, { labels: { run: "7" } }));
    const error = { code: "setup_failed", cause: "task", message: "m", remedy: "r", retryable: false } as const;
    expect(await store.updateRollout(uuid(1), { status: "preparing", snapshot: "key" })).toBe(true);
    expect(await store.updateRollout(uuid(1), { error })).toBe(true);
    expect(await store.rollout(uuid(1))).toMatchObject({
      status: "preparing",
      snapshot: "key",
      error,
      labels: { run: "7" },
    });
    await store.updateRollout(uuid(1), { error: null, active_at: at(5) });
    expect(await store.rollout(uuid(1))).toMatchObject({ error: null, active_at: at(5) });
    expect(await store.updateRollout(uuid(1), {})).toBe(true);
    expect(await store.updateRollout(uuid(2), { status: "closed" })).toBe(false);
    expect(await store.updateRollout(uuid(2), {})).toBe(false);
  });

  test.for(["closed", "failed", "expired"] as const)("a rollout that is %s stays so", async (status) => {
    const { store } = await newStore();
    await store.createRollout(aRollout(1));
    await store.updateRollout(uuid(1), { status, ended_at: at(1) });
    expect(await store.updateRollout(uuid(1), { status: "grading", ended_at: at(2) })).toBe(false);
    expect(await store.rollout(uuid(1))).toMatchObject({ status, ended_at: at(1) });
  });

  test("a call id is reserved exactly once, however many ask at the same time", async () => {
    const { store } = await newStore();
    await store.createRollout(aRollout(1));
    const tries = await Promise.all(Array.from({ length: 20 }, () => store.reserveCall(uuid(1), aCall("a"))));
    expect(tries.filter(({ kind }) => kind === "new")).toHaveLength(1);
    const other = await store.reserveCall(uuid(1), aCall("b", { effect: null, arguments: '{"x":' }));
    expect(other).toEqual({ kind: "new", seq: 1 });
    expect((await store.trajectory(uuid(1))).map(({ seq, call_id, state }) => [seq, call_id, state])).toEqual([
      [0, "a", "running"],
      [1, "b", "running"],
    ]);
  });

  test("calls that are reserved together have numbers without a gap", async () => {
    const { store } = await newStore();
    await store.createRollout(aRollout(1));
    const ids = Array.from({ length: 25 }, (_, n) => `c${n}`);
    await Promise.all(ids.map((id) => store.reserveCall(uuid(1), aCall(id))));
    expect((await store.trajectory(uuid(1))).map(({ seq }) => seq)).toEqual(ids.map((_, n) => n));
    expect((await store.rollout(uuid(1)))?.tool_calls).toBe(25);
  });

  test("a call of no rollout is refused", async () => {
    const { store } = await newStore();
    await expect(store.reserveCall(uuid(1), aCall("a"))).rejects.toMatchObject({ code: "storage_failed" });
  });

  test("a call's first result stays, and a known call tells it", async () => {
    const { store } = await newStore();
    await store.createRollout(aRollout(1));
    await store.reserveCall(uuid(1), aCall("a"));
    await store.finishCall(uuid(1), "a", output, 12.5);
    await store.finishCall(uuid(1), "a", { output: "later", truncated: true }, 1);
    await store.markCallUnknown(uuid(1), "a");
    const known = await store.reserveCall(uuid(1), aCall("a"));
    const record = {
      seq: 0,
      call_id: "a",
      tool: "shell",
      effect: "write",
      arguments: { command: "true" },
      state: "done",
      result: output,
      started_at: at(1),
      duration_ms: 12.5,
    };
    expect(known).toEqual({ kind: "known", record });
    expect(await store.trajectory(uuid(1))).toEqual([record]);
  });

  test("calls that a crash interrupted become unknown; those that ended do not", async () => {
    const { store, reopen } = await newStore();
    await store.createRollout(aRollout(1));
    for (const id of ["done", "running", "given-up"]) await store.reserveCall(uuid(1), aCall(id));
    await store.finishCall(uuid(1), "done", output, 1);
    await store.markCallUnknown(uuid(1), "given-up");
    const again = await reopen();
    expect(await again.markInterruptedCalls(uuid(1))).toBe(1);
    expect(await again.markInterruptedCalls(uuid(1))).toBe(0);
    expect((await again.trajectory(uuid(1))).map(({ state }) => state)).toEqual(["done", "unknown", "unknown"]);
    await again.finishCall(uuid(1), "running", output, 1);
    expect((await again.trajectory(uuid(1)))[1]?.state).toBe("unknown");
  });

  test("the first change set and the first verdict stay", async () => {
    const { store, reopen } = await newStore();
    await store.createRollout(aRollout(1));
    expect(await store.changeSet(uuid(1))).toBeUndefined();
    await store.saveChangeSet(uuid(1), changes("first"));
    await store.saveChangeSet(uuid(1), changes("second"));
    const told = await Promise.all([1, 0.5, 0].map((reward) => store.saveVerdict(uuid(1), scored(reward))));
    expect(new Set(told.map((verdict) => JSON.stringify(verdict))).size).toBe(1);
    const again = await reopen();
    expect(await again.changeSet(uuid(1))).toEqual(changes("first"));
    expect((await again.rollout(uuid(1)))?.verdict).toEqual(told[0]);
    await expect(again.saveVerdict(uuid(9), scored(1))).rejects.toMatchObject({ code: "storage_failed" });
  });

  test("the answer stays that the first verdict judged, whatever text it is", async () => {
    const { store, reopen } = await newStore();
    const odd = "'; --\u0000\u{1f600}\n\ud800";
    await store.createRollout(aRollout(1));
    await store.createRollout(aRollout(2));
    expect(await store.answer(uuid(1))).toBeUndefined();
    await store.saveVerdict(uuid(1), scored(1), odd);
    await store.saveVerdict(uuid(1), scored(1), "second");
    await store.saveVerdict(uuid(2), scored(1));
    await store.saveVerdict(uuid(2), scored(1), "late");
    const again = await reopen();
    expect(await again.answer(uuid(1))).toBe(odd);
    expect(await again.answer(uuid(2))).toBeUndefined();
    expect(await again.answer(uuid(9))).toBeUndefined();
  });

  test("regradings are kept beside the verdict, in the order in which they were made", async () => {
    const { store, reopen } = await newStore();
    await store.createRollout(aRollout(1));
    await store.createRollout(aRollout(2));
    await store.saveVerdict(uuid(1), scored(1));
    for (const second of [2, 1]) await store.addRegrading(uuid(1), regraded(second));
    const again = await reopen();
    expect(await again.regradings(uuid(1))).toEqual([regraded(1), regraded(2)]);
    expect(await again.regradings(uuid(2))).toEqual([]);
    expect((await again.rollout(uuid(1)))?.verdict).toEqual(scored(1));
    await expect(again.addRegrading(uuid(1), regraded(1))).rejects.toMatchObject({ code: "storage_failed" });
    await expect(again.addRegrading(uuid(9), regraded(3))).rejects.toMatchObject({ code: "storage_failed" });
  });

  test("intents are kept by sandbox until they are forgotten", async () => {
    const { store, reopen } = await newStore();
    const intent = { id: "b-1", provider: "memory", purpose: uuid(1), incarnation: "1" };
    await store.recordIntent(intent);
    await store.recordIntent({ ...intent, incarnation: "2" });
    await store.recordIntent({ ...intent, id: "b-2" });
    const again = await reopen();
    expect(await again.intents()).toEqual([
      { ...intent, incarnation: "2", controller: null },
      { ...intent, id: "b-2", controller: null },
    ]);
    await again.forgetIntent("b-1");
    await again.forgetIntent("b-1");
    expect((await again.intents()).map(({ id }) => id)).toEqual(["b-2"]);
  });

  test("what ended before a time is removed whole, the oldest first and a few at a time; the rest stays", async () => {
    const { store, reopen } = await newStore();
    for (const n of [1, 2, 3, 4, 5]) {
      await store.createRollout(aRollout(n));
      await store.reserveCall(uuid(n), aCall("a"));
      await store.saveChangeSet(uuid(n), changes("x"));
      await store.saveEgress(uuid(n), { allowed: 1, denied: 0, denials: [] });
      await store.addRegrading(uuid(n), regraded(1));
    }
    await store.updateRollout(uuid(1), { status: "closed", ended_at: at(30) });
    await store.updateRollout(uuid(2), { status: "failed", ended_at: at(10) });
    await store.updateRollout(uuid(3), { status: "expired", ended_at: at(20) });
    await store.updateRollout(uuid(4), { status: "closed", ended_at: at(40) });
    const left = async (from: Store) => (await from.rollouts({ limit: 10 })).map(({ rollout_id }) => rollout_id);

    expect(await store.countEndedBefore(at(40))).toBe(3);
    expect(await store.removeEndedBefore(at(40), 2)).toBe(2);
    expect(await left(store)).toEqual([uuid(5), uuid(4), uuid(1)]);
    expect(await store.removeEndedBefore(at(40), 2)).toBe(1);
    expect(await store.removeEndedBefore(at(40), 2)).toBe(0);
    const again = await reopen();
    expect(await left(again)).toEqual([uuid(5), uuid(4)]);
    for (const n of [1, 2, 3]) {
      expect(await again.trajectory(uuid(n))).toEqual([]);
      expect(await again.changeSet(uuid(n))).toBeUndefined();
      expect(await again.egress(uuid(n))).toEqual({ allowed: 0, denied: 0, denials: [] });
      expect(await again.regradings(uuid(n))).toEqual([]);
    }
    expect(await again.regradings(uuid(5))).toHaveLength(1);
    expect(await again.trajectory(uuid(5))).toHaveLength(1);
    expect(await again.countEndedBefore(at(1_000))).toBe(1);
  });

  test("an unfinished rollout is never removed, whatever its times say", async () => {
    const { store } = await newStore();
    for (const [n, status] of (["preparing", "active", "grading"] as const).entries()) {
      await store.createRollout(aRollout(n));
      await store.updateRollout(uuid(n), { status, ended_at: at(1) });
    }
    expect(await store.removeEndedBefore(at(1_000), 10)).toBe(0);
    expect(await store.rollouts({ limit: 10 })).toHaveLength(3);
  });

  test("the audit log keeps each deed once, tells the newest first, and loses only what is too old", async () => {
    const { store, reopen } = await newStore();
    const deed = (n: number, change: Partial<AuditEntry> = {}): AuditEntry => ({
      at: at(n),
      actor: "trainer",
      action: "created",
      kind: "rollout",
      subject: uuid(n),
      rollout_id: uuid(n),
      why: null,
      ...change,
    });
    expect(await store.audit.record("1", deed(1))).toBe(true);
    expect(await store.audit.record("1", deed(1, { actor: "another" }))).toBe(false);
    for (const n of [2, 3, 4]) await store.audit.record(String(n), deed(n, { why: "for a test" }));
    const again = await reopen();
    const subjects = async (query: object) =>
      (await again.audit.list({ limit: 10, ...query })).map((entry) => entry.at);
    expect(await subjects({})).toEqual([at(4), at(3), at(2), at(1)]);
    expect(await subjects({ since: at(3) })).toEqual([at(4), at(3)]);
    expect(await again.audit.list({ limit: 1, rolloutId: uuid(1) })).toEqual([deed(1)]);
    expect(await again.audit.removeBefore(at(4), 2)).toBe(2);
    expect(await again.audit.removeBefore(at(4), 2)).toBe(1);
    expect(await subjects({})).toEqual([at(4)]);
  });

  test("rollouts are counted by what came of them and who caused it", async () => {
    const { store } = await newStore();
    const scored = (reward: number): Verdict => ({ status: "scored", reward, parts: [], flags: [], duration_ms: 1 });
    const lost = new BerthError("sandbox_lost", "gone").report();
    const idle = new BerthError("budget_exhausted", "idle", { budget: "idle_seconds" }).report();
    const reason = new BerthError("grader_failed", "no report").report();
    for (let n = 1; n <= 7; n++) await store.createRollout(aRollout(n, { group: n === 7 ? "other" : "g" }));
    for (const n of [1, 2]) await store.updateRollout(uuid(n), { status: "closed", ended_at: at(9) });
    await store.saveVerdict(uuid(1), scored(1));
    await store.saveVerdict(uuid(2), scored(0.5));
    await store.updateRollout(uuid(3), { status: "failed", ended_at: at(9), error: lost });
    await store.updateRollout(uuid(4), { status: "expired", ended_at: at(9), error: idle });
    await store.saveVerdict(uuid(5), { status: "unscored", reward: null, parts: [], reason, duration_ms: 1 });
    const none = { verdict: null, cause: null, code: null, budget: null, mean_reward: null, count: 1 };
    const outcomes = await store.outcomes({ group: "g" });
    const expected = [
      { ...none, status: "closed", verdict: "scored", count: 2, mean_reward: 0.75 },
      { ...none, status: "failed", cause: "infra", code: "sandbox_lost" },
      { ...none, status: "expired", cause: "policy", code: "budget_exhausted", budget: "idle_seconds" },
      { ...none, status: "queued", verdict: "unscored", cause: "grader", code: "grader_failed" },
      { ...none, status: "queued" },
    ];
    expect(outcomes).toHaveLength(expected.length);
    expect(outcomes).toEqual(expect.arrayContaining(expected));
    expect((await store.outcomes({ since: at(7) })).map(({ count }) => count)).toEqual([1]);
    expect(await store.outcomes({ environment: "another" })).toEqual([]);
  });

  test("an installation keeps the first name that was proposed", async () => {
    const { store, reopen } = await newStore();
    expect(await store.installationId("one")).toBe("one");
    expect(await store.installationId("two")).toBe("one");
    expect(await (await reopen()).installationId("three")).toBe("one");
  });

  test("odd text comes back as it was", async () => {
    const { store } = await newStore();
    const odd = "'; drop table rollouts; --\u0000\u{1f600}\n\ud800";
    const group = "'; \u{1f600}\n\u0001";
    await store.createRollout(aRollout(1, { labels: { odd }, group }));
    await store.reserveCall(uuid(1), aCall("a", { arguments: { odd } }));
    await store.finishCall(uuid(1), "a", { output: odd, truncated: false }, 0);
    expect(await store.rollouts({ limit: 1, group })).toMatchObject([{ labels: { odd }, group }]);
    expect((await store.trajectory(uuid(1)))[0]).toMatchObject({ arguments: { odd }, result: { output: odd } });
  });

  test("a store that was closed says so with storage_failed, to readers and writers", async () => {
    const { store } = await newStore();
    await store.close();
    for (const use of [
      () => store.rollout(uuid(1)),
      () => store.environments(),
      () => store.createRollout(aRollout(1)),
    ])
      await expect(use()).rejects.toMatchObject({ code: "storage_failed" });
  });
});
