import type { SandboxHandle } from "../../src/provider/provider.ts";

/** What the controller's side asks of the farm, over the channel between the two processes. */
export interface Asked {
  readonly id: number;
  readonly of: "provider" | "snapshots";
  readonly method: string;
  readonly args: readonly unknown[];
}

export type Told =
  | { readonly listens: string }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly code: string; readonly message: string };

/** The first line of a connection: whose guest it is for. */
export const prefaceOf = (handle: SandboxHandle): string => `${JSON.stringify(handle)}\n`;

/** Longer than any handle is. */
export const MOST_PREFACE_BYTES = 4_096;
