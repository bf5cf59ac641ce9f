import type { z } from "zod";

type Issue = z.core.$ZodIssue;

const atRoot = (issues: readonly Issue[]): boolean =>
  issues.some((issue) => issue.path.length === 0 && issue.code === "invalid_type");

/** Of a failed union, the issues of the branch that the value was meant for: the one whose outermost type fits. */
function innermost(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const branches = issue.errors as readonly (readonly Issue[])[];
  const meant = branches.filter((branch) => !atRoot(branch));
  const branch = meant.length > 0 ? meant.toSorted((a, b) => a.length - b.length)[0] : undefined;
  if (!branch || branch.length === 0) return [{ ...issue, message: expectation(branches) ?? issue.message }];
  return branch.flatMap((inner) => innermost({ ...inner, path: [...issue.path, ...inner.path] }));
}

const typeNames: Readonly<Record<string, string>> = {
  object: "an object",
  record: "an object",
  array: "a list",
  string: "text",
};

/** What a value must be that no branch of a union takes: `must be text or an object`. */
function expectation(branches: readonly (readonly Issue[])[]): string | undefined {
  const types = branches
    .flat()
    .flatMap((issue) => (issue.path.length === 0 && issue.code === "invalid_type" ? [issue.expected] : []));
  const names = [...new Set(types.map((type) => typeNames[type] ?? `a ${type}`))];
  return names.length === 0 ? undefined : `must be ${names.join(" or ")}`;
}

const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key)),
    "",
  );

/** What a schema refused, for people: `budget.tool_calls: must be …; repo.commit: …`. At most five fields are named. */
export function describeIssues(issues: readonly Issue[]): string {
  const lines = issues.flatMap(innermost).map((issue) => {
    const field = fieldName(issue.path);
    return field ? `${field}: ${issue.message}` : issue.message;
  });
  const shown = [...new Set(lines)];
  const rest = shown.length - 5;
  return rest > 0 ? `${shown.slice(0, 5).join("; ")}; and ${rest} more` : shown.join("; ");
}
