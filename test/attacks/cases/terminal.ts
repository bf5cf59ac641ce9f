import { randomUUID } from "node:crypto";
import type { ToolCallResult } from "../../../src/model/tool-call.ts";
import { runTool } from "../../../src/tool/run-tool.ts";
import { shell } from "../../../src/tool/shell.ts";
import { listeningController } from "../../support/cli.ts";
import { rolloutRecord, verdictRecord } from "../../support/scripted-service.ts";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack, type Reached } from "../attack.ts";
