import { z } from "zod";
import type { Linter } from "./linter.ts";
import { lintReport } from "./lint-report.ts";
import { parseJson } from "./parse-json.ts";
import { scriptFiles } from "./script-files.ts";

const report = z.array(
  z.object({
    filePath: z.string(),
    messages: z.array(z.object({ ruleId: z.string().nullable(), fatal: z.boolean().optional() })),
  }),
);

export const eslint: Linter = {
  name: "eslint",
  program: "eslint",
  paths: ["."],
  configName: "eslint.config.mjs",
  configFiles: ["**/eslint.config.*", "**/.eslintrc*", "**/.eslintignore"],
  files: scriptFiles,
  env: {},
  suppression: /eslint-(?:disable|enable)|\/\*\s*(?:eslint|globals?|exported)\s/g,

  command: ({ program, config, paths }) =>
    `${program} --format json --no-inline-config --no-error-on-unmatched-pattern${config === undefined ? "" : ` --no-config-lookup --config ${config}`} -- ${paths}`,

  parse(text, { outcome, workdir }) {
    if (outcome.type !== "exited" || outcome.code > 1) return { trouble: "eslint did not come to its end" };
    const files = parseJson(text.toString("utf8"), report);
    if (files === undefined) return { trouble: "eslint gave no report" };
    const found = files.flatMap(({ filePath, messages }) =>
      messages.map(({ ruleId, fatal = false }) => ({ path: filePath, rule: ruleId ?? "no rule", unreadable: fatal })),
    );
    return lintReport(found, workdir);
  },
};
