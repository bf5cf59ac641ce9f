/** Splits whole cents among people: the shares add up, differ by at most one cent, and the larger come first. */
export function shares(cents, people) {
  const least = Math.floor(cents / people);
  const left = cents - least * people;
  return Array.from({ length: people }, (_, person) => (person < left ? least + 1 : least));
}
