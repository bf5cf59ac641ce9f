import type { Scenario } from "../scenario.ts";
import { cold } from "./cold.ts";
import { destroy } from "./destroy.ts";
import { parallel } from "./parallel.ts";
import { read } from "./read.ts";
import { shell } from "./shell.ts";
import { warm } from "./warm.ts";

/** Those that a machine which is used for other things bears, too. */
export const lightScenarios: readonly Scenario[] = [shell, read, parallel, cold, warm, destroy];
