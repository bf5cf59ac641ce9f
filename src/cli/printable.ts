// ESC [ … final, ESC ] … BEL or ST, ESC P/X/^/_ … ST, and any other escape; the one-byte forms of C1 too. A sequence that
// never ends is cut at its introducer, so that it cannot swallow the text behind it; another introducer ends it, so that many of them
// are looked at once.
const sequences =
  // oxlint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u0090\u0098\u009c-\u009f]{0,4096}(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]?/g;

// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

// Marks that reorder or hide text: bidirectional controls, zero-width characters and letters without a shape, line separators,
// annotations, tags and the variation selectors that can carry words.
const invisible =
  // oxlint-disable-next-line no-misleading-character-class
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

/**
 * Text from inside a sandbox → text that a terminal can only show: no escape sequences, no control characters but
 * newline and tab, nothing that reorders or hides. A carriage return becomes a newline, so that no line is overwritten.
 */
export function printable(text: string): string {
  return text.replace(sequences, "").replace(/\r\n?/g, "\n").replace(controls, "").replace(invisible, "");
}

/** Code points: close enough to columns, and no character is cut in half by them. */
export const codePoints = (text: string): string[] => Array.from(text);

/** The same on one line, cut to `width` characters. */
export function printableLine(text: string, width = 200): string {
  const line = printable(text).replace(/\s+/g, " ").trim();
  const characters = codePoints(line);
  return characters.length > width ? `${characters.slice(0, width - 1).join("")}…` : line;
}
