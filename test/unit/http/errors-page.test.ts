import { expect, test } from "vitest";
import { errorsPage } from "../../../src/http/errors-page.ts";
import { generatedDoc } from "../../support/generated-doc.ts";

test("docs/errors.md says what the error table says", () => {
  const page = errorsPage();
  expect(generatedDoc("errors.md", page)).toBe(page);
});
