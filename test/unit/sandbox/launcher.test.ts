import { expect, test } from "vitest";
import { silentLogger } from "../../../src/core/log.ts";
import { systemIds } from "../../../src/core/ids.ts";
import { noMeasures } from "../../../src/core/measures.ts";
import { createMemoryProvider } from "../../../src/provider/memory/memory-provider.ts";
import type { Provider } from "../../../src/provider/provider.ts";
import { SandboxLauncher } from "../../../src/sandbox/launcher.ts";
import { CONTROLLER } from "../../../src/model/audit.ts";
import { AuditTrail } from "../../../src/store/audit-trail.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { altered, codeOf } from "../../support/memory-controller.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const hour = 3_600_000;
const never = <T>() => new Promise<T>(() => {});
const handle = {
  id: "b-1",
  provider: "memory",
  labels: { owner: "ours", purpose: "some rollout", incarnation: "1" },
};

async function launcher(change: Partial<Provider>) {
  const clock = new VirtualClock();
  const store = await openSqliteStore(":memory:");
  const provider = altered(createMemoryProvider(), () => change);
  const common = { clock, ids: systemIds, log: silentLogger, measures: noMeasures };
  const audit = new AuditTrail({ log: store.audit, clock, logger: silentLogger, self: CONTROLLER });
  return { clock, store, launcher: new SandboxLauncher({ ...common, provider, store, audit, owner: "ours" }) };
}

test.for([
  { what: "destroying", change: { destroy: never }, code: "teardown_failed", ask: "destroy" },
  { what: "attaching to", change: { inspect: never }, code: "deadline_exceeded", ask: "attach" },
  { what: "listing", change: { list: never }, code: "deadline_exceeded", ask: "list" },
] as const)("$what sandboxes ends in time though the provider never answers", async ({ change, code, ask }) => {
  const { clock, launcher: asked } = await launcher(change);
  const failure = codeOf(ask === "list" ? asked.list() : asked[ask](handle));
  expect(await clock.passUntil(failure, hour)).toBe(true);
  expect(await failure).toBe(code);
  expect(clock.pending).toBe(0);
});

test("what was asked for with a purpose can be made nobody's", async () => {
  const { store, launcher: asked } = await launcher({ list: async () => [handle] });
  await store.recordIntent({ id: "b-1", provider: "memory", purpose: "some rollout", incarnation: "1" });
  await asked.disown("some rollout");
  expect(await asked.of(["some rollout"])).toEqual([]);
  expect(await asked.list()).toMatchObject([{ id: "b-1", labels: { purpose: "nobody:some rollout" } }]);
});
