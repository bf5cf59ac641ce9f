/** One question to a judge: everything that it is told. */
export interface JudgeQuestion {
  readonly system: string;
  /** Holds what the policy wrote, between delimiters. */
  readonly user: string;
  /** The only acceptable form of the reply. */
  readonly schema: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> };
  /** The endpoint's name of a model; undefined for the one that the controller was given. */
  readonly model: string | undefined;
}

export interface JudgeReply {
  /** As it came: whoever asked checks it against the schema. */
  readonly text: string;
  readonly model: string;
  /** False where the endpoint does not take a schema, so that only the words of the question ask for it. */
  readonly schemaEnforced: boolean;
}

/** A language model that answers by a schema. */
export interface JudgeModel {
  /**
   * Ends within the judge's own deadline, repetitions included.
   * @throws BerthError `grader_failed` when the endpoint refuses or cannot be reached, `grader_timeout` when it takes too
   * long; the signal's reason when it aborts
   */
  ask(question: JudgeQuestion, signal: AbortSignal): Promise<JudgeReply>;
}
