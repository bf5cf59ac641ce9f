import { expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { EgressLog, type EgressLogOptions } from "../../../src/egress/egress-log.ts";
import type { EgressRecord } from "../../../src/model/egress.ts";

const nothing: EgressRecord = { allowed: 0, denied: 0, denials: [] };

function logged(change: Partial<EgressLogOptions> = {}) {
  const saved: EgressRecord[] = [];
  const told: string[] = [];
  const failures: unknown[] = [];
  const log = new EgressLog({
    before: nothing,
    save: async (record) => void saved.push(record),
    onNewDenial: ({ destination }) => told.push(destination),
    onFailure: (thrown) => failures.push(thrown),
    clock: systemClock,
    ...change,
  });
  return { log, saved, told, failures };
}

test("a hundred different refusals are told apart, and all are counted", async () => {
  const { log, saved, told } = logged();
  for (let n = 0; n < 150; n++) log.denied(`h${n}.example:443`, "not_allowed");
  for (let n = 0; n < 5; n++) log.denied("h0.example:443", "not_allowed");
  log.denied("h0.example:443", "private_address");
  log.allowed();
  await log.flush();
  expect(saved).toHaveLength(1);
  expect(saved[0]).toMatchObject({ allowed: 1, denied: 156 });
  expect(saved[0]?.denials).toHaveLength(100);
  expect(saved[0]?.denials[0]).toMatchObject({ destination: "h0.example:443", reason: "not_allowed", count: 6 });
  expect(told).toHaveLength(100);
});

test("nothing is written when nothing happened", async () => {
  const { log, saved } = logged();
  await log.flush();
  log.allowed();
  await Promise.all([log.flush(), log.flush()]);
  expect(saved).toHaveLength(1);
});

test("what could not be written goes with the next write", async () => {
  let broken = true;
  const { log, saved, failures } = logged({
    save: async (record) => {
      if (broken) throw new Error("no disk");
      saved.push(record);
    },
  });
  log.denied("a.example:443", "not_allowed");
  await log.flush();
  expect(failures).toHaveLength(1);
  broken = false;
  await log.flush();
  expect(saved).toMatchObject([{ denied: 1 }]);
});
