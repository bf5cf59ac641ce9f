/** The lines of a text that comes in pieces, without their ends. A last line without an end counts. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let begun: string[] = [];
  for await (const piece of pieces) {
    const lines = piece.split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      yield begun.join("") + line;
      begun = [];
    }
    if (last !== "") begun.push(last);
  }
  if (begun.length > 0) yield begun.join("");
}
