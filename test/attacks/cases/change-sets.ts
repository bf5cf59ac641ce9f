import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { createHash } from "node:crypto";
import { exportChangeSet } from "../../../src/grader/change-set/export.ts";
import type { Asked } from "../../support/scripted-guest.ts";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack } from "../attack.ts";
import { askNaively, capturedGuest, crossOver } from "../captured-guest.ts";

const mebibyte = 1024 ** 2;

const read = (...parts: string[]): Promise<string> => readFile(path.join(...parts), "utf8").catch(() => "");

/** Sends the chunk until nobody listens, or far more was sent than anyone should take. */
function pour(
  { stream }: Asked,
  headers: Record<string, string | number>,
  chunk: Buffer,
  poured: { bytes: number },
): void {
  stream.respond({ ":status": 200, "berth-boot-id": "00112233445566778899aabbccddeeff", ...headers });
  const more = () => {
    while (!stream.destroyed && poured.bytes < 512 * mebibyte) {
      poured.bytes += chunk.length;
      if (!stream.write(chunk)) return stream.once("drain", more);
    }
    return stream.destroyed ? stream : stream.end();
  };
  more();
}

/** How many bytes a guest that never ends its answer gets rid of, to the export or to a client that believes it. */
async function taken(
  arena: Arena,
  answer: (asked: Asked) => void,
  question: { method: string; path: string },
): Promise<void> {
  if (!arena.has("change_set_rules")) {
    await askNaively(arena, answer, { ...question, cap: 96 * mebibyte });
    return;
  }
  const guest = await capturedGuest(arena, answer);
  const limits = { treeEntries: 5_000 };
  await exportChangeSet({ guest, baseTree: [], snapshot: "snapshot", limits }).catch(() => undefined);
}

const entryLine = (size: number, sha256: string): string =>
  `${JSON.stringify({ type: "file", path: "a.py", mode: 0o644, size, sha256 })}\n{"type":"end","count":1}\n`;

export const changeSets: readonly Attack[] = [
  {
    id: "change-sets/paths-that-leave",
    title: "A captured guest names files beside the workspace: climbing, absolute, spelled oddly",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const outside = await arena.hostFolder();
      const spellings = [
        "../canary",
        "a/../../canary",
        "./../canary",
        "a//..//../canary",
        `${outside}/canary`,
        "..\\canary",
        "\0/../../canary",
      ];
      const seen: string[] = [];
      for (const spelling of spellings) {
        const folder = await crossOver(arena, { entries: [{ path: spelling, content: "changed" }] });
        seen.push(await read(folder, "../canary"), await read(outside, "canary"));
      }
      return reachedIf(seen.includes("changed"), seen.join(" "));
    },
  },
  {
    id: "change-sets/through-a-link",
    title: "A captured guest sends a link to outside, a link to that, and then a file behind them",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const folder = await crossOver(arena, {
        entries: [
          { path: "out", link: ".." },
          { path: "again", link: "out" },
          { path: "again/canary", content: "changed" },
          { path: "canary", link: "../canary" },
          { path: "canary", content: "changed" },
        ],
      });
      const seen = await read(folder, "../canary");
      return reachedIf(seen !== "untouched", seen);
    },
  },
  {
    id: "change-sets/lies-about-content",
    title: "A captured guest lists one content and sends another, under one name or one listed twice",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const lies = [
        [{ path: "a.py", content: "evil", listedAs: "good" }],
        [{ path: "a.py", content: "evil, and longer", listedAs: "good" }],
        [{ path: "a.py", content: "evi", listedAs: "good" }],
        [
          { path: "a.py", content: "good" },
          { path: "a.py", content: "evil", listedAs: "good" },
        ],
      ];
      const seen: string[] = [];
      for (const entries of lies) seen.push(await read(await crossOver(arena, { entries }), "a.py"));
      return reachedIf(
        seen.some((content) => content.startsWith("evi")),
        seen.join(" "),
      );
    },
  },
  {
    id: "change-sets/special-bits",
    title: "A captured guest sends a set-user-ID program into the grading workspace",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const folder = await crossOver(arena, { entries: [{ path: "a", content: "#!/bin/sh\n", mode: 0o4755 }] });
      const mode = await stat(path.join(folder, "a")).then(
        (facts) => facts.mode & 0o7000,
        () => 0,
      );
      return reachedIf(mode !== 0, mode.toString(8));
    },
  },
  {
    id: "change-sets/files-of-git",
    title: "Hooks and settings of git cross into the grading workspace, in spellings that mean .git to some",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const names = [".git", ".GIT", ".git.", ".git ", ".g\u200cit", ".ｇit", "git~1", "sub/.git"];
      const seen: string[] = [];
      for (const name of names) {
        const folder = await crossOver(arena, { entries: [{ path: `${name}/hooks/post-checkout`, content: "evil" }] });
        seen.push(...(await readdir(folder)));
      }
      return reachedIf(seen.length > 0, seen.join(" "));
    },
  },
  {
    id: "change-sets/endless-content",
    title: "A captured guest never ends the content of a file that it said to be small",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const poured = { bytes: 0 };
      const answer = (asked: Asked) =>
        asked.path.startsWith("/v1/tree")
          ? asked.reply(entryLine(10, "0".repeat(64)))
          : pour(asked, { "berth-file-size": 10, "berth-file-mode": "644" }, Buffer.alloc(65_536), poured);
      await taken(arena, answer, { method: "GET", path: "/v1/files/read?path=a.py" });
      return reachedIf(poured.bytes > 64 * mebibyte, `${poured.bytes} bytes were taken`);
    },
  },
  {
    id: "change-sets/endless-listing",
    title: "A captured guest lists entries for ever, or one whose path never ends",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      let most = 0;
      const entries = Array.from({ length: 500 }, (_, n) =>
        JSON.stringify({ type: "other", path: `${n}/${"x".repeat(200)}` }),
      );
      for (const chunk of [`${entries.join("\n")}\n`, `{"type":"other","path":"${"x".repeat(65_536)}`]) {
        const poured = { bytes: 0 };
        const answer = (asked: Asked) => pour(asked, {}, Buffer.from(chunk), poured);
        await taken(arena, answer, { method: "POST", path: "/v1/tree" });
        most = Math.max(most, poured.bytes);
      }
      return reachedIf(most > 64 * mebibyte, `${most} bytes were taken`);
    },
  },
  {
    id: "change-sets/compressed-content",
    title: "A captured guest sends a small answer that unpacks to a thousand times its size",
    defences: ["change_set_rules"],
    attempt: async (arena) => {
      const bomb = gzipSync(Buffer.alloc(64 * mebibyte));
      const answer = (asked: Asked) =>
        asked.path.startsWith("/v1/tree")
          ? asked.reply(entryLine(bomb.length, createHash("sha256").update(bomb).digest("hex")))
          : asked.reply(bomb, {
              "berth-file-size": bomb.length,
              "berth-file-mode": "644",
              "content-encoding": "gzip",
            });
      let bytes = 0;
      if (arena.has("change_set_rules")) {
        const guest = await capturedGuest(arena, answer);
        const { written } = await exportChangeSet({ guest, baseTree: [], snapshot: "snapshot" });
        bytes = written.reduce((sum, { content }) => sum + content.length, 0);
      } else {
        const question = { method: "GET", path: "/v1/files/read?path=a.py", cap: mebibyte };
        bytes = gunzipSync(await askNaively(arena, answer, question)).length;
      }
      return reachedIf(bytes > mebibyte, `${bytes} bytes of ${bomb.length}`);
    },
  },
];
