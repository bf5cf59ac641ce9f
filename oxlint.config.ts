import { defineConfig, type OxlintOverride } from "oxlint";
import { adapters, layers, tops } from "./test/architecture/layers.ts";

/** Refuses relative imports that climb out of the folder and end in one of `targets`. */
function refuse(folder: string, targets: readonly string[]): OxlintOverride {
  const climbing = targets.map((target) => target.replaceAll(".", "\\.")).join("|");
  const pattern = {
    regex: `^(\\.\\./)+(${climbing})(/|$)`,
    message: "Imports go one way: see test/architecture/layers.ts.",
  };
  return { files: [`src/${folder}/**`], rules: { "no-restricted-imports": ["error", { patterns: [pattern] }] } };
}

const laterThan = (layer: string) => layers.slice(layers.findIndex((name) => name === layer) + 1);

/** What an editor shows at once; test/architecture proves the same, and more, from resolved paths. */
const oneWay = [
  ...layers.map((layer) => refuse(layer, [...laterThan(layer), ...adapters, ...tops])),
  ...adapters.map((adapter) => {
    const [layer = "", own = ""] = adapter.split("/");
    const others = adapters.filter((other) => other !== adapter).flatMap((other) => [other, other.split("/")[1] ?? ""]);
    return refuse(`${layer}/${own}`, [...laterThan(layer), ...others, ...tops]);
  }),
];

export default defineConfig({
  plugins: ["typescript", "unicorn", "oxc", "import", "promise", "node", "vitest"],
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: "error" },
  env: { node: true, es2024: true },
  ignorePatterns: [
    "node_modules",
    "dist",
    "build",
    "reports",
    "coverage",
    "test/fixtures",
    "examples/*/workspace",
    "examples/*/hidden",
    "examples/*/solutions",
    "clients",
    "guest",
  ],
  categories: { correctness: "error", suspicious: "error" },
  rules: {
    eqeqeq: "error",
    "no-else-return": "error",
    "no-shadow": "off",
    "no-underscore-dangle": "off",
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "import/no-default-export": "error",
    "import/no-named-as-default-member": "off",
    "import/no-unassigned-import": "off",
    "node/no-process-env": "error",
    "promise/always-return": "off",
    "typescript/consistent-return": "off",
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/no-unsafe-argument": "error",
    "typescript/no-unsafe-assignment": "error",
    "typescript/no-unsafe-call": "error",
    "typescript/no-unsafe-member-access": "error",
    "typescript/no-unsafe-return": "error",
    // Narrowing what zod or a table of ours has already checked needs an assertion; from `any` it stays refused above.
    "typescript/no-unsafe-type-assertion": "off",
    "typescript/only-throw-error": "error",
    "typescript/prefer-promise-reject-errors": "off",
    "typescript/return-await": ["error", "error-handling-correctness-only"],
    "typescript/switch-exhaustiveness-check": "error",
    "unicorn/consistent-function-scoping": "off",
    "unicorn/no-array-sort": "off",
    // For windows of a browser; a thread's port has no origin.
    "unicorn/require-post-message-target-origin": "off",
    // Pairs of an argument list stand on a line of their own: `...["--root", root]`.
    "unicorn/no-useless-spread": "off",
  },
  overrides: [
    ...oneWay,
    {
      files: ["src/config/**", "test/**", "bench/**", "examples/runner/main.ts", "*.config.ts"],
      rules: { "node/no-process-env": "off" },
    },
    { files: ["*.config.ts"], rules: { "import/no-default-export": "off" } },
    {
      files: ["test/**"],
      rules: {
        "typescript/no-non-null-assertion": "off",
        "typescript/no-unsafe-assignment": "off",
        "typescript/no-unsafe-member-access": "off",
        "typescript/only-throw-error": "off",
        "vitest/expect-expect": ["error", { assertFunctionNames: ["expect", "expect*", "assert*"] }],
        "vitest/no-conditional-expect": "off",
        // Fixtures expect too.
        "vitest/no-standalone-expect": "off",
        "vitest/require-mock-type-parameters": "off",
        "vitest/valid-expect": ["error", { maxArgs: 2 }],
      },
    },
    {
      // Behaviours are data that a loop registers once for each provider.
      files: ["test/conformance/**"],
      rules: {
        "no-empty-pattern": "off",
        "vitest/expect-expect": "off",
        "vitest/no-conditional-tests": "off",
        "vitest/no-standalone-expect": "off",
        "vitest/valid-expect": ["error", { maxArgs: 2 }],
        "vitest/valid-title": "off",
      },
    },
  ],
});
