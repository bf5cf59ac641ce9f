/**
 * Every failure that Berth reports: code → HTTP status → retryable → who caused it → what to do.
 * `docs/errors.md` is generated from this table and a test keeps the two equal.
 */

/**
 * Who brought a failure about. Only `infra` and `task` exclude a rollout from training; `policy` is shown to the
 * model; `grader` is retried and then leaves the rollout unscored. `caller` is a request that was refused before it
 * touched any rollout.
 */
export type CausedBy = "policy" | "task" | "infra" | "grader" | "caller";

interface ErrorEntry {
  readonly status: number;
  readonly retryable: boolean;
  readonly causedBy: CausedBy;
  readonly remedy: string;
}

const entry = (status: number, causedBy: CausedBy, remedy: string, retryable = false): ErrorEntry => ({
  status,
  causedBy,
  remedy,
  retryable,
});

// oxfmt-ignore
export const errorTable = {
  // The request itself.
  unauthorized: entry(
    401,
    "caller",
    "Send `Authorization: Bearer <key>` with a key that the controller was started with.",
  ),
  invalid_request: entry(400, "caller", "Compare the request with /openapi.json and send it again."),
  not_found: entry(404, "caller", "Check the method and the path against /openapi.json."),
  request_too_large: entry(413, "caller", "Send a smaller body; the limit is given in the message."),
  unknown_rollout: entry(
    404,
    "caller",
    "Create the rollout first, or check its id; deleted rollouts keep only their record.",
  ),
  unknown_environment: entry(
    404,
    "caller",
    "List the environments with GET /v1/environments, or register this one first.",
  ),
  rollout_conflict: entry(409, "caller", "Use a new rollout id: this one was created from another environment."),
  rollout_closed: entry(409, "caller", "The rollout has ended; create a new one."),
  call_conflict: entry(409, "caller", "Use a new call id: this one was used for another tool or other arguments."),
  call_cancelled: entry(409, "caller", "It did not run. Use a new call id to have it run after all."),
  forbidden_origin: entry(
    403,
    "caller",
    "Send the request to the address that the controller listens on, and from no page of another site.",
  ),
  overloaded: entry(429, "infra", "Wait as long as Retry-After says, then send the request again.", true),
  queue_deadline: entry(
    429,
    "infra",
    "Wait as long as Retry-After says and send the request again, or give the rollout more time: `ready_within_seconds`.",
    true,
  ),
  invalid_config: entry(400, "caller", "Mend the named setting and start again."),
  trainer_refused: entry(400, "caller", "Mend what the trainer names; no job was begun."),

  // What the model did.
  unknown_tool: entry(404, "policy", "Call one of the tools that the message lists."),
  invalid_arguments: entry(400, "policy", "Call the tool again with arguments that match its schema."),
  outside_workspace: entry(400, "policy", "Use a path inside the workspace."),
  file_not_found: entry(404, "policy", "List the directory to see which files exist."),
  not_a_file: entry(400, "policy", "Name a regular file."),
  not_a_directory: entry(400, "policy", "Name a directory."),
  file_exists: entry(409, "policy", "Choose another path, or remove the file first."),
  file_too_large: entry(413, "policy", "Read a range of the file, or search in it."),
  not_text: entry(400, "policy", "The file is binary; use the shell to inspect it."),
  edit_not_found: entry(
    400,
    "policy",
    "Read the file again and copy the text to replace exactly, white space included.",
  ),
  edit_not_unique: entry(400, "policy", "Add lines around the text until it occurs once."),
  invalid_patch: entry(400, "policy", "Read the files again and write the patch against their present text."),
  invalid_pattern: entry(400, "policy", "Write the pattern in RE2 syntax: no look-around and no back-references."),
  permission_denied: entry(403, "policy", "The tool user may not touch this path; work on files that it owns."),
  no_space: entry(507, "policy", "Remove files: the sandbox's disk is full."),
  unknown_session: entry(404, "policy", "List those that there are, or open one."),
  session_exists: entry(409, "policy", "Use the one of that name, or choose another name."),
  interpreter_missing: entry(409, "policy", "Use the other language, or the shell: the environment's image has no such program."),
  browser_missing: entry(409, "policy", "Work without a browser: the environment's image brings no Chromium with playwright-core, as images/browser does."),
  browser_not_started: entry(409, "policy", "End what takes the sandbox's memory and processes, then use browser_open again: it takes about 400 MB and 100 processes and threads."),
  browser_closed: entry(409, "policy", "Open the page again with browser_open; what was on the pages is lost."),
  element_not_found: entry(404, "policy", "Take browser_snapshot of the page as it is now, and use a ref of it."),
  page_not_loaded: entry(409, "policy", "Check the address, and that the server runs: background_status, or curl in the shell. Of other hosts only those are reached that the environment allows."),
  page_timeout: entry(409, "policy", "See with browser_snapshot how the page is now; give more timeout_ms, or use browser_close where it does not answer any more."),
  page_refused: entry(400, "policy", "See with browser_snapshot what the element is, and use the tool that fits it."),
  screenshot_too_large: entry(413, "policy", "Take it of the viewport, without full_page, or of one element by its ref."),
  session_limit: entry(409, "policy", "Close one that is not needed any more."),
  tool_server_failed: entry(409, "policy", "Call the tool again: its server is started anew, without what it held."),
  budget_exhausted: entry(409, "policy", "The rollout has used its budget; it can only be graded or closed now."),

  sandbox_oom: entry(
    409,
    "policy",
    "The sandbox died at its limit of memory or processes; the rollout can only be graded or closed now.",
  ),

  // The environment.
  invalid_environment: entry(400, "task", "Correct the field that the message names."),
  repository_unreachable: entry(422, "task", "Check the URL and that this machine may read it: `git ls-remote URL`."),
  commit_not_found: entry(422, "task", "Name a full commit id that the repository has."),
  repository_refused: entry(422, "task", "Name a smaller or another commit, or keep what it needs in the image."),
  setup_failed: entry(422, "task", "Run the step by hand in the image; its output is in the message."),
  image_not_found: entry(
    422,
    "task",
    "Build it with `berth image build NAME`, or name one that the provider can reach.",
  ),
  unknown_profile: entry(422, "task", "Name a file in sandbox-profiles/ without its ending."),
  capability_missing: entry(
    422,
    "task",
    "Choose a provider that can enforce it, or a profile that does not ask for it.",
  ),

  // Berth and what it stands on.
  provider_unavailable: entry(503, "infra", "Run `berth doctor`: it prints the command that mends it.", true),
  sandbox_create_failed: entry(503, "infra", "Run `berth doctor`; if all is well there, try again.", true),
  profile_drift: entry(
    503,
    "infra",
    "Run `berth doctor` on this machine: what it runs sandboxes with does not do what the profile asks. Nothing was kept.",
    false,
  ),
  sandbox_lost: entry(503, "infra", "Start a new rollout; this one is excluded.", false),
  guest_protocol: entry(502, "infra", "Start a new rollout; the guest's reply was refused.", false),
  outcome_unknown: entry(503, "infra", "Start a new rollout: whether the call ran cannot be known.", false),
  deadline_exceeded: entry(
    504,
    "infra",
    "Try again; if it happens often, raise the deadline that the message names.",
    true,
  ),
  teardown_failed: entry(500, "infra", "Run `berth gc`; the reaper tries again too.", true),
  storage_failed: entry(503, "infra", "Check the space and the permissions of the data directory or, with store_url, that PostgreSQL answers.", true),
  fenced: entry(
    503,
    "infra",
    "Send the request again, with the same call id: another controller has taken the rollout over.",
    true,
  ),
  shutting_down: entry(503, "infra", "Send the request to another controller, or wait for the restart.", true),
  embeddings_failed: entry(
    503,
    "infra",
    "Check embeddings_base_url, embeddings_model and the endpoint's key and quota, then call again with a new call id.",
    true,
  ),
  trainer_unavailable: entry(
    503,
    "infra",
    "Look among the trainer's jobs whether it was begun, then try again.",
    true,
  ),
  internal: entry(500, "infra", "Report it with the request id; the log has the details.", false),

  // Grading.
  grader_failed: entry(502, "grader", "Run the grader's command by hand in a rollout of the same environment.", true),
  grader_timeout: entry(504, "grader", "Raise budget.grading_seconds or make the tests faster.", true),
  change_set_too_large: entry(413, "policy", "Change fewer or smaller files, or narrow the grader's `allow`."),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

export const errorCodes = Object.keys(errorTable) as ErrorCode[];

/** The budgets of a policy's turn, as an environment names them. */
export const budgetNames = ["tool_calls", "wall_seconds", "idle_seconds"] as const;
export type BudgetName = (typeof budgetNames)[number];

/** A failure as callers see it. `causedBy` is on the wire as `cause`. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly cause: CausedBy;
  readonly message: string;
  readonly remedy: string;
  readonly retryable: boolean;
  /** Of `budget_exhausted`: which budget it was. */
  readonly budget?: BudgetName | undefined;
}

