import { environment } from "../../src/model/environment.ts";
import { silentLogger } from "../../src/core/log.ts";
import { openPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";

// The program of crash.test.ts: runs calls of one rollout, many at a time, on the store in argv, until it is killed. Says
// on stdout what the store acknowledged: `reserved ID` and `done ID`.
const [place = "", rolloutId = ""] = process.argv.slice(2);
const store = await (place.startsWith("postgres:")
  ? openPostgresStore(place, { log: silentLogger })
  : openSqliteStore(place));
const environmentOfAll = environment.parse({ name: "crash" });
const at = new Date(0).toISOString();
await store.createRollout({
  id: rolloutId,
  environment: { environment: environmentOfAll, baseDir: null },
  group: null,
  labels: {},
  provider: "memory",
  createdAt: at,
});

let next = 0;
const say = (line: string) => process.stdout.write(`${line}\n`);
const caller = async (): Promise<never> => {
  for (;;) {
    const callId = `c${next++}`;
    const effect = next % 2 === 0 ? "read" : "write";
    await store.reserveCall(rolloutId, { callId, tool: "shell", effect, arguments: { callId }, startedAt: at });
    say(`reserved ${callId}`);
    await store.finishCall(rolloutId, callId, { output: callId.repeat(200), truncated: false }, 1);
    say(`done ${callId}`);
  }
};
await Promise.all(Array.from({ length: 32 }, caller));
