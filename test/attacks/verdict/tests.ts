import { cheats as told } from "../../support/grading-cheats.ts";
import type { Corpus } from "./cheat.ts";
import { fixtureTasks } from "./fixture-tasks.ts";
import { goCheats } from "./tests/go.ts";
import { pythonCheats } from "./tests/python.ts";
import { nodeCheats } from "./tests/typescript-node.ts";
import { vitestCheats } from "./tests/typescript-vitest.ts";

/** The `tests` grader's: over Python, TypeScript, JavaScript and Go. */
export const testsCorpus = async (): Promise<Corpus> => ({
  grader: "tests",
  tasks: await fixtureTasks(),
  cheats: [...told, ...pythonCheats, ...nodeCheats, ...vitestCheats, ...goCheats],
});
