import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const repository = join(import.meta.dirname, "../..");
const fixture = join(repository, "test/fixtures/tool-server");
/** What the server needs to run: itself, and the official SDK with what that stands on. */
const packages = ["@modelcontextprotocol/server", "@modelcontextprotocol/core", "zod"];

const declared = z.array(
  z.object({ name: z.string(), description: z.string(), inputSchema: z.record(z.string(), z.unknown()) }),
);

/** The tools of the server in test/fixtures/tool-server, as its `tools/list` names them. */
export const toolsOfServer = async () =>
  declared.parse(JSON.parse(await readFile(join(fixture, "tools.json"), "utf8")));

/** The files of a repository in which `node server.mjs` runs it. */
export async function toolServerFiles(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of ["server.mjs", "tools.json"]) files[name] = await readFile(join(fixture, name), "utf8");
  for (const name of packages) {
    const root = join(repository, "node_modules", name);
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile() && /(?:\.m?js|^package\.json)$/.test(one.name))) {
      const path = join(entry.parentPath, entry.name);
      files[path.slice(repository.length + 1)] = await readFile(path, "utf8");
    }
  }
  return files;
}
