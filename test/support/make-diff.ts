/** One step of an edit script, in the order of the old text. */
export type Step = { readonly keep: string } | { readonly remove: string } | { readonly add: string };

export const oldLinesOf = (script: readonly Step[]): string[] =>
  script.flatMap((step) => ("keep" in step ? [step.keep] : "remove" in step ? [step.remove] : []));

export const newLinesOf = (script: readonly Step[]): string[] =>
  script.flatMap((step) => ("keep" in step ? [step.keep] : "add" in step ? [step.add] : []));

interface Range {
  start: number;
  end: number;
}

/** The steps around changes, `context` kept lines on each side, joined where they touch. */
function ranges(script: readonly Step[], context: number): Range[] {
  const found: Range[] = [];
  for (const [index, step] of script.entries()) {
    if ("keep" in step) continue;
    const [start, end] = [Math.max(0, index - context), Math.min(script.length, index + context + 1)];
    const last = found.at(-1);
    if (last && start <= last.end) last.end = end;
    else found.push({ start, end });
  }
  return found;
}

const lineOf = (step: Step): string =>
  "keep" in step ? ` ${step.keep}` : "remove" in step ? `-${step.remove}` : `+${step.add}`;

export function makeUnified(path: string, script: readonly Step[], context: number): string {
  const hunks = ranges(script, context).map(({ start, end }) => {
    const [before, body] = [script.slice(0, start), script.slice(start, end)];
    const header = (lines: (steps: readonly Step[]) => string[]) => {
      const count = lines(body).length;
      return `${lines(before).length + (count === 0 ? 0 : 1)},${count}`;
    };
    return [`@@ -${header(oldLinesOf)} +${header(newLinesOf)} @@`, ...body.map(lineOf)].join("\n");
  });
  return [`--- a/${path}`, `+++ b/${path}`, ...hunks].join("\n") + "\n";
}

export function makeV4a(path: string, script: readonly Step[], context: number): string {
  const hunks = ranges(script, context).map(({ start, end }) => {
    const atEnd = end === script.length ? ["*** End of File"] : [];
    return ["@@", ...script.slice(start, end).map(lineOf), ...atEnd].join("\n");
  });
  return ["*** Begin Patch", `*** Update File: ${path}`, ...hunks, "*** End Patch"].join("\n");
}
