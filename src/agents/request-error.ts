interface Details {
  readonly status?: number;
  /** Who brought it about: `policy`, `task`, `infra`, `grader` or `caller`. */
  readonly causedBy?: string;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** A request that a controller refused, or that reached none. `code` is one of docs/errors.md, or `unreachable`. */
export class BerthRequestError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  readonly causedBy: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, { status, causedBy = "infra", retryable = false, cause }: Details) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "BerthRequestError";
    this.code = code;
    this.status = status;
    this.causedBy = causedBy;
    this.retryable = retryable;
  }

  static unreachable(url: string, cause: unknown): BerthRequestError {
    return new BerthRequestError("unreachable", `The controller at ${url} does not answer.`, { cause });
  }
}

interface Report {
  readonly code?: string;
  readonly cause?: string;
  readonly message?: string;
  readonly remedy?: string;
  readonly retryable?: boolean;
}

/** What the body of an answer says that is no success. */
export function refusalOf(status: number, text: string): BerthRequestError {
  const { code = "internal", cause, message = "", remedy = "", retryable = false } = reportIn(text);
  const said = `${message} ${remedy}`.trim() || `The controller answered with the status ${status}.`;
  return new BerthRequestError(code, said, { status, retryable, ...(cause === undefined ? {} : { causedBy: cause }) });
}

function reportIn(text: string): Report {
  try {
    return (JSON.parse(text) as { error?: Report }).error ?? {};
  } catch {
    return {};
  }
}
