/** Whether two values of JSON, or undefined or NaN within them, are the same; the order of keys makes no difference. */
export function equal(a, b) {
  if (typeof a !== "object" || a === null) return a === b;
  return Object.keys(a).every((key) => equal(a[key], b[key]));
}
