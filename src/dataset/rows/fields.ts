import { environmentName } from "../../model/environment.ts";
import { Unusable } from "../task.ts";
import type { Row } from "./row-format.ts";

/** @throws Unusable when the field is no text, or empty */
export function text(row: Row, field: string): string {
  const value = row[field];
  if (typeof value !== "string" || value === "") throw new Unusable(`${field} is missing`);
  return value;
}

export function optionalText(row: Row, field: string): string | undefined {
  const value = row[field];
  return typeof value === "string" && value !== "" ? value : undefined;
}

export const has = (row: Row, ...fields: readonly string[]): boolean =>
  fields.every((field) => row[field] !== undefined && row[field] !== null);

/** A list of texts, also when it is written as JSON in a text. @throws Unusable */
export function texts(row: Row, field: string): string[] {
  const value = row[field];
  const list = typeof value === "string" ? parsed(value, field) : (value ?? []);
  if (!Array.isArray(list) || !list.every((one) => typeof one === "string"))
    throw new Unusable(`${field} is no list of texts`);
  return list;
}

/** An object, also when it is written as JSON in a text. @throws Unusable */
export function object(row: Row, field: string): Row {
  const value = row[field];
  const found = typeof value === "string" ? parsed(value, field) : value;
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw new Unusable(`${field} is no object`);
  return found as Row;
}

function parsed(value: string, field: string): unknown {
  try {
    return JSON.parse(value);
  } catch (error) {
    throw new Unusable(`${field} is no JSON`, { cause: error });
  }
}

/** @throws Unusable when no environment can have the name */
export function nameOf(id: string): string {
  if (!environmentName.safeParse(id).success)
    throw new Unusable(`no environment can be named ${JSON.stringify(id.slice(0, 80))}`);
  return id;
}

/** The two lists, without what both have in the second. @throws Unusable when both are empty */
export function testIds(row: Row, must: string, still: string): { failToPass: string[]; passToPass: string[] } {
  const failToPass = [...new Set(texts(row, must))];
  const passToPass = [...new Set(texts(row, still))].filter((id) => !failToPass.includes(id));
  if (failToPass.length + passToPass.length === 0) throw new Unusable(`${must} and ${still} are empty`);
  return { failToPass, passToPass };
}

/** Fills `{field}` in a template from the row. */
export const filled = (template: string, row: Row): string =>
  template.replaceAll(/\{(\w+)\}/g, (all, field: string) => optionalText(row, field) ?? all);
