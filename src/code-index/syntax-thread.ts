import { parentPort, workerData } from "node:worker_threads";
import type { SyntaxAsked, SyntaxTold } from "./read-syntax.ts";
import { Syntax } from "./syntax.ts";

const { sources, name } = workerData as SyntaxAsked;
const syntax = new Syntax();
for (const [at, { path, text }] of sources.entries()) {
  const told: SyntaxTold =
    name === undefined
      ? { at, definitions: await syntax.definitions(path, text) }
      : { at, places: await syntax.places(path, text, name) };
  parentPort?.postMessage(told);
}
