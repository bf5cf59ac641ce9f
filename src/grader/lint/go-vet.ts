import { z } from "zod";
import type { Linter } from "./linter.ts";
import { lintReport, type Finding } from "./lint-report.ts";
import { parseJson } from "./parse-json.ts";

const diagnostics = z.array(z.object({ posn: z.string() }));
const report = z.record(z.string(), z.record(z.string(), z.union([diagnostics, z.object({ error: z.string() })])));

const position = /^(.*\.go):\d+(?::\d+)?$/;
const compile = /^(?:vet: )?(.+?\.go):\d+(?::\d+)?: /;

export const goVet: Linter = {
  name: "go_vet",
  program: "go",
  paths: ["./..."],
  configName: "unused",
  configFiles: ["**/.golangci.*"],
  files: ["**/*.go"],
  env: { GOTOOLCHAIN: "local", GOFLAGS: "", GOPROXY: "off" },
  suppression: /\/\/\s*(?:nolint|lint:ignore|lint:file-ignore)/g,
  evasions: /^(?:\/\/go:build\s|\/\/ \+build\s|import\s+"C")/gm,

  command: ({ program, paths }) => `${program} vet -json ${paths} 2>&1`,

  parse(text, { outcome, workdir }) {
    if (outcome.type !== "exited" || outcome.code > 2) return { trouble: "go vet did not come to its end" };
    const { objects, lines } = split(text.toString("utf8"));
    const found: Finding[] = [];
    for (const object of objects) {
      const packages = parseJson(object, report);
      if (packages === undefined) return { trouble: "go vet gave a report that cannot be read" };
      for (const analysers of Object.values(packages))
        for (const [rule, result] of Object.entries(analysers)) {
          if (Array.isArray(result))
            found.push(
              ...result.map(({ posn }) => ({ path: position.exec(posn)?.[1] ?? posn, rule, unreadable: false })),
            );
          else found.push({ path: "", rule, unreadable: true });
        }
    }
    for (const line of lines) {
      const path = compile.exec(line)?.[1];
      if (path !== undefined) found.push({ path, rule: "compile", unreadable: true });
    }
    if (outcome.code !== 0 && found.length === 0)
      return { trouble: `go vet could not begin: ${lines.join(" ").trim().slice(0, 300)}` };
    return lintReport(found, workdir);
  },
};

/** Objects begin and end on lines of one brace; between them stand what the compiler said and the names of packages. */
function split(text: string): { objects: string[]; lines: string[] } {
  const objects: string[] = [];
  const lines: string[] = [];
  let open: string[] | undefined;
  for (const line of text.split("\n")) {
    if (line === "{}") continue;
    if (open === undefined && line === "{") open = [];
    (open ?? lines).push(line);
    if (open === undefined || line !== "}") continue;
    objects.push(open.join("\n"));
    open = undefined;
  }
  return { objects, lines: [...lines, ...(open ?? [])] };
}
