import type { BudgetName, CausedBy } from "../core/errors.ts";

/** What a failure says, as the controller put it. */
export interface FailureFacts {
  /** One of docs/errors.md, or of a newer controller. */
  readonly code: string;
  readonly causedBy: CausedBy;
  /** One sentence that says what to do. */
  readonly remedy: string;
  /** Whether the same request may do better later. */
  readonly retryable: boolean;
  /** The HTTP status; undefined where no answer came. */
  readonly status?: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** Of `budget_exhausted`. */
  readonly budget?: BudgetName | undefined;
  /** Finds the request in the controller's log. */
  readonly requestId?: string | undefined;
}

/**
 * What any request of the client may fail with. `causedBy` says what it means for training: `infra` and `task` exclude the rollout,
 * `policy` is for the model to read, `grader` leaves it unscored, `caller` is a mistake in the request.
 */
export class BerthFailure extends Error implements FailureFacts {
  readonly code: string;
  readonly causedBy: CausedBy;
  readonly remedy: string;
  readonly retryable: boolean;
  readonly status: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly budget: BudgetName | undefined;
  readonly requestId: string | undefined;

  constructor(message: string, facts: FailureFacts, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "BerthFailure";
    this.code = facts.code;
    this.causedBy = facts.causedBy;
    this.remedy = facts.remedy;
    this.retryable = facts.retryable;
    this.status = facts.status;
    this.retryAfterSeconds = facts.retryAfterSeconds;
    this.budget = facts.budget;
    this.requestId = facts.requestId;
  }
}

/** No answer came, or only a part of one: nothing listens, the name does not resolve, the time is up, the connection was cut. */
export class ControllerUnreachable extends BerthFailure {
  readonly url: string;

  constructor(url: string, reason: string, cause: unknown) {
    const facts = {
      code: "unreachable",
      causedBy: "infra",
      remedy: "See that a controller runs there, and what stands between here and it.",
      retryable: true,
    } as const;
    super(`The controller at ${url} cannot be reached: ${reason}.`, facts, cause);
    this.name = "ControllerUnreachable";
    this.url = url;
  }
}
