/** The text itself, or its beginning and "…", which count as at most `length` characters. */
export function truncate(text, length) {
  return text.length <= length ? text : text.slice(0, length) + "…";
}
