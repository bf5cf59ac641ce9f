import { randomBytes, randomUUID } from "node:crypto";

/** Random identities, injected so that tests and the simulation can choose them. */
export interface IdSource {
  /** A lower-case UUID with dashes. */
  uuid(): string;
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string;
}

export const systemIds: IdSource = {
  uuid: () => randomUUID(),
  hex: (bytes) => randomBytes(bytes).toString("hex"),
};

const rolloutIdForm = /^(?:[a-z]{1,16}_)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i;

/** A UUID bare, without dashes, or prefixed (`trace_` + 32 hex) → lower case with dashes; undefined when it is none of these. */
export function normaliseRolloutId(text: string): string | undefined {
  const match = rolloutIdForm.exec(text);
  return match ? match.slice(1).join("-").toLowerCase() : undefined;
}
