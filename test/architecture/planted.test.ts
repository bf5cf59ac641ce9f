import { describe, expect, it } from "vitest";
import { parseModules } from "./module-graph.ts";
import {
  cycles,
  environmentViolations,
  orderViolations,
  unfinishedMarks,
  unnamedAdapters,
  vagueNames,
} from "./rules.ts";

const clean = {
  "core/errors.ts": `export const a = 1;`,
  "provider/provider.ts": `import type { A } from "../core/errors.ts"; export interface Provider {}`,
  "provider/oci/oci.ts": `import type { Provider } from "../provider.ts"; import "./runc.ts";`,
  "provider/oci/runc.ts": `import { execa } from "execa"; import fs from "node:fs";`,
  "provider/docker/docker.ts": `import type { Provider } from "../provider.ts";`,
  "store/store.ts": `export interface Store {}`,
  "config/settings.ts": `export const level = process.env["LEVEL"];`,
  "http/app.ts": `import type { Store } from "../store/store.ts";`,
  "compose.ts": `import "./provider/oci/oci.ts"; import "./http/app.ts";`,
  "main.ts": `import "./compose.ts";`,
};

const planted = (files: Record<string, string>) => parseModules(new Map(Object.entries({ ...clean, ...files })));

describe("the rules on imports", () => {
  it("find nothing in a clean set", () => {
    const modules = planted({});
    expect(modules).toHaveLength(Object.keys(clean).length);
    expect([
      orderViolations(modules),
      unnamedAdapters(modules),
      cycles(modules),
      environmentViolations(modules),
    ]).toEqual([[], [], [], []]);
  });

  it.each([
    ["an import", `import { Store } from "../store/store.ts";`],
    ["an import for a type alone", `import type { Store } from "../store/store.ts";`],
    ["an inline type import", `import { type Store } from "../store/store.ts";`],
    ["an import for its effect", `import "../store/store.ts";`],
    ["a re-export", `export { Store } from "../store/store.ts";`],
    ["a re-export for types", `export type * from "../store/store.ts";`],
    ["a dynamic import", `export const load = () => import("../store/store.ts");`],
    ["a type that imports", `export type S = import("../store/store.ts").Store;`],
    ["an import by require", `import store = require("../store/store.ts");`],
    ["a call of require", `const store = require("../store/store.ts");`],
    ["an import after code on one line", `const a = 1; import { Store } from "../store/store.ts";`],
  ])("catch %s against the order", (_what, source) => {
    expect(orderViolations(planted({ "core/bad.ts": source }))).toEqual([
      "core/bad.ts:1 imports store/store.ts, which comes later in the order",
    ]);
  });

  it.each([
    ["a comment", `// import "../store/store.ts";\n/* import("../store/store.ts") */`],
    ["a string", `export const text = 'import "../store/store.ts"';`],
    ["a template", "export const text = `\nimport '../store/store.ts';\n`;"],
  ])("do not take %s for an import", (_what, source) => {
    expect(orderViolations(planted({ "core/good.ts": source }))).toEqual([]);
  });

  it("catch a folder that names an adapter, an adapter that names its sibling, and a later layer that names one", () => {
    const modules = planted({
      "provider/enforce.ts": `import "./oci/oci.ts";`,
      "provider/docker/steal.ts": `import "../oci/runc.ts";`,
      "cli/serve.ts": `import type { Oci } from "../provider/oci/oci.ts";`,
    });
    expect(orderViolations(modules)).toEqual([
      "provider/enforce.ts:1 names the adapter provider/oci; only backends.ts, compose.ts, main.ts may",
      "provider/docker/steal.ts:1 names the adapter provider/oci; only backends.ts, compose.ts, main.ts may",
      "cli/serve.ts:1 names the adapter provider/oci; only backends.ts, compose.ts, main.ts may",
    ]);
  });

  it("catch an import of the top, a computed import, a missing file, one outside src and a file without a place", () => {
    const modules = planted({
      "cli/a.ts": `import "../compose.ts";`,
      "cli/b.ts": `export const load = (name: string) => import(name);`,
      "cli/c.ts": `import "../http/gone.ts";`,
      "cli/d.ts": `import "../../test/support/fake.ts";`,
      "extra/e.ts": ``,
      "stray.ts": ``,
    });
    expect(orderViolations(modules)).toEqual([
      "cli/a.ts:1 imports compose.ts, which comes later in the order",
      "cli/b.ts:1 computes what it imports, so that nothing can be proven about it",
      "cli/c.ts:1 imports ../http/gone.ts, and there is no such file",
      "cli/d.ts:1 imports ../../test/support/fake.ts, which is outside src",
      "extra/e.ts stands in no folder of the layout",
      "stray.ts stands in no folder of the layout",
    ]);
  });

  it("catch an adapter that the layout does not name", () => {
    expect(unnamedAdapters(planted({ "provider/firecracker/vm.ts": `` }))).toEqual(["provider/firecracker"]);
  });

  it("catch a cycle, also one of types alone", () => {
    const modules = planted({
      "core/x.ts": `import type { Y } from "./y.ts";`,
      "core/y.ts": `import type { Z } from "./z.ts";`,
      "core/z.ts": `export type { X } from "./x.ts";`,
    });
    expect(cycles(modules)).toEqual(["core/x.ts → core/y.ts → core/z.ts → core/x.ts"]);
  });

  it("refuse a file that does not parse", () => {
    expect(() => planted({ "core/broken.ts": `import {` })).toThrow("core/broken.ts does not parse");
  });
});

describe("the other rules", () => {
  it.each([
    `export const a = process.env.HOME;`,
    `export const a = process["env"]["HOME"];`,
    `export const { env } = process;`,
    `import { env } from "node:process";`,
    `export const a = globalThis.process.env;`,
    `export const a = process?.env;`,
    `import host from "node:process"; export const a = host.env;`,
  ])("catch %s outside config", (source) => {
    expect(environmentViolations(planted({ "core/bad.ts": source }))).toEqual(["core/bad.ts:1 reads process.env"]);
  });

  it("catch names that say nothing, and leave words that contain them", () => {
    const bad = [
      "src/utils/a.ts",
      "src/http/helper.ts",
      "src/pool-manager.ts",
      "src/poolManager.ts",
      "test/misc.test.ts",
    ];
    expect(vagueNames([...bad, "src/http/utilization.ts", "src/sandbox/pool.ts"])).toEqual(bad);
  });

  it("catch marks of unfinished work", () => {
    expect(unfinishedMarks("a.ts", ["const a = 1;", "// todo later", "/* fixme */"].join("\n").toUpperCase())).toEqual([
      "a.ts:2",
      "a.ts:3",
    ]);
  });
});
