import { z } from "zod";
import type { Linter } from "./linter.ts";
import { lintReport } from "./lint-report.ts";
import { parseJson } from "./parse-json.ts";
import { scriptFiles } from "./script-files.ts";

const report = z.object({
  diagnostics: z.array(z.object({ filename: z.string().default(""), code: z.string().optional() })),
});

const suppression = /(?:eslint|oxlint)-(?:disable|enable)/g;

export const oxlint: Linter = {
  name: "oxlint",
  program: "oxlint",
  paths: ["."],
  configName: "oxlintrc.json",
  configFiles: ["**/.oxlintrc*", "**/oxlint.config.*", "**/oxlintrc.json", "**/.eslintignore", "**/.gitignore"],
  files: scriptFiles,
  env: {},
  suppression,
  defuse: (text) => text.replaceAll(suppression, (found) => found.replace("lint-", "lint_")),

  command: ({ program, config, paths }) =>
    `${program} --format json --no-ignore${config === undefined ? "" : ` --disable-nested-config --config ${config}`} ${paths}`,

  parse(text, { outcome, workdir }) {
    if (outcome.type !== "exited" || outcome.code > 1) return { trouble: "oxlint did not come to its end" };
    const parsed = parseJson(text.toString("utf8"), report);
    if (parsed === undefined) return { trouble: "oxlint gave no report" };
    const found = parsed.diagnostics.map(({ filename, code }) => ({
      path: filename,
      rule: code ?? "syntax",
      unreadable: code === undefined,
    }));
    return lintReport(found, workdir);
  },
};
