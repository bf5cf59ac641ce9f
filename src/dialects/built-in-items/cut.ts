const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00;

/** The first half and the last of what may stay, in UTF-16 code units; no character is cut in two. */
export function cutTo(text: string, most: number): string {
  if (text.length <= most) return text;
  const tailLength = Math.floor(most / 2);
  let headEnd = most - tailLength;
  let tailStart = text.length - tailLength;
  if (headEnd > 0 && isHighSurrogate(text.charCodeAt(headEnd - 1))) headEnd--;
  if (tailStart > 0 && isHighSurrogate(text.charCodeAt(tailStart - 1))) tailStart++;
  return text.slice(0, headEnd) + text.slice(tailStart);
}
