const seconds = { s: 1, m: 60, h: 3600 };

/** Seconds of a text such as "90s", "1h 30m" or "2h5m"; undefined for anything else. */
export function duration(text) {
  if (!/^\s*(?:\d+\s*[hms]\s*)+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)\s*([hms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * seconds[unit],
    0,
  );
}
