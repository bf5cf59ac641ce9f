const seconds = { s: 1, m: 60, h: 3600 };

/** Seconds of a text such as "90s", "1h 30m" or "2h5m"; undefined for anything else. */
export function duration(text) {
  const [, count, unit] = /(\d+)\s*([hms])/.exec(text) ?? [];
  return count && Number(count) * seconds[unit];
}
