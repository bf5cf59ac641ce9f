/** Until a tenth of the places is free: sooner, most of those who come again would be refused again. */
const PART = 1 / 10;
const LONGEST_SECONDS = 300;
/** While nobody knows how fast places come free. */
const UNKNOWN_SECONDS = 5;

/** When one who finds no place may find one, from how many come free in a second: whole seconds, 1 to 300. */
export function secondsUntilRoom(places: number, perSecond: number | undefined): number {
  if (perSecond === undefined) return UNKNOWN_SECONDS;
  const wanted = Math.max(1, places * PART);
  return Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil(wanted / perSecond)));
}
