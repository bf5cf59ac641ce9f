import type { Expected, Policies, Tools } from "../runner/policy.ts";

/** What a prompt puts in backticks. */
const namesIn = (prompt: string): string[] => [...prompt.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);

/** `path:line:text` → paths, each once. */
const pathsIn = (found: string): string[] =>
  [...new Set([...found.matchAll(/^([^\s:]+):\d+:/gm)].map(([, path = ""]) => path))].toSorted();

const imports = /^(?:from|import) .*$/gm;

async function read(paths: readonly string[], tools: Tools): Promise<Map<string, string>> {
  const texts = await tools.all(paths.map((path) => ["read_file", { path, line_numbers: false }]));
  return new Map(paths.map((path, at) => [path, texts[at] ?? ""]));
}

/** Searches for every name at once, reads every file that has one at once, and names those where it is more than an import. */
async function good(prompt: string, tools: Tools): Promise<string> {
  const names = namesIn(prompt);
  const found = await tools.all(names.map((name) => ["grep", { pattern: `\\b${name}\\b` }]));
  const texts = await read([...new Set(found.flatMap(pathsIn))].toSorted(), tools);
  const touched = [...texts].filter(([, text]) => {
    const code = text.replaceAll(imports, "");
    return names.some((name) => new RegExp(`\\b${name}\\b`).test(code));
  });
  return JSON.stringify(touched.map(([path]) => path));
}

/** Names every file that there is. */
async function everything(tools: Tools): Promise<string> {
  const listed = await tools.call("list_dir", { depth: 5 });
  return listed
    .split("\n")
    .flatMap((line) => (line.includes("\t") ? [line.split("\t")[0] ?? ""] : []))
    .join("\n");
}

export const policies: Policies = {
  good: ({ prompt }, tools) => good(prompt, tools),
  everything: (_, tools) => everything(tools),
  bad: async () => JSON.stringify(["src/index.ts", "lending/__init__.py"]),
};

export const expected: Expected = {
  good: { because: "at least 0.6: it looked, and what it found was nearly all", holds: (reward) => reward >= 0.6 },
  everything: { because: "at most 0.45: precision is the share that is right", holds: (reward) => reward <= 0.45 },
  bad: { because: "0: it guessed without looking", holds: (reward) => reward === 0 },
};
