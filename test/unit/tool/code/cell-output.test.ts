import { expect, test } from "vitest";
import { CellOutput } from "../../../../src/tool/code/cell-output.ts";

test("whatever a cell writes, what is kept of it stays below what an answer may have", () => {
  const output = new CellOutput();
  for (let times = 0; times < 200; times += 1) {
    output.take({ id: "c", type: "stream", name: "stderr", text: "\u0000".repeat(20_000) });
    output.take({ id: "c", type: "error", text: "e".repeat(20_000) });
    output.take({
      id: "c",
      type: "display",
      forms: { "text/plain": "p".repeat(9_000), "image/png": "A".repeat(9_000) },
    });
  }
  expect(output.truncated).toBe(true);
  expect(output.outputs.length).toBeLessThanOrEqual(50);
  expect(JSON.stringify(output.outputs).length).toBeLessThan(500_000);
});
