import { BerthClient } from "../client/berth-client.ts";
import { controllerAddress } from "../config/controller.ts";
import type { Screen } from "./attach/screen.ts";
import type { Compose } from "./berth.ts";
import type { ExamineCluster } from "./doctor/examine.ts";
import type { Terminal } from "./terminal.ts";

/** What commands stand on. */
export interface CliContext {
  readonly compose: Compose;
  /** Left out where there is no cluster to look at. */
  readonly examineCluster?: ExamineCluster;
  readonly terminal: Terminal;
  /** The terminal of whoever types the command, for those that hand it on. */
  readonly screen: () => Screen;
  readonly env: NodeJS.ProcessEnv;
  /** The exit code when a command ends without an error; 0 until it says otherwise. */
  endWith(code: number): void;
}

/** The controller that `--url` or BERTH_URL names. Whoever waits at a terminal is told at once when it cannot be reached. */
export const clientFor = (context: CliContext, options: { url?: string | undefined }): BerthClient =>
  new BerthClient({ ...controllerAddress({ url: options.url, env: context.env }), patienceSeconds: 0 });

/** For programs: one JSON value on standard output. */
export const printJson = (context: CliContext, value: unknown): void =>
  context.terminal.out(JSON.stringify(value, null, 2));
