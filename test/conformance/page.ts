/** What a provider was seen to do. */
export interface Cell {
  readonly provider: string;
  readonly group: string;
  readonly behaviour: string;
  readonly shown: string;
}

/** A cell's text may have bars of its own, which are escaped. */
const bar = /(?<!\\)\|/;
const written = (text: string): string => text.replaceAll("|", "\\|");
const read = (text: string): string => text.trim().replaceAll("\\|", "|");

/** What a page says of each provider. */
export function cellsOfPage(page: string): Cell[] {
  const cells: Cell[] = [];
  let group = "";
  let providers: string[] = [];
  for (const line of page.split("\n")) {
    if (line.startsWith("## ")) group = line.slice(3);
    if (!line.startsWith("| ")) continue;
    const [first = "", ...rest] = line.split(bar).slice(1, -1).map(read);
    if (first === "behaviour") providers = rest;
    else if (first !== "---")
      cells.push(...providers.map((provider, at) => ({ provider, group, behaviour: first, shown: rest[at] ?? "–" })));
  }
  return cells;
}

/** The page of what was shown now, with the columns of `earlier` of providers that were not run, in the order of `providers`. */
export function pageOf(now: readonly Cell[], earlier: readonly Cell[], providers: readonly string[]): string {
  const isNew = new Set(now.map(({ provider }) => provider));
  const cells = [...now, ...earlier.filter(({ provider }) => !isNew.has(provider))];
  const columns = providers.filter((name) => cells.some(({ provider }) => provider === name));
  const lines = [
    "# Conformance",
    "",
    "Every provider runs one suite, `test/conformance`. This page is written by it: `UPDATE_DOCS=1 npm run test:conformance`. A provider",
    "that was not run keeps its column. ✓ is shown; a gap is what the provider declares that it cannot do, with its reason.",
  ];
  for (const group of new Set(now.map((cell) => cell.group))) {
    const ofGroup = cells.filter((cell) => cell.group === group);
    lines.push(
      "",
      `## ${group}`,
      "",
      `| behaviour | ${columns.join(" | ")} |`,
      `| --- |${" --- |".repeat(columns.length)}`,
    );
    for (const behaviour of new Set(now.filter((cell) => cell.group === group).map((cell) => cell.behaviour))) {
      const shown = columns.map(
        (name) => ofGroup.find((cell) => cell.provider === name && cell.behaviour === behaviour)?.shown ?? "–",
      );
      lines.push(`| ${[behaviour, ...shown].map(written).join(" | ")} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
