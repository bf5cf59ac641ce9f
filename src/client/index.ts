/** `berth/client`: rollouts of a running controller from TypeScript or JavaScript. */
export {
  BerthClient,
  type RequestOptions,
  type RolloutListQuery,
  type ToolCallInput,
  type WaitOptions,
} from "./berth-client.ts";
export { BerthFailure, ControllerUnreachable, type FailureFacts } from "./failure.ts";
export type { FunctionTool } from "./function-tool.ts";
export { openRollout, OpenRollout, type CallOptions, type OpenOptions } from "./open-rollout.ts";
export type { ClientOptions } from "./requests.ts";
export type { ArgumentsOf, BuiltinTools, ToolName } from "./tool-arguments.ts";
export type { Environment, EnvironmentInput } from "../model/environment.ts";
export type { Regrading } from "../model/regrading.ts";
export type { CreateRolloutInput, Rollout } from "../model/rollout.ts";
export type { ToolCallResult } from "../model/tool-call.ts";
export type { RolloutEvent, Trajectory, TrajectoryRecord } from "../model/trajectory.ts";
export type { GradeRequest, Verdict, VerdictPart } from "../model/verdict.ts";
