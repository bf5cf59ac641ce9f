import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A page of docs/, whole. */
export const pageText = (page: string): string => readFileSync(join(import.meta.dirname, "../../docs", page), "utf8");

/** The blocks of one language that a page of docs/ shows, in their order; those within lists without the list's indent. */
export function examplesOfPage(page: string, language: string): string[] {
  const blocks = pageText(page).matchAll(/^(?<indent> *)```(?<name>\w+)\n(?<content>.*?)^\k<indent>```$/gms);
  return [...blocks].flatMap(({ groups: { indent = "", name = "", content = "" } = {} }) =>
    name === language ? [content.replaceAll(new RegExp(`^${indent}`, "gm"), "")] : [],
  );
}
