/** Orders versions such as "1.10.2", for sort(); parts that are left out are 0. */
export function byVersion(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