export interface BerthErrorOptions {
  readonly cause?: unknown;
  readonly remedy?: string;
  readonly retryAfterSeconds?: number;
  readonly budget?: BudgetName | undefined;
}

export class BerthError extends Error {
  readonly code: ErrorCode;
  /** One sentence that says what to do; the table's unless the place of failure knows better. */
  readonly remedy: string;
  /** When sending it again may help, where the place of failure knows. */
  readonly retryAfterSeconds: number | undefined;
  /** Of `budget_exhausted`. */
  readonly budget: BudgetName | undefined;

  constructor(code: ErrorCode, message: string, options: BerthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "BerthError";
    this.code = code;
    this.remedy = options.remedy ?? errorTable[code].remedy;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.budget = options.budget;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }

  get causedBy(): CausedBy {
    return errorTable[this.code].causedBy;
  }

  report(): ErrorReport {
    const { code, message, remedy, retryable, budget } = this;
    return { code, cause: this.causedBy, message, remedy, retryable, ...(budget === undefined ? {} : { budget }) };
  }

  /** A failure that was reported before, to be told again. */
  static of({ code, message, remedy, budget }: ErrorReport): BerthError {
    return new BerthError(code, message, { remedy, budget });
  }
}

/** Anything thrown → a BerthError; what is not ours becomes `fallback` with the original as its `cause`. */
export function toBerthError(thrown: unknown, fallback: ErrorCode = "internal"): BerthError {
  if (thrown instanceof BerthError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new BerthError(fallback, message, { cause: thrown });
}
