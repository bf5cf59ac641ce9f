import type { Route } from "../route.ts";
import { callTool } from "./call-tool.ts";
import { createRollout } from "./create-rollout.ts";
import { deleteRollout } from "./delete-rollout.ts";
import { getRollout } from "./get-rollout.ts";
import { getTrajectory } from "./get-trajectory.ts";
import { gradeRollout } from "./grade-rollout.ts";
import { health } from "./health.ts";
import { listEnvironments } from "./list-environments.ts";
import { listRollouts } from "./list-rollouts.ts";
import { listTools } from "./list-tools.ts";
import { metrics } from "./metrics.ts";
import { openapi } from "./openapi.ts";
import { registerEnvironment } from "./register-environment.ts";
import { streamEvents } from "./stream-events.ts";

export const routes: readonly Route[] = [
  createRollout,
  listRollouts,
  getRollout,
  getTrajectory,
  streamEvents,
  callTool,
  gradeRollout,
  deleteRollout,
  listEnvironments,
  registerEnvironment,
  listTools,
  health,
  metrics,
  openapi,
];
