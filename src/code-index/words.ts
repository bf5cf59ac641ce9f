/** Words shorter or longer than this are not looked for; the longer ones are data, not names. */
const leastLength = 2;
const mostLength = 64;

const identifier = /[\p{L}_$][\p{L}\p{N}_$]*|\p{N}{2,16}/gu;
const parts = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{Lo}+|\p{N}+/gu;

/**
 * The words of a text, lower-case: each name whole and, where it has several, its parts, so that `parseHttpHeader` and
 * `parse_http_header` are both found by `http header`.
 */
export function* wordsOf(text: string): Generator<string> {
  for (const [name] of text.matchAll(identifier)) {
    if (name.length < leastLength || name.length > mostLength) continue;
    const whole = name.toLowerCase();
    yield whole;
    if (isPlain(name)) continue;
    for (const [part] of name.matchAll(parts)) {
      const word = part.toLowerCase();
      if (word.length >= leastLength && word !== whole) yield word;
    }
  }
}

/** Lower-case Latin letters, perhaps with a capital first: a name of one part, as most are. */
function isPlain(name: string): boolean {
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    const isLower = code >= 97 && code <= 122;
    if (!isLower && !(at === 0 && code >= 65 && code <= 90)) return false;
  }
  return true;
}
