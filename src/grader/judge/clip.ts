/** A text of at most `most` characters, or its head and its tail with a line between them that says what is missing. */
export function clip(text: string, most: number): { text: string; clipped: number } {
  if (text.length <= most) return { text, clipped: 0 };
  const half = Math.floor(most / 2);
  const clipped = text.length - 2 * half;
  const head = text.slice(0, half).toWellFormed();
  const tail = text.slice(text.length - half).toWellFormed();
  return { text: `${head}\n[${clipped} characters left out here]\n${tail}`, clipped };
}
