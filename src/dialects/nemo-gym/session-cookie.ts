import type { FastifyRequest } from "fastify";
import { normaliseRolloutId } from "../../core/ids.ts";
import { RolloutKeys } from "../../http/rollout-keys.ts";

const NAME = "berth_session";
const PREFIX = "berth_rollout_";

/** `spoilt`: the policy was shown a failure that was not its own, so that nothing may be learnt from what it did then. */
export interface GymSession {
  readonly rolloutId: string;
  readonly isSpoilt: boolean;
}

/** What is signed: the rollout and how its session stands, apart from the rollout's own key. */
const subjectOf = ({ rolloutId, isSpoilt }: GymSession): string =>
  `nemo-gym:${isSpoilt ? "spoilt" : "sound"}:${rolloutId}`;

/** The session as a cookie. It names a rollout and is made with the installation's secret: every controller knows it and none keeps it. */
export function cookieOf(session: GymSession, keys: RolloutKeys): string {
  const proof = keys.of(subjectOf(session)).slice(PREFIX.length);
  return `${NAME}=${session.rolloutId}.${proof}; Path=/; HttpOnly; SameSite=Lax`;
}

const cookieForm = new RegExp(`(?:^|;\\s*)${NAME}="?([0-9a-f-]{36})\\.([0-9a-f]{64})"?(?:;|$)`);

/** The session that a request names; undefined without one, and for one that was not made here. */
export function sessionIn({ headers }: Pick<FastifyRequest, "headers">, keys: RolloutKeys): GymSession | undefined {
  const [, text = "", proof = ""] = cookieForm.exec(headers.cookie ?? "") ?? [];
  const rolloutId = normaliseRolloutId(text);
  if (rolloutId === undefined) return undefined;
  return [true, false]
    .map((isSpoilt) => ({ rolloutId, isSpoilt }))
    .find((session) => keys.isOf(subjectOf(session), PREFIX + proof));
}
