import { describe, expect, it } from "vitest";
import { parseModules, readSources, resolveRelative } from "./module-graph.ts";

const modules = parseModules(
  new Map(
    [...readSources(new URL("../../examples/", import.meta.url).pathname)]
      .filter(([file]) => !/\/(?:workspace|hidden)\//.test(file))
      .map(([file, source]) => [`examples/${file}`, source]),
  ),
);
/** Types of what goes over the wire, and how every target tells what it saw. */
const allowed = /^src\/(?:model\/.+|core\/evidence|cli\/table)\.ts$/;

describe("the examples", () => {
  it("speak HTTP: of the sources they know types of the wire, reports and tables", () => {
    expect(modules.length).toBeGreaterThan(10);
    const targets = modules.flatMap(({ path, imports }) =>
      imports.flatMap(({ specifier }) => (specifier && resolveRelative(path, specifier)) || []),
    );
    expect(targets.length).toBeGreaterThan(10);
    expect(targets.filter((target) => target.startsWith("src/") && !allowed.test(target))).toEqual([]);
    expect(targets.filter((target) => !/^(?:src|examples)\//.test(target))).toEqual([]);
  });
});
