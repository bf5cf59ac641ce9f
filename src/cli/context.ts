import { controllerAddress } from "../config/controller.ts";
import type { Compose } from "./berth.ts";
import { BerthClient } from "./client.ts";
import type { Terminal } from "./terminal.ts";

/** What commands stand on. */
export interface CliContext {
  readonly compose: Compose;
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** The exit code when a command ends without an error; 0 until it says otherwise. */
  endWith(code: number): void;
}

/** The controller that `--url` or BERTH_URL names. */
export const clientFor = (context: CliContext, options: { url?: string | undefined }): BerthClient =>
  new BerthClient(controllerAddress({ url: options.url, env: context.env }));

/** For programs: one JSON value on standard output. */
export const printJson = (context: CliContext, value: unknown): void =>
  context.terminal.out(JSON.stringify(value, null, 2));
