import { expect, test } from "vitest";
import { builtinTools } from "../../../src/tool/builtin-tools.ts";
import { generatedDoc } from "../../support/generated-doc.ts";
import { builtinToolsModule, typescriptOf } from "../../support/typescript-of-schema.ts";

test("src/client/builtin-tools.ts says what the registry says", () => {
  const written = builtinToolsModule(builtinTools);
  expect(generatedDoc("../src/client/builtin-tools.ts", written)).toBe(written);
});

test("fields with a default may be left out, and a choice is a union", () => {
  const schema = {
    type: "object",
    properties: {
      to: { enum: ["a", "b"] },
      at: { type: "array", items: { type: "integer" } },
      by: { anyOf: [{ type: "string" }, {}] },
    },
    required: ["to"],
  };
  expect(typescriptOf(schema)).toBe(
    '{\n  readonly to: "a" | "b";\n  readonly at?: readonly (number)[];\n  readonly by?: string | unknown;\n}',
  );
});
