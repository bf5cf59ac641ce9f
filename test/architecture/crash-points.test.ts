import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { crashPoints } from "../../src/core/crash-point.ts";
import { crashCases } from "../faults/crash-cases.ts";

const root = new URL("../../src/", import.meta.url).pathname;
const text = globSync("**/*.ts", { cwd: root })
  .map((file) => readFileSync(join(root, file), "utf8"))
  .join("\n");
const passed = [...text.matchAll(/crashPoint\(\s*"([^"]+)"\s*\)/g)].map(([, name]) => name);

describe("the crash points", () => {
  it("stand at one place each in the sources", () => {
    expect(passed).toHaveLength(crashPoints.length);
    expect(new Set(passed)).toEqual(new Set(crashPoints));
  });

  it("are all visited by a case that kills there", () => {
    expect(crashPoints.filter((point) => !crashCases.some((crash) => crash.point === point))).toEqual([]);
  });

  it("are heard by nothing of the product", () => {
    expect(text.match(/onCrashPoint\(/g)).toHaveLength(1);
  });
});
