import { parentPort, workerData } from "node:worker_threads";
import { analyseC } from "./analysis.ts";
import type { Asked } from "./analyser.ts";

const { source, spec } = workerData as Asked;
parentPort?.postMessage({ fault: await analyseC(source, spec) });
