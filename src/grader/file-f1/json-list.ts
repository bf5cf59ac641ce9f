/** Fields in which answers give their files. */
const listFields = [
  "files",
  "paths",
  "file_paths",
  "filepaths",
  "relevant_files",
  "files_to_change",
  "answer",
  "result",
];
const nameFields = ["path", "file", "file_path", "filepath", "filename", "name"];

/** How deep an answer may wrap its list. */
const deepest = 4;

/**
 * The names that an answer gives as JSON: the whole of it, or its last fenced block that is such a list. Undefined when
 * there is none. `["a"]`, `[{"path": "a"}]`, `{"files": […]}`, `{"path": "a"}`.
 */
export function jsonList(answer: string): string[] | undefined {
  for (const text of [answer, ...fencedBlocks(answer).toReversed()]) {
    const names = listIn(parsed(text), 0);
    if (names !== undefined) return names;
  }
  return undefined;
}

function fencedBlocks(answer: string): string[] {
  const blocks: string[] = [];
  let block: string[] | undefined;
  for (const line of answer.split("\n")) {
    if (!line.trimStart().startsWith("```")) block?.push(line);
    else if (block === undefined) block = [];
    else {
      blocks.push(block.join("\n"));
      block = undefined;
    }
  }
  return blocks;
}

function parsed(text: string): unknown {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return undefined;
  try {
    return JSON.parse(trimmed) as unknown;
  } catch {
    return undefined;
  }
}

function listIn(value: unknown, depth: number): string[] | undefined {
  if (depth > deepest || typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) {
    const names = value.map(nameOf);
    return names.some((name) => name === undefined) ? undefined : (names as string[]);
  }
  const fields = value as Readonly<Record<string, unknown>>;
  for (const field of listFields) {
    const list = Object.hasOwn(fields, field) ? listIn(fields[field], depth + 1) : undefined;
    if (list !== undefined) return list;
  }
  const name = nameOf(value);
  return name === undefined ? undefined : [name];
}

function nameOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const field = nameFields.find((name) => Object.hasOwn(fields, name) && typeof fields[name] === "string");
  return field === undefined ? undefined : (fields[field] as string);
}
