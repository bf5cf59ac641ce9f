/** Whose turn it is. */
export interface Place {
  /** Who asks, by the name of the key: keys take turns, however many groups each has. */
  readonly key: string;
  /** Groups of one key take turns, however many each has waiting. */
  readonly group: string;
}
