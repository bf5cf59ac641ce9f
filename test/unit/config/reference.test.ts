import { expect, test } from "vitest";
import { configurationPage } from "../../../src/config/reference.ts";
import { generatedDoc } from "../../support/generated-doc.ts";

test("docs/configuration.md says what the configuration schema says", () => {
  const page = configurationPage();
  expect(generatedDoc("configuration.md", page)).toBe(page);
});
