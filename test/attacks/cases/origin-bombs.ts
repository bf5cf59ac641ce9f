import { randomFillSync } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack } from "../attack.ts";
import { laidOut, naiveGit, originFor, type WantedTree } from "../repositories.ts";

const mebibyte = 1024 ** 2;

const cloning =
  (url: string): WantedTree["naively"] =>
  (folder, home) =>
    naiveGit(folder, home, "clone", "--quiet", url, ".");

async function server(arena: Arena, answer: RequestListener): Promise<string> {
  const listening = createServer(answer);
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  arena.defer(() => listening.close());
  arena.defer(() => listening.closeAllConnections());
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

/** The most that the files beneath a folder took together while `work` ran, in bytes. */
async function peakOf(folder: string, work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const looks = new AbortController();
  const look = async () => {
    const names = await readdir(folder, { recursive: true }).catch((): string[] => []);
    const sizes = names.map((name) =>
      stat(path.join(folder, name)).then(
        (facts) => facts.size,
        () => 0,
      ),
    );
    peak = Math.max(
      peak,
      (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0),
    );
  };
  const looking = (async () => {
    while (!looks.signal.aborted) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  await work();
  looks.abort();
  await looking;
  await look();
  return peak;
}

export const originBombs: readonly Attack[] = [
  {
    id: "origins/file-that-unpacks",
    title: "A few kilobytes of a pack are a file of a hundred megabytes",
    defences: ["mirror_hardening"],
    attempt: async (arena) => {
      const origin = await originFor(arena);
      await writeFile(path.join(origin.path, "zeros"), Buffer.alloc(96 * mebibyte));
      const commit = await origin.commit({ a: "1" });
      const wanted = { url: origin.url, commit, limits: { treeBytes: 8 * mebibyte }, naively: cloning(origin.url) };
      const { folder } = await laidOut(arena, "mirror_hardening", wanted);
      const bytes = await stat(path.join(folder, "zeros")).then(
        ({ size }) => size,
        () => 0,
      );
      return reachedIf(bytes > 8 * mebibyte, `${bytes} bytes`);
    },
  },
  {
    id: "origins/tree-that-multiplies",
    title: "Five objects are ten thousand files: each tree holds the one below it ten times",
    defences: ["mirror_hardening"],
    attempt: async (arena) => {
      const origin = await originFor(arena);
      const first = await origin.commit({ a: "1" });
      let entry = `100644 blob ${await origin.git("rev-parse", `${first}:a`)}`;
      for (let level = 0; level < 4; level++) {
        const list = path.join(origin.dir, "list");
        await writeFile(list, Array.from({ length: 10 }, (_, n) => `${entry}\td${n}\n`).join(""));
        entry = `040000 tree ${await origin.git("-c", "alias.from=!f() { git mktree <$1; }; f", "from", list)}`;
      }
      const commit = await origin.git("commit-tree", "-m", "bomb", entry.split(" ")[2] ?? "");
      await origin.git("update-ref", "refs/heads/main", commit);
      const wanted = { url: origin.url, commit, limits: { files: 1_000 }, naively: cloning(origin.url) };
      const { folder } = await laidOut(arena, "mirror_hardening", wanted);
      const names = await readdir(folder, { recursive: true });
      return reachedIf(names.length > 5_000, `${names.length} names`);
    },
  },
  {
    id: "origins/pack-without-end",
    title: "The origin's pack is far larger than a mirror may be",
    defences: ["mirror_hardening"],
    attempt: async (arena) => {
      const origin = await originFor(arena);
      await origin.git("config", "core.compression", "0");
      await writeFile(path.join(origin.path, "noise"), randomFillSync(Buffer.alloc(160 * mebibyte)));
      const commit = await origin.commit({ a: "1" });
      const outer = await arena.hostFolder();
      const wanted = {
        url: origin.url,
        commit,
        limits: { mirrorBytes: 4 * mebibyte },
        into: outer,
        naively: cloning(origin.url),
      };
      const bytes = await peakOf(outer, () => laidOut(arena, "mirror_hardening", wanted));
      return reachedIf(bytes > 128 * mebibyte, `${bytes} bytes at most`);
    },
  },
  {
    id: "origins/sent-elsewhere",
    title: "An origin sends git to fetch objects from a server that only the controller reaches",
    defences: ["mirror_hardening"],
    attempt: async (arena) => {
      const asked: string[] = [];
      const inner = await server(arena, (request, response) => {
        asked.push(String(request.url));
        response.writeHead(404).end();
      });
      const origin = await originFor(arena);
      const commit = await origin.commit({ a: "1" });
      await origin.git("update-server-info");
      const outer = await server(arena, (request, response) => {
        const name = String(request.url).split("?")[0] ?? "";
        if (name.endsWith("/objects/info/http-alternates")) return void response.end(`${inner}/secret/objects\n`);
        if (/\/objects\/[0-9a-f]{2}\//.test(name)) return void response.writeHead(404).end();
        void readFile(path.join(origin.path, ".git", name)).then(
          (content) => response.end(content),
          () => response.writeHead(404).end(),
        );
      });
      const home = await arena.hostFolder();
      await writeFile(path.join(home, ".gitconfig"), "[http]\n\tfollowRedirects = true\n");
      await laidOut(arena, "mirror_hardening", { url: outer, commit, home, naively: cloning(outer) });
      return reachedIf(asked.length > 0, asked.join(" ") || "nobody was asked");
    },
  },
];
