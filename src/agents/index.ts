/** Berth for `@openai/agents`: a shell, an editor and sandboxes on rollouts. */
export type { ControllerAddress } from "./connection.ts";
export { berthEditor } from "./editor.ts";
export { BerthRequestError } from "./request-error.ts";
export type { RolloutAddress } from "./rollout.ts";
export { BerthSandboxClient, type BerthSandboxOptions } from "./sandbox-client.ts";
export { BerthSandboxSession, type BerthSessionState } from "./sandbox-session.ts";
export { berthShell } from "./shell.ts";
