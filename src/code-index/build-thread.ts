import { parentPort, workerData } from "node:worker_threads";
import type { BuildAsked } from "./build.ts";
import { Draft } from "./draft.ts";
import { defaultTreeLimits, textFiles } from "./read-tree.ts";
import { Syntax } from "./syntax.ts";
import { writeIndex } from "./write-index.ts";

const { tree, path, definitionsMs } = workerData as BuildAsked;
const draft = new Draft();
const leftOut = () => {
  draft.isPartial = true;
};

let syntax: Syntax | undefined = new Syntax();
let isPartial = false;
const until = performance.now() + definitionsMs;

for (const file of textFiles(tree, defaultTreeLimits, leftOut)) {
  if (syntax !== undefined && performance.now() > until) {
    syntax = undefined;
    isPartial = true;
  }
  draft.add(file.path, file.text, (await definitionsOf(file.path, file.text)) ?? []);
}
writeIndex(path, draft, { partialDefinitions: isPartial });
parentPort?.postMessage("done");

async function definitionsOf(name: string, text: string) {
  try {
    return await syntax?.definitions(name, text);
  } catch (thrown) {
    if (!(thrown instanceof Error && (thrown.name === "RuntimeError" || thrown.name === "RangeError"))) throw thrown;
    // The parser's memory may be in any state now: nothing is read with it any more.
    syntax = undefined;
    isPartial = true;
    return [];
  }
}
