import { createHash } from "node:crypto";
import { connect } from "node:http2";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { connectGuest } from "../../src/guest/connect-guest.ts";
import type { Guest } from "../../src/guest/guest.ts";
import { applyChangeSet } from "../../src/grader/change-set/apply.ts";
import { exportChangeSet } from "../../src/grader/change-set/export.ts";
import { FolderGuest } from "../support/folder-guest.ts";
import { guestThat, type Asked } from "../support/scripted-guest.ts";
import type { Arena } from "./arena.ts";

/** What a captured guest says that its workspace holds. */
export interface Claim {
  readonly entries: readonly ClaimedEntry[];
}

export type ClaimedEntry = { readonly path: string } & (
  | { readonly link: string }
  | { readonly content: string; readonly mode?: number; readonly listedAs?: string }
);

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const listed = (entry: ClaimedEntry) => {
  if ("link" in entry) return { type: "link", path: entry.path, target: entry.link };
  const { path: name, content, mode = 0o644, listedAs = content } = entry;
  return { type: "file", path: name, mode, size: Buffer.byteLength(listedAs), sha256: sha256(listedAs) };
};

/** A guest that a policy has made its own, over a stream that ends with the arena's attempt. */
export async function capturedGuest(arena: Arena, answer: (asked: Asked) => void): Promise<Guest> {
  const scripted = guestThat(answer);
  arena.defer(() => scripted[Symbol.dispose]());
  const guest = await connectGuest({ open: scripted.open });
  arena.defer(() => guest.close());
  return guest;
}

/** A request as a client sends it that believes its guest; at most `cap` bytes of the answer, for the machine's sake. */
export async function askNaively(
  arena: Arena,
  answer: (asked: Asked) => void,
  question: { method: string; path: string; cap: number },
): Promise<Buffer> {
  const scripted = guestThat(answer);
  const stream = await scripted.open();
  const session = connect("http://guest", { createConnection: () => stream });
  session.on("error", () => undefined);
  arena.defer(() => {
    session.destroy();
    scripted[Symbol.dispose]();
  });
  const request = session.request({ ":method": question.method, ":path": question.path });
  request.end();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if ((bytes += chunk.length) >= question.cap) break;
  }
  return Buffer.concat(chunks);
}

const answering = (claim: Claim) => (asked: Asked) => {
  const url = new URL(asked.path, "http://guest");
  if (url.pathname === "/v1/tree") {
    const lines = [...claim.entries.map(listed), { type: "end", count: claim.entries.length }];
    return asked.reply(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }
  const entry = claim.entries.findLast(({ path: name }) => name === url.searchParams.get("path"));
  const content = Buffer.from(entry !== undefined && "content" in entry ? entry.content : "");
  asked.reply(content, { "berth-file-size": content.length, "berth-file-mode": "644" });
};

/**
 * Takes a claim over into a folder, as Berth does it; without `change_set_rules` as an archive that is unpacked. Gives the folder,
 * beside which there is a file `canary` that says `untouched`.
 */
export async function crossOver(arena: Arena, claim: Claim): Promise<string> {
  const outer = await arena.hostFolder();
  await writeFile(path.join(outer, "canary"), "untouched");
  const folder = path.join(outer, "workspace");
  await mkdir(folder);
  if (!arena.has("change_set_rules")) {
    for (const entry of claim.entries) await unpackNaively(folder, entry).catch(() => undefined);
    return folder;
  }
  const guest = await capturedGuest(arena, answering(claim));
  const changes = await exportChangeSet({ guest, baseTree: [], snapshot: "snapshot" }).catch(() => undefined);
  if (changes !== undefined) await applyChangeSet(new FolderGuest(folder), changes);
  return folder;
}

async function unpackNaively(folder: string, entry: ClaimedEntry): Promise<void> {
  const file = path.resolve(folder, entry.path);
  await mkdir(path.dirname(file), { recursive: true });
  if ("link" in entry) return symlink(entry.link, file);
  await writeFile(file, entry.content);
  await chmod(file, entry.mode ?? 0o644);
}
