import { globSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseModules, readSources } from "./module-graph.ts";
import { cycles, environmentViolations, orderViolations, unnamedAdapters } from "./rules.ts";

const root = new URL("../../src/", import.meta.url).pathname;
const modules = parseModules(readSources(root));
const importCount = modules.reduce((sum, module) => sum + module.imports.length, 0);

describe("the sources", () => {
  it("are all read, and the number of modules and imports is told", () => {
    console.log(`Seen: ${modules.length} modules with ${importCount} imports.`);
    expect(modules.length).toBeGreaterThan(0);
    expect(modules.length).toBeGreaterThanOrEqual(globSync("**/*.ts", { cwd: root }).length);
    expect(importCount).toBeGreaterThan(0);
  });

  it("import one way, and only the top names adapters", () => {
    expect(orderViolations(modules)).toEqual([]);
  });

  it("name every adapter of a port in the layout", () => {
    expect(unnamedAdapters(modules)).toEqual([]);
  });

  it("have no cycle among files", () => {
    expect(cycles(modules)).toEqual([]);
  });

  it("read the process environment in config alone", () => {
    expect(environmentViolations(modules)).toEqual([]);
  });
});
