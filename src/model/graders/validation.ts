import { z } from "zod";
import { partName } from "./part-name.ts";

/** Words of a command: a program and, where it needs one, what it is told to do. `*` ends a word that may go on. */
const commandPattern = z
  .string()
  .max(200)
  .regex(/^[^\s*]+\*?( [^\s*]+\*?)*$/, {
    error: "must be words with one space between them; '*' only at the end of a word",
  });

const weight = z.number().min(0).max(1000);

export const testCommands: readonly string[] = [
  ...["pytest", "py.test", "tox", "nox", "python -m unittest", "vitest", "jest", "mocha", "ava", "tape", "node --test"],
  ...["npm test", "npm t", "npm run test*", "pnpm test", "pnpm run test*", "yarn test*", "yarn run test*", "bun test"],
  ...["deno test", "go test", "gotestsum", "cargo test", "cargo nextest", "make test*", "make check", "ctest", "rspec"],
  ...["rake test*", "phpunit", "mvn test", "mvn verify", "gradle test", "gradlew test", "dotnet test", "bats"],
];

export const lintCommands: readonly string[] = [
  ...["eslint", "oxlint", "biome check", "biome lint", "tsc", "prettier --check", "ruff check", "ruff format --check"],
  ...[
    "flake8",
    "pylint",
    "mypy",
    "pyright",
    "black --check",
    "go vet",
    "staticcheck",
    "golangci-lint run",
    "cargo clippy",
  ],
  ...["cargo check", "shellcheck", "rubocop", "npm run lint*", "npm run typecheck*", "npm run check*", "pnpm lint*"],
  ...["pnpm run lint*", "yarn lint*", "yarn run lint*", "make lint*", "make vet"],
];

export const validationGraderSpec = z.strictObject({
  type: z.literal("validation"),
  name: partName.default("validation"),
  /** Commands that run tests, and those that look for mistakes without running the product. */
  tests: z
    .array(commandPattern)
    .max(200)
    .default([...testCommands]),
  lint: z
    .array(commandPattern)
    .max(200)
    .default([...lintCommands]),
  /** What each observation is worth; the reward is the share of what was seen. */
  weights: z
    .strictObject({ tests: weight.default(2), output: weight.default(1), lint: weight.default(1) })
    .refine(({ tests, output, lint }) => tests + output + lint > 0, { error: "must not all be 0" })
    .prefault({}),
});
export type ValidationGraderSpec = z.infer<typeof validationGraderSpec>;
