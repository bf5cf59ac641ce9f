import { test } from "vitest";
import { errorsPage } from "../../../src/http/errors-page.ts";
import { expectGeneratedDoc } from "../../support/generated-doc.ts";

test("docs/errors.md says what the error table says", () => {
  expectGeneratedDoc("errors.md", errorsPage());
});
