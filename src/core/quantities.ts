const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** 1000 to the unit, three digits: `512 B`, `1.23 MB`. */
export function bytesInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < UNITS.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${UNITS[unit]}`;
}
