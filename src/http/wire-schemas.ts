import { z } from "zod";
import { egressDenial, egressRecord, egressTotals } from "../model/egress.ts";
import { budget, environment, repository } from "../model/environment.ts";
import { resources } from "../model/resources.ts";
import { errorBody, errorReport } from "../model/error.ts";
import { budgetGraderSpec } from "../model/graders/budget.ts";
import { fileF1GraderSpec } from "../model/graders/file-f1.ts";
import { rewardRule } from "../model/graders/reward.ts";
import { testsGraderSpec } from "../model/graders/tests.ts";
import { validationGraderSpec } from "../model/graders/validation.ts";
import { regrading } from "../model/regrading.ts";
import { createRolloutRequest, rollout } from "../model/rollout.ts";
import { outcome, rolloutSummary } from "../model/summary.ts";
import {
  openTerminalRequest,
  terminal,
  terminalInput,
  terminalOutput,
  terminalSize,
  terminalTyped,
} from "../model/terminal.ts";
import { capturedStream, execOutcome, toolCallRequest, toolCallResult, toolOutput } from "../model/tool-call.ts";
import { rolloutEvent, trajectory, trajectoryRecord } from "../model/trajectory.ts";
import { gradeRequest, verdict, verdictPart } from "../model/verdict.ts";

interface Meta {
  id?: string | undefined;
  description?: string;
  [key: string]: unknown;
}

/**
 * The names and descriptions that the models have in OpenAPI. A registry of its own: what is described here concerns
 * the wire alone.
 */
export const wireSchemas = z.registry<Meta>();

const named: readonly (readonly [string, z.ZodType, string])[] = [
  ["Error", errorBody, "The body of every answer that is not a success."],
  ["ErrorReport", errorReport, "A failure: what, who caused it, what to do, and whether to try again."],
  ["CreateRollout", createRolloutRequest, "What a new rollout is to be."],
  ["Rollout", rollout, "The life of one id: queued, preparing, active, grading, closed; or failed, or expired."],
  ["Environment", environment, "What a rollout starts from."],
  ["Repository", repository, "A repository at one commit, without anything later."],
  ["Resources", resources, "The limits of a sandbox."],
  ["Budget", budget, "What a rollout may use before it ends."],
  ["TestsGrader", testsGraderSpec, "Grades by hidden tests, each of which must be reported as passed."],
  ["FileF1Grader", fileF1GraderSpec, "Compares the files that the answer names with those of the real change."],
  ["ValidationGrader", validationGraderSpec, "Whether the policy ran tests and linters after its last write."],
  ["BudgetGrader", budgetGraderSpec, "What the tool calls took: their number, their output, their time."],
  ["RewardRule", rewardRule, "How the rewards of an environment's graders become one."],
  ["ToolCall", toolCallRequest, "One use of a tool. `arguments` is an object, or the same as a JSON string."],
  [
    "ToolCallResult",
    toolCallResult,
    "What the model reads in `output`, with the facts beside it. `error` is a failure that the model can act on.",
  ],
  ["ToolOutput", toolOutput, "A result as the trajectory keeps it."],
  [
    "ExecOutcome",
    execOutcome,
    "How a command ended: exactly one of these. A non-zero exit code is data, not a failure.",
  ],
  [
    "CapturedStream",
    capturedStream,
    "The head and the tail of an output stream, whole UTF-8 characters, and how long it was.",
  ],
  ["OpenTerminal", openTerminalRequest, "A terminal that is to be opened."],
  ["Terminal", terminal, "A terminal in a rollout's sandbox: running, or ended with an outcome."],
  ["TerminalOutput", terminalOutput, "A page of what a terminal wrote."],
  ["TerminalTyping", terminalInput, "What one writer types, and where in all of its typing it belongs."],
  ["TerminalTyped", terminalTyped, "How many bytes of the writer have been typed."],
  ["TerminalSize", terminalSize, "In characters."],
  ["Trajectory", trajectory, "The durable record of a rollout's tool calls, in the order in which they were accepted."],
  [
    "TrajectoryRecord",
    trajectoryRecord,
    "One tool call. `unknown`: the controller ended between its start and its end.",
  ],
  ["EgressTotals", egressTotals, "Connections of a rollout's sandbox to the outside: made, and refused."],
  [
    "EgressRecord",
    egressRecord,
    "What a rollout's sandbox tried to reach. The first 100 different refusals are told apart.",
  ],
  ["EgressDenial", egressDenial, "Attempts to reach one destination that were refused for one reason."],
  ["RolloutSummary", rolloutSummary, "How many rollouts came to what, and who caused it."],
  ["RolloutOutcome", outcome, "Rollouts that came to the same."],
  ["RolloutEvent", rolloutEvent, "Something that happened in a rollout."],
  ["Grade", gradeRequest, "Ends the policy's turn. `answer` is its last message."],
  [
    "Verdict",
    verdict,
    "What a rollout earned. An unscored one has no reward: a failure of the controller is not a zero.",
  ],
  ["VerdictPart", verdictPart, "What one grader measured."],
  ["Regrading", regrading, "A later verdict on what a rollout left. The first one stands."],
];

for (const [id, schema, description] of named) wireSchemas.add(schema, { id, description });

const fields: readonly (readonly [z.ZodType, string])[] = [
  [
    createRolloutRequest.shape.rollout_id,
    "A UUID bare, without dashes, or prefixed (`trace_` and 32 hex digits). Made by the controller when it is left out. The same id again gives the same rollout.",
  ],
  [createRolloutRequest.shape.environment, "The name of a registered environment, or an environment in full."],
  [
    createRolloutRequest.shape.item,
    "A row of a dataset instead of `environment`: the registered environment that its `environment` or `instance_id` names, an allowed `image`, or an allowed `repo` at `base_commit`.",
  ],
  [createRolloutRequest.shape.group, "Rollouts of one group are compared with each other."],
  [
    createRolloutRequest.shape.ready_within_seconds,
    "Seconds within which the sandbox must be ready. A rollout for which that cannot be is refused at once, or fails when the time is over, with `queue_deadline`. Without it a rollout waits 540 seconds for its turn.",
  ],
  [
    toolCallRequest.shape.call_id,
    "The key of at-most-once execution within the rollout: the same id again gives the stored result. Made by the controller when it is left out.",
  ],
  [toolCallResult.shape.replayed, "True when this is the stored result of an earlier call with this id."],
  [rollout.shape.created_by, "Who created it: the name of the key, never the key."],
  [rollout.shape.ready_by, "When its sandbox must be ready, or the rollout fails."],
  [rollout.shape.error, "Why the rollout failed or expired."],
  [rollout.shape.active_at, "When the sandbox was ready for tool calls."],
  [
    environment.shape.image,
    "`host`, a folder in images/, an absolute path to a root file system, or an image reference.",
  ],
  [environment.shape.setup, "Shell commands, run once as root while the snapshot is built."],
  [environment.shape.tools, "Tool names; without it, every tool."],
];

for (const [schema, description] of fields) wireSchemas.add(schema, { description });

/** Describes a field where it is used. */
export const described = <Schema extends z.ZodType>(schema: Schema, description: string): Schema => {
  wireSchemas.add(schema, { description });
  return schema;
};

/** Names a schema that only the API has. */
export const component = <Schema extends z.ZodType>(id: string, description: string, schema: Schema): Schema => {
  wireSchemas.add(schema, { id, description });
  return schema;
};
