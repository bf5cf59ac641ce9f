import type { Route } from "../route.ts";
import { callTool } from "./call-tool.ts";
import { closeTerminal } from "./close-terminal.ts";
import { createRollout } from "./create-rollout.ts";
import { deleteRollout } from "./delete-rollout.ts";
import { exportRollouts } from "./export-rollouts.ts";
import { getRollout } from "./get-rollout.ts";
import { getTerminal } from "./get-terminal.ts";
import { getTrajectory } from "./get-trajectory.ts";
import { listRegradings } from "./list-regradings.ts";
import { gradeRollout } from "./grade-rollout.ts";
import { health } from "./health.ts";
import { listEnvironments } from "./list-environments.ts";
import { listRollouts } from "./list-rollouts.ts";
import { listTerminals } from "./list-terminals.ts";
import { listTools } from "./list-tools.ts";
import { metrics } from "./metrics.ts";
import { openTerminal } from "./open-terminal.ts";
import { openapi } from "./openapi.ts";
import { readTerminal } from "./read-terminal.ts";
import { registerEnvironment } from "./register-environment.ts";
import { resizeTerminal } from "./resize-terminal.ts";
import { rolloutKey } from "./rollout-key.ts";
import { streamEvents } from "./stream-events.ts";
import { summariseRollouts } from "./summarise-rollouts.ts";
import { typeIntoTerminal } from "./type-into-terminal.ts";

export const routes: readonly Route[] = [
  createRollout,
  listRollouts,
  exportRollouts,
  summariseRollouts,
  getRollout,
  getTrajectory,
  rolloutKey,
  streamEvents,
  callTool,
  openTerminal,
  listTerminals,
  getTerminal,
  readTerminal,
  typeIntoTerminal,
  resizeTerminal,
  closeTerminal,
  gradeRollout,
  listRegradings,
  deleteRollout,
  listEnvironments,
  registerEnvironment,
  listTools,
  health,
  metrics,
  openapi,
];
