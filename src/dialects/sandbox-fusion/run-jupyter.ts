import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { runCell, type CellRun } from "../../tool/code/kernel.ts";
import type { DoorTool, ToolContext } from "../../tool/tool.ts";
import type { CellResult, CommandResult, RunJupyterRequest } from "./wire.ts";
import { fetchFiles, putFiles } from "./workspace.ts";

const exitNotFound = 127;
/** Of all cells together, in UTF-16 units: a record keeps them. */
const mostText = 700_000;

/** What the record keeps of a request: files by their length. */
export const cellFacts = ({ files, ...request }: RunJupyterRequest): Record<string, unknown> => ({
  ...request,
  files: Object.fromEntries(Object.entries(files).map(([path, content]) => [path, content?.length ?? 0])),
});

/** Runs cells one after the other in one Python, also after one that raised an error; stops where the time is over or Python has ended. */
export const runJupyter = (request: RunJupyterRequest): DoorTool => ({
  name: "sandbox_fusion_run_jupyter",
  description: "A request of a SandboxFusion client.",
  effect: "write",
  arguments: z.looseObject({}),
  needs: ["run_cell"],
  async run(context) {
    await putFiles(request.files, context);
    const began = context.clock.monotonic();
    const { cells, end } = await runCells(request, context);
    const driver = driverOf(end, (context.clock.monotonic() - began) / 1000);
    const fetched = await fetchFiles(request.fetch_files, context);
    const status = driver.return_code === 0 ? "Success" : "Failed";
    const answer = { status, driver, cells, ...fetched };
    return { output: cells.map(({ stdout, stderr }) => stdout + stderr).join(""), data: { answer } };
  },
});

type End = "finished" | "late" | { readonly ended: CellRun["state"]["outcome"] };

async function runCells(
  { cells, cell_timeout: each, total_timeout: total }: RunJupyterRequest,
  context: ToolContext,
): Promise<{ cells: CellResult[]; end: End }> {
  const deadline = context.clock.monotonic() + Math.min(context.mostMs, total * 1000);
  const results: CellResult[] = [];
  let room = mostText;
  for (const [index, code] of cells.entries()) {
    const leftMs = deadline - context.clock.monotonic();
    if (leftMs <= 0) return { cells: results, end: "late" };
    if (code.trim() === "") {
      results.push({ stdout: "", stderr: "", display: [], error: [] });
      continue;
    }
    const timeoutMs = Math.ceil(each === 0 ? leftMs : Math.min(leftMs, each * 1000));
    const own = { ...context, callId: `${context.callId}~${index}` };
    const run = await runCell(own, { language: "python", code, timeoutMs });
    assertThere(run);
    const result = fitted(resultOf(run), room);
    room -= JSON.stringify(result).length;
    results.push(result);
    if (run.end === "interrupted" || run.end === "killed") return { cells: results, end: "late" };
    if (run.end === "ended") return { cells: results, end: { ended: run.state.outcome } };
  }
  return { cells: results, end: "finished" };
}

/** @throws BerthError `interpreter_missing` */
function assertThere({ end, fresh, state: { outcome } }: CellRun): void {
  if (end === "ended" && fresh && outcome?.type === "exited" && outcome.code === exitNotFound)
    throw new BerthError("interpreter_missing", "There is no Python 3 in this sandbox.");
}

function resultOf({ output }: CellRun): CellResult {
  const { stdout, stderr, error } = output.parts;
  const display = output.outputs.map(({ forms }) => ({ ...forms }));
  return { stdout, stderr, display, error: error === "" ? [] : [errorOf(error)] };
}

/** Without what there is no room for any more, which is said. */
function fitted(result: CellResult, room: number): CellResult {
  if (JSON.stringify(result).length <= room) return result;
  const note = "[… left out: the cells gave more than is given …]\n";
  return { stdout: "", stderr: note, display: [], error: result.error.map((error) => ({ ...error, traceback: [] })) };
}

/** The last line of a traceback names the error and says what it says. */
function errorOf(text: string): CellResult["error"][number] {
  const lines = text.trimEnd().split("\n");
  const { name = "", said = "" } =
    /^(?<name>[\w.]+)(?:: (?<said>.*))?$/.exec(lines.findLast((line) => /^[\w.]+(?:: |$)/.test(line)) ?? "")?.groups ??
    {};
  return { ename: name, evalue: said, traceback: lines };
}

function driverOf(end: End, seconds: number): CommandResult {
  const told = { execution_time: seconds, stdout: "", stderr: "" };
  if (end === "finished") return { ...told, status: "Finished", return_code: 0 };
  if (end === "late") return { ...told, status: "TimeLimitExceeded", return_code: null };
  const { ended } = end;
  return { ...told, status: "Error", return_code: ended?.type === "exited" ? ended.code || 1 : null };
}
