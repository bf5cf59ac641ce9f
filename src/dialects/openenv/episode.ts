import { BerthError, toBerthError, type ErrorCode } from "../../core/errors.ts";
import { normaliseRolloutId } from "../../core/ids.ts";
import { isStorable, type Rollout } from "../../model/rollout.ts";
import type { GradeRequest, Verdict } from "../../model/verdict.ts";
import type { RolloutService } from "../../rollout/rollout-service.ts";
import { begun, ended, offered, over, ran, refused } from "./observations.ts";
import type { Action, ResetRequest, State, StepAnswer } from "./wire.ts";

/** For a turn in the queue, which is 540 s at most, and a sandbox. */
const READY_MS = 600_000;
const SUBMIT = "submit";

export type EpisodeService = Pick<
  RolloutService,
  "create" | "waitUntilSettled" | "get" | "callTool" | "tools" | "toolsOf" | "grade" | "close"
>;

export interface EpisodeParts {
  readonly service: EpisodeService;
  /** The name of who asks. */
  readonly by: string;
}

/** Of a policy whose turn is over by its own doing: what it left is graded. */
const endsTheTurn: ReadonlySet<ErrorCode> = new Set(["budget_exhausted", "sandbox_oom"]);

/** The rollout that a reset asks for; `made` where it names none. */
export const idOf = ({ episode_id }: ResetRequest, made: string): string =>
  normaliseRolloutId(episode_id ?? "") ?? made;

/**
 * Begins the rollout and waits for its sandbox, ten minutes at most.
 * @throws BerthError why there is none; `overloaded`, `queue_deadline`
 */
export async function reset(
  id: string,
  environment: string,
  { episode_id, group }: ResetRequest,
  { service, by }: EpisodeParts,
): Promise<StepAnswer> {
  const isLabel = episode_id && normaliseRolloutId(episode_id) === undefined;
  await service.create(
    {
      rollout_id: id,
      environment,
      ...(group ? { group } : {}),
      ...(isLabel ? { labels: { episode_id } } : {}),
    },
    by,
  );
  assertActive(await service.waitUntilSettled(id, READY_MS));
  return begun(id, environment);
}

function assertActive({ rollout_id: id, status, error }: Rollout): void {
  if (status === "active") return;
  if (error) throw BerthError.of(error);
  if (status === "queued" || status === "preparing")
    throw new BerthError("deadline_exceeded", `The rollout ${id} was not ready within ${READY_MS / 1000} seconds.`);
  throw new BerthError("rollout_closed", `The rollout ${id} is ${status}.`);
}

/** The environment's tools, which need no episode. @throws BerthError `unknown_environment` */
export const listTools = async (environment: string, { service }: EpisodeParts): Promise<StepAnswer> =>
  offered(await service.toolsOf(environment));

/** One step of a rollout, at most once per `callId`. @throws BerthError whatever is not the policy's doing, and `rollout_closed` */
export async function step(id: string, action: Action, callId: string, parts: EpisodeParts): Promise<StepAnswer> {
  if ("tool" in action) return use(id, action.tool, action.arguments, callId, parts);
  switch (action.type) {
    case "call_tool":
      return use(id, action.tool_name, action.arguments, callId, parts);
    case "list_tools":
      return offered(await parts.service.tools(id));
    case "submit":
      return ended(await verdictOf(id, answerIn(action.answer), parts));
  }
}

const answerIn = (answer: string | null | undefined) => (typeof answer === "string" ? { answer } : {});

async function use(
  id: string,
  tool: string,
  args: Record<string, unknown> | string,
  call_id: string,
  parts: EpisodeParts,
): Promise<StepAnswer> {
  const { service } = parts;
  let answer: StepAnswer;
  try {
    // The model may have made it up: no record could keep it.
    if (!isStorable(tool)) throw new BerthError("unknown_tool", "There is no tool of that name.");
    const result = await service.callTool(id, tool, { call_id, arguments: args });
    answer = ran(result);
    if (tool !== SUBMIT || result.error !== undefined) return answer;
  } catch (thrown) {
    const error = toBerthError(thrown);
    if (error.causedBy !== "policy") throw error;
    answer = refused(tool, error);
    if (!endsTheTurn.has(error.code)) return answer;
  }
  return over(answer, await verdictOf(id, {}, parts));
}

/** What the policy left so that it cannot be graded is unscored, not a failure. @throws BerthError what is not the policy's doing */
async function verdictOf(id: string, request: GradeRequest, { service, by }: EpisodeParts): Promise<Verdict> {
  try {
    return await service.grade(id, request, by);
  } catch (thrown) {
    const error = toBerthError(thrown);
    if (error.causedBy !== "policy") throw error;
    return { status: "unscored", reward: null, parts: [], reason: error.report(), duration_ms: 0 };
  }
}

/** How an episode stands; `id` is undefined before there is one. @throws BerthError `unknown_rollout` */
export async function stateOf(id: string | undefined, environment: string, { service }: EpisodeParts): Promise<State> {
  if (id === undefined) return { episode_id: null, step_count: 0, environment, status: null };
  const { rollout_id, tool_calls, environment: of, status } = await service.get(id);
  return { episode_id: rollout_id, step_count: tool_calls, environment: of, status };
}
