/** The tables. Times are ISO 8601 text in UTC; what is called `json` is text that a model's schema can parse. */
export interface Tables {
  environments: {
    name: string;
    json: string;
    base_dir: string | null;
    registered_at: string;
  };
  rollouts: {
    id: string;
    environment: string;
    environment_json: string;
    base_dir: string | null;
    group_name: string | null;
    labels_json: string;
    status: string;
    provider: string;
    snapshot: string | null;
    error_json: string | null;
    verdict_json: string | null;
    /** What the verdict took for the policy's last message. */
    answer_json: string | null;
    created_at: string;
    active_at: string | null;
    first_result_at: string | null;
    ended_at: string | null;
    /** Of whoever holds the rollout; null when it was given back. */
    controller_id: string | null;
    epoch: number;
    created_by: string | null;
    ready_by: string | null;
    /** Of `error_json` and `verdict_json`, what summaries count. */
    error_code: string | null;
    error_cause: string | null;
    error_budget: string | null;
    verdict_status: string | null;
    reward: number | null;
    verdict_code: string | null;
    verdict_cause: string | null;
  };
  tool_calls: {
    rollout_id: string;
    call_id: string;
    seq: number;
    tool: string;
    effect: string | null;
    arguments_json: string;
    state: string;
    result_json: string | null;
    started_at: string;
    duration_ms: number | null;
  };
  change_sets: {
    rollout_id: string;
    json: string;
  };
  regradings: {
    rollout_id: string;
    id: string;
    graded_at: string;
    json: string;
  };
  egress: {
    rollout_id: string;
    allowed: number;
    denied: number;
    denials_json: string;
  };
  /** Append-only but for what is too old. */
  audit: {
    id: string;
    at: string;
    actor: string;
    action: string;
    kind: string;
    subject: string;
    rollout_id: string | null;
    why: string | null;
  };
  sandbox_intents: {
    id: string;
    provider: string;
    purpose: string;
    incarnation: string;
    /** Of whoever asked for the sandbox, or took it over. */
    controller_id: string | null;
  };
  controllers: {
    id: string;
    role: string;
    url: string | null;
    started_at: string;
    /** Unix milliseconds by the database's clock. */
    lease_until: number;
  };
  /** One row: the identity of this installation, the owner on every sandbox. */
  installation: {
    key: string;
    value: string;
  };
}

export type RolloutRow = Tables["rollouts"];
export type ToolCallRow = Tables["tool_calls"];
