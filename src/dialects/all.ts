import type { Route } from "../http/route.ts";
import { agentRft } from "./agent-rft/routes.ts";
import { builtInItems } from "./built-in-items/routes.ts";
import { mcp } from "./mcp/routes.ts";
import { nemoGym } from "./nemo-gym/routes.ts";
import { openenv } from "./openenv/routes.ts";
import { sandboxFusion } from "./sandbox-fusion/routes.ts";
import { sweRex } from "./swe-rex/routes.ts";

/** Every foreign wire protocol that is served on the rollouts. */
export const dialects: readonly Route[] = [agentRft, mcp, builtInItems, openenv, nemoGym, sweRex, sandboxFusion];
