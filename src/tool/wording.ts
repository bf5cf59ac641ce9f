const quotedLength = 200;

/** One line as it is quoted in messages: at most 200 characters, without its line end. */
export function quoteLine(line: string): string {
  if (line.length > quotedLength) return `\`${line.slice(0, quotedLength - 1).toWellFormed()}…\``;
  return `\`${line.trimEnd() === "" ? line.replaceAll(/[\r\n]/g, "") : line.trimEnd()}\``;
}

/** `1 line`, `2 lines`. */
export const counted = (count: number, word: string, plural = `${word}s`): string =>
  `${count} ${count === 1 ? word : plural}`;

/** `1, 2, 3 and 9 more`. */
export function listed(items: readonly (string | number)[], most = 20): string {
  const shown = items.slice(0, most).join(", ");
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}

/** Messages of the guest are phrases; another sentence may follow this. */
export const asSentence = (message: string): string => (/[.!?:;\n]$/.test(message) ? message : `${message}.`);
