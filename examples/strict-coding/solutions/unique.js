/** The first member of each key, in the order of the list. Keys are any values: 1 and "1" are two. */
export function unique(list, keyOf = (member) => member) {
  const byKey = new Map();
  for (const member of list) {
    const key = keyOf(member);
    if (!byKey.has(key)) byKey.set(key, member);
  }
  return [...byKey.values()];
}
