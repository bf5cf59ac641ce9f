import { maxMessageBytes, type FunctionCallOutput } from "./wire.ts";

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** The first and the last characters of a text, and how much is missing between them. Characters are never cut in two. */
function shortened(text: string, kept: number): string {
  const characters = Array.from(text);
  const half = Math.floor(kept / 2);
  const left = characters.length - 2 * half;
  return `${characters.slice(0, half).join("")}\n[… ${left} characters left out …]\n${characters.slice(-half).join("")}`;
}

/** Cuts the middle out of an output that would make the whole message larger than the trainer takes: escapes make text up to six times as long. */
export function fitted(answer: FunctionCallOutput): FunctionCallOutput {
  const size = bytesOf(answer);
  if (size <= maxMessageBytes) return answer;
  for (
    let kept = Math.floor((answer.output.length * maxMessageBytes) / size);
    kept > 1;
    kept = Math.floor(kept * 0.9)
  ) {
    const cut = { ...answer, output: shortened(answer.output, kept) };
    if (bytesOf(cut) <= maxMessageBytes) return cut;
  }
  return { ...answer, output: "" };
}
