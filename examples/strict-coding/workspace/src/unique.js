/** The first member of each key, in the order of the list. Keys are any values: 1 and "1" are two. */
export function unique(list, keyOf = (member) => member) {
  const byKey = {};
  for (const member of list) byKey[keyOf(member)] = member;
  return Object.values(byKey);
}
