import { createHash } from "node:crypto";

/** A name for what one call types: 32 hexadecimal digits. */
export const writerOf = (callId: string): string => createHash("sha256").update(callId).digest("hex").slice(0, 32);
