import { expect, test } from "vitest";
import { builtinTools } from "../../../src/tool/builtin-tools.ts";
import { toolsDocument } from "../../../src/tool/document.ts";
import { createToolRegistry } from "../../../src/tool/registry.ts";
import { generatedDoc } from "../../support/generated-doc.ts";

test("docs/tools.md says what the registry says", () => {
  const page = toolsDocument(createToolRegistry(builtinTools));
  expect(generatedDoc("tools.md", page)).toBe(page);
});
