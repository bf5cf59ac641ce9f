import { z } from "zod";
import { BerthError } from "../core/errors.ts";
import type { Tool } from "./tool.ts";

/** The longest text of arguments, in UTF-16 units. */
const maxArgumentsLength = 1_000_000;
const mostProblems = 5;

/**
 * Checks what a model sent against the tool's schema. `null` for a field counts as leaving it out, as models that must
 * name every field write it; an empty string counts as `{}`.
 * @throws BerthError `invalid_arguments` naming each field that is wrong and what was expected
 */
export function parseArguments<Arguments extends z.ZodType>(tool: Tool<Arguments>, raw: unknown): z.output<Arguments> {
  const value = typeof raw === "string" ? parseJson(tool, raw) : raw;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(tool, [`the arguments must be a JSON object, not ${kindOf(value)}`]);
  }
  const given = Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
  const parsed = tool.arguments.safeParse(given, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => describeIssue(issue));
  const shown = problems.slice(0, mostProblems);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
  throw invalid(tool, shown);
}

function parseJson(tool: Tool, text: string): unknown {
  if (text.trim() === "") return {};
  if (text.length > maxArgumentsLength) {
    throw invalid(tool, [`they have ${text.length} characters; the most is ${maxArgumentsLength}`]);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BerthError("invalid_arguments", `The arguments of ${tool.name} are not JSON: ${reason}.`, {
      remedy: 'Send one complete JSON object; in its strings write line ends as \\n and double quotes as \\".',
    });
  }
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const field = fieldName(issue.path);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => `there is no argument \`${shorten(key)}\``);
  if (issue.code === "invalid_type" && issue.input === undefined)
    return [`${field} is missing (${nameType(issue.expected)})`];
  if (issue.code === "invalid_type")
    return [`${field} must be ${nameType(issue.expected)}, not ${kindOf(issue.input)}`];
  if (issue.code === "invalid_value")
    return [`${field} must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`];
  if (issue.code === "too_big") return [`${field} is too big: at most ${issue.maximum}${unitOf(issue.origin)}`];
  if (issue.code === "too_small") return [`${field} is too small: at least ${issue.minimum}${unitOf(issue.origin)}`];
  return [`${field} ${issue.message}`];
}

const unitOf = (origin: string): string => (origin === "string" ? " characters" : origin === "array" ? " items" : "");

function fieldName(path: readonly PropertyKey[]): string {
  const name = path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${String(key)}`))
    .join("");
  return `\`${shorten(name)}\``;
}

const shorten = (name: string): string => (name.length > 80 ? `${name.slice(0, 79)}…` : name);

function nameType(expected: string): string {
  if (expected === "int") return "a whole number";
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "number" ? `the number ${value}` : nameType(typeof value);
}

function invalid(tool: Tool, problems: readonly string[]): BerthError {
  const taken =
    tool.arguments instanceof z.ZodObject
      ? Object.entries(tool.arguments.shape).map(([name, field]) => describeField(name, field))
      : [];
  return new BerthError("invalid_arguments", `Wrong arguments for ${tool.name}: ${problems.join("; ")}.`, {
    remedy: `Call the tool again; it takes: ${taken.join(", ")}.`,
  });
}

const describeField = (name: string, field: unknown): string =>
  field instanceof z.ZodOptional || field instanceof z.ZodDefault ? `${name} (optional)` : name;
