import { z } from "zod";
import type { Linter } from "./linter.ts";
import { lintReport } from "./lint-report.ts";
import { parseJson } from "./parse-json.ts";

const report = z.array(z.object({ filename: z.string(), code: z.string().nullable() }));

/** Codes of what could not be parsed, or not even be read. */
const unreadable = new Set(["invalid-syntax", "E902", "E999"]);

export const ruff: Linter = {
  name: "ruff",
  program: "ruff",
  paths: ["."],
  configName: "ruff.toml",
  configFiles: ["**/ruff.toml", "**/.ruff.toml", "**/pyproject.toml", "**/.gitignore"],
  files: ["**/*.{py,pyi,ipynb}"],
  env: { RUFF_NO_CACHE: "true" },
  suppression: /#\s*(?:(?:ruff|flake8|isort)\s*:|noqa)/gi,
  defuse: (text) => text.replaceAll(/#\s*(?:ruff|isort)\s*:/gi, (found) => found.replace(":", "-")),

  command: ({ program, config, paths }) =>
    `${program} check --output-format json --ignore-noqa --no-respect-gitignore --no-fix${config === undefined ? "" : ` --config ${config}`} -- ${paths}`,

  parse(text, { outcome, workdir }) {
    if (outcome.type !== "exited" || outcome.code > 1) return { trouble: "ruff did not come to its end" };
    const parsed = parseJson(text.toString("utf8"), report);
    if (parsed === undefined) return { trouble: "ruff gave no report" };
    const found = parsed.map(({ filename, code }) => ({
      path: filename,
      rule: code ?? "invalid-syntax",
      unreadable: code === null || unreadable.has(code),
    }));
    return lintReport(found, workdir);
  },
};
