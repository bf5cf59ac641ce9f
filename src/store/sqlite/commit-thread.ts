import { parentPort, workerData } from "node:worker_threads";
import type { Committed } from "./commit-queue.ts";
import { committer, type Write } from "./commit-together.ts";
import { openDatabase } from "./open-database.ts";

// The program of the thread that alone writes to a database file: `Write[]` in, `Committed` out, null ends it.

const database = openDatabase(workerData as string);
const commit = committer(database);

parentPort?.on("message", (writes: Write[] | null) => {
  if (writes !== null) {
    const began = performance.now();
    const outcomes = commit(writes);
    return parentPort?.postMessage({ outcomes, ms: performance.now() - began } satisfies Committed);
  }
  database.close();
  parentPort?.close();
});
