/** People want a line now and then, and none at all of what is over at once. */
const PAUSE_MS = 2_000;

/** Passes on at most one report in each 2 s, none in the first 2; the others are dropped. */
export function paced<T>(report: (event: T) => void): (event: T) => void {
  let last = performance.now();
  return (event) => {
    if (performance.now() - last < PAUSE_MS) return;
    last = performance.now();
    report(event);
  };
}
