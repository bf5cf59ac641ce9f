/** The text itself, or its beginning and "…", which count as at most `length` characters. */
export function truncate(text, length) {
  const characters = [...text];
  return characters.length <= length ? text : characters.slice(0, length - 1).join("") + "…";
}
