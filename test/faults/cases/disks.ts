import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Reply } from "../../support/controller-process.ts";
import type { Fault, Outcome } from "../fault.ts";
import { errorOf, travel } from "../journey.ts";
import { Scene } from "../scene.ts";
import { smallDisk, type SmallDisk } from "../small-disk.ts";

/** Room for a snapshot, the templates of disks and a few sandboxes. */
const size = { megabytes: 256, inodes: 4096 };
/** Calls whose results the disk cannot hold all. */
const mostCalls = 150;
const output = "head -c 30000 /dev/zero | tr '\\0' x";

const word = (reply: Reply): string => (reply.status < 300 ? "answered" : errorOf(reply));

/** A data directory that fills while a rollout is active, and has room again afterwards. */
async function whileFull(scene: Scene, fill: (disk: SmallDisk) => Promise<void>): Promise<Outcome> {
  await using disk = await smallDisk(size);
  await using small = await Scene.open({ backend: scene.backend, dataDir: disk.folder });
  await small.start();
  await travel(small, { at: "create" });
  await small.baseline.take();
  const lost: string[] = [];

  const made = await small.send("POST", "/v1/rollouts?wait_seconds=60", { environment: small.environment() });
  const rollout = `/v1/rollouts/${made.body.rollout_id}`;
  const call = (call_id: string) =>
    small.send("POST", `${rollout}/tools/shell`, { call_id, arguments: { command: output } });
  await fill(disk);
  const answered: string[] = [];
  let refused = "answered";
  while (refused === "answered" && answered.length < mostCalls) {
    const id = `call-${answered.length}`;
    refused = word(await call(id));
    if (refused === "answered") answered.push(id);
  }
  const created = await small.send("POST", "/v1/rollouts?wait_seconds=60", { environment: small.environment() });
  const inCreate = created.status < 300 && created.body.error ? String(created.body.error.code) : word(created);
  const closed = word(await small.send("DELETE", rollout));
  // Whether its end can be written depends on what the last page has left; that it is torn down does not.
  const torn = ["answered", "storage_failed"].includes(closed) ? "torn down" : closed;
  const alive = await small.baseline.leaks(/^(?:process|container|mount|cgroup) /);

  await disk.free();
  const closedAgain = await small.send("DELETE", rollout);
  if (created.status < 300) await small.send("DELETE", `/v1/rollouts/${created.body.rollout_id}`);
  for (const id of answered) {
    const again = await call(id);
    if (again.status !== 200 || again.body.replayed !== true) lost.push(`the answer of ${id} is now ${word(again)}`);
  }
  await small.end();
  using database = new DatabaseSync(path.join(disk.folder, "berth.db"), { readOnly: true });
  const [check] = database.prepare("pragma integrity_check").all();
  if (check?.["integrity_check"] !== "ok") lost.push(`the database is not whole: ${JSON.stringify(check)}`);
  await small.start();
  const after = await travel(small, { at: "create" });
  const leaks = await small.baseline.leaks();
  return {
    result: `call: ${refused}; create: ${inCreate}; close: ${torn}; with room again: ${closedAgain.body.status}, then ${after.result}`,
    lost: [...lost, ...after.lost],
    doubled: after.doubled,
    leaks: [...alive.map((thing) => `${thing} while the disk was full`), ...leaks],
  };
}

export const disks: readonly Fault[] = [
  {
    id: "disk/full",
    phase: "call",
    what: "data directory without a free byte",
    expected: "call: storage_failed; create: storage_failed; close: torn down; with room again: closed, then active",
    seconds: 150,
    run: (scene) => whileFull(scene, (disk) => disk.fillSpace()),
  },
  {
    id: "disk/no-inodes",
    phase: "call",
    what: "data directory without a free inode",
    expected: "call: answered; create: sandbox_create_failed; close: torn down; with room again: closed, then active",
    seconds: 150,
    run: (scene) => whileFull(scene, (disk) => disk.fillInodes()),
  },
];
