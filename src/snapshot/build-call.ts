/** How one who waits for a build follows it and leaves it. */
export interface BuildCall {
  readonly signal?: AbortSignal;
  /** One line about a step, for people; a long step says every few seconds how far it is. */
  readonly onProgress?: (message: string) => void;
}
