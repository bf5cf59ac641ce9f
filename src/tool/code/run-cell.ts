import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { countField } from "../fields.ts";
import { defineTool } from "../tool.ts";
import { runCell, type CellRun } from "./kernel.ts";
import { languageNames, languages, type LanguageName } from "./languages.ts";

const maxCodeBytes = 131_072;
const exitNotFound = 127;

export const runCellTool = defineTool({
  name: "run_cell",
  description: `Runs code in a Python or Node process that stays: variables, imports and open files are there for the next cell.
The value of the last expression comes back, and what display(value) is given; figures of matplotlib are shown. In Node a cell with await at its top level has const and let of its own: assign without them to keep a value. Standard input is empty.
A cell that takes longer than timeout_ms is interrupted; its variables stay unless it does not heed that.
Comes back: what was printed, errors, results as text. Other forms (HTML, images in base64) are in data.outputs.`,
  effect: "write",
  arguments: z.strictObject({
    language: z.enum(languageNames).default("python").describe("Which of the two processes runs it."),
    code: z
      .string()
      .min(1)
      .refine((code) => Buffer.byteLength(code) <= maxCodeBytes, { error: `must be at most ${maxCodeBytes} bytes` })
      .describe("The code, as in a cell of a notebook."),
    timeout_ms: countField(1, 600_000, 60_000, "Milliseconds after which the cell is interrupted."),
  }),
  async run(context, { language, code, timeout_ms: asked }) {
    const timeoutMs = Math.min(asked, context.mostMs);
    const run = await runCell(context, { language, code, timeoutMs });
    assertThere(run, language);
    const { output, end, fresh, state } = run;
    const note = describeEnd(run, timeoutMs);
    const text = `${output.text()}${output.truncated ? "[more came than is given]\n" : ""}${note}`;
    return {
      output: text === "" ? "[no output]\n" : text,
      ...(state.outcome === null ? {} : { outcome: state.outcome }),
      data: { language, status: end, new_process: fresh, outputs: output.outputs },
      truncated: output.truncated,
    };
  },
});

function assertThere({ end, fresh, state: { outcome } }: CellRun, language: LanguageName): void {
  if (end !== "ended" || !fresh || outcome?.type !== "exited" || outcome.code !== exitNotFound) return;
  throw new BerthError("interpreter_missing", `There is no ${languages[language].program} in this sandbox.`);
}

function describeEnd({ end, state: { outcome } }: CellRun, timeoutMs: number): string {
  switch (end) {
    case "ok":
    case "error":
      return "";
    case "interrupted":
      return `[interrupted after ${timeoutMs} ms; variables are kept]\n`;
    case "killed":
      return `[killed: it went on after ${timeoutMs} ms and did not heed an interrupt; the next cell starts anew, without its variables]\n`;
    case "ended":
      return `[the process ended: ${describe(outcome)}; the next cell starts anew, without its variables]\n`;
  }
}

function describe(outcome: CellRun["state"]["outcome"]): string {
  if (outcome?.type === "exited") return `exit code ${outcome.code}`;
  return outcome?.type === "signaled" ? `killed by ${outcome.signal}` : (outcome?.type ?? "unknown");
}
