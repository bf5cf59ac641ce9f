import { BerthError } from "../../core/errors.ts";
import type { TestFramework, TestsGraderSpec } from "../../model/graders/tests.ts";
import type { Framework } from "./framework.ts";
import { go } from "./go.ts";
import { jest } from "./jest.ts";
import { node } from "./node.ts";
import { pytest } from "./pytest.ts";
import { tap } from "./tap.ts";
import { vitest } from "./vitest.ts";

const frameworks: Readonly<Record<TestFramework, Framework>> = { pytest, vitest, jest, node, tap, go };

/**
 * The framework that a task names, or the one whose name stands in its command.
 * @throws BerthError `invalid_environment` when the command names none, or several
 */
export function frameworkOf(spec: Pick<TestsGraderSpec, "framework" | "command">): Framework {
  if (spec.framework !== undefined) return frameworks[spec.framework];
  const named = Object.values(frameworks).filter(({ command }) => command.test(spec.command));
  const [only] = named;
  if (only !== undefined && named.length === 1) return only;
  const found =
    named.length === 0 ? "no test framework" : `several test frameworks (${named.map(({ name }) => name).join(", ")})`;
  throw new BerthError(
    "invalid_environment",
    `The command of the tests grader names ${found}: ${spec.command.slice(0, 200)}`,
    {
      remedy: `Set the grader's framework to one of ${Object.keys(frameworks).join(", ")}.`,
    },
  );
}
