const escaped = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`;

/** Bytes as text; those that are no UTF-8 as `\xff`, or as `otherwise` has them. */
export function textOf(bytes: Buffer, otherwise: (byte: number) => string = escaped): string {
  const whole = bytes.toString("utf8");
  if (!whole.includes("\ufffd")) return whole;
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length;) {
    const length = characterBytes(bytes, at);
    if (length === 0) {
      parts.push(bytes.toString("utf8", from, at), otherwise(bytes[at] ?? 0));
      from = at + 1;
    }
    at += length || 1;
  }
  parts.push(bytes.toString("utf8", from));
  return parts.join("");
}

/** How many bytes the character at a place has: 0 where there is none. */
function characterBytes(bytes: Buffer, at: number): number {
  const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return 0;
  // Neither longer than need be, nor half of a pair, nor beyond the last character.
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  for (let next = at + 1; next < at + length; next += 1) if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}
