import { parentPort, workerData } from "node:worker_threads";
import { committer, type Write } from "./commit-together.ts";
import { openDatabase } from "./open-database.ts";

// The program of the thread that alone writes to a database file: `Write[]` in, `Outcome[]` out, null ends it.

const database = openDatabase(workerData as string);
const commit = committer(database);

parentPort?.on("message", (writes: Write[] | null) => {
  if (writes !== null) return parentPort?.postMessage(commit(writes));
  database.close();
  parentPort?.close();
});
