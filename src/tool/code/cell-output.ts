import { boundOutput } from "../bounded-output.ts";
import type { Frame } from "./frames.ts";

/** What is kept of the text that a cell prints, of each stream, and of the forms of its outputs, in UTF-16 units. */
const mostText = 65_536;
const mostForms = 393_216;
const mostOutputs = 50;

export interface RichOutput {
  readonly type: "result" | "display";
  readonly forms: Readonly<Record<string, string>>;
}

/** What came of one cell so far, within bounds whatever the cell writes. */
export class CellOutput {
  readonly #streams = { stdout: "", stderr: "" };
  readonly outputs: RichOutput[] = [];
  #error = "";
  #left = mostForms;
  truncated = false;

  take(frame: Exclude<Frame, { type: "done" }>): void {
    if (frame.type === "stream") this.#streams[frame.name] = this.#cut(this.#streams[frame.name] + frame.text);
    else if (frame.type === "error") this.#error = this.#cut(`${this.#error}${frame.text}\n`);
    else this.#keep(frame.type, frame.forms);
  }

  /** What was printed, and the traceback of an error, each apart. */
  get parts(): { readonly stdout: string; readonly stderr: string; readonly error: string } {
    return { ...this.#streams, error: this.#error };
  }

  /** As a model reads it: what was printed, the error, then each output by its plain text. */
  text(): string {
    const { stdout, stderr } = this.#streams;
    const parts = [
      stdout,
      stderr === "" ? "" : `[stderr]\n${stderr}`,
      this.#error === "" ? "" : `[error]\n${this.#error}`,
      ...this.outputs.map((output, index) => describe(output, index)),
    ];
    return parts
      .filter((part) => part !== "")
      .map(endLine)
      .join("");
  }

  #cut(text: string): string {
    if (text.length <= mostText) return text;
    this.truncated = true;
    return text.slice(0, mostText).toWellFormed();
  }

  #keep(type: RichOutput["type"], forms: Readonly<Record<string, string>>): void {
    const kept: Record<string, string> = {};
    for (const [mime, form] of Object.entries(forms)) {
      const size = JSON.stringify(form).length;
      if (size > this.#left || this.outputs.length === mostOutputs) {
        this.truncated = true;
        continue;
      }
      this.#left -= size;
      kept[mime] = form;
    }
    if (Object.keys(kept).length > 0) this.outputs.push({ type, forms: kept });
  }
}

function describe({ type, forms }: RichOutput, index: number): string {
  const { "text/plain": plain = "", ...rich } = forms;
  const others = Object.entries(rich).map(([mime, form]) => `${mime} (${form.length} characters)`);
  const note = others.length === 0 ? "" : `\n[outputs[${index}] has also ${others.join(", ")}]`;
  return `[${type}]\n${boundOutput(plain, mostText).output}${note}`;
}

const endLine = (part: string): string => (part.endsWith("\n") ? part : `${part}\n`);
