/**
 * What a sandbox is for, as its label says it: `kind:subject`, or the bare id of the rollout whose policy works in it.
 */
export function readPurpose(purpose: string): { kind: string; subject: string } {
  const colon = purpose.indexOf(":");
  if (colon < 0) return { kind: "rollout", subject: purpose };
  return { kind: purpose.slice(0, colon), subject: purpose.slice(colon + 1) };
}
