/** Ends a request early; without a deadline of its own a request ends at the client's default of 30 s. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}
