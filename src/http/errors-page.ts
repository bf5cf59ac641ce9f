import { errorCodes, errorTable, type CausedBy, type ErrorCode } from "../core/errors.ts";

const causes: readonly (readonly [CausedBy, string])[] = [
  ["caller", "The request was refused before it touched any rollout."],
  [
    "policy",
    "The model brought it about, and is shown it: with 200 and `error` in the body when a tool ran, with the status when the call was refused. Counts as the model's doing.",
  ],
  ["task", "The environment is broken. The rollout is excluded from training."],
  [
    "infra",
    "Berth, or what it stands on, failed. The rollout is excluded from training and counted; it never earns 0.",
  ],
  ["grader", "Grading failed. It is tried again, then the rollout stays unscored."],
];

function row(code: ErrorCode): string {
  const { status, retryable, remedy } = errorTable[code];
  return `| \`${code}\` | ${status} | ${retryable ? "yes" : "no"} | ${remedy.replaceAll("|", "\\|")} |`;
}

function section([cause, meaning]: readonly [CausedBy, string]): string {
  const rows = errorCodes.filter((code) => errorTable[code].causedBy === cause).map(row);
  return `## ${cause}\n\n${meaning}\n\n| code | status | retry | what to do |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`;
}

/** docs/errors.md, from the error table. */
export const errorsPage = (): string => `# Errors

<!-- Made from src/core/errors.ts by \`UPDATE_DOCS=1 npx vitest run test/unit/http/errors-page.test.ts\`. -->

Every answer that is not a success has this body:

\`\`\`json
{
  "error": {
    "code": "unknown_rollout",
    "cause": "caller",
    "message": "What happened, with names and figures.",
    "remedy": "What to do.",
    "retryable": false
  },
  "request_id": "also in the header x-request-id and in the log"
}
\`\`\`

\`retryable\` says whether the same request can succeed later. With 429 and 503 a retryable failure carries \`Retry-After\`
in seconds. Repeating is always safe: a rollout id, a call id and a verdict stand for one effect each. Programs decide
by \`code\` and \`cause\`; messages change.

${causes.map(section).join("\n")}`;
