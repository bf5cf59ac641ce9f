import { test } from "vitest";
import { configurationPage } from "../../../src/config/reference.ts";
import { expectGeneratedDoc } from "../../support/generated-doc.ts";

test("docs/configuration.md says what the configuration schema says", () => {
  expectGeneratedDoc("configuration.md", configurationPage());
});
