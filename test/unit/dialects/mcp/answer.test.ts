import { expect, test } from "vitest";
import { answerOf } from "../../../../src/dialects/mcp/answer.ts";

const result = {
  output: "[picture]\n",
  truncated: false,
  call_id: "c",
  tool: "browser_screenshot",
  duration_ms: 1,
  replayed: false,
};

test("a picture comes as an image beside the text", () => {
  const images = [{ media_type: "image/png" as const, data: "iVBORw0=", width: 4, height: 3 }];
  expect(answerOf({ ...result, images }).content).toEqual([
    { type: "text", text: "[picture]\n" },
    { type: "image", data: "iVBORw0=", mimeType: "image/png" },
  ]);
});

test("without a picture there is the text alone", () => {
  expect(answerOf(result).content).toEqual([{ type: "text", text: "[picture]\n" }]);
});
