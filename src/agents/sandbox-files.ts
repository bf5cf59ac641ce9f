import type { Entry, SandboxDirectoryEntry } from "@openai/agents/sandbox";
import { BerthRequestError } from "./request-error.ts";
import type { CapturedText, RolloutTools } from "./rollout.ts";

/** So much of a file comes with one command: a third more as text is what a command's output may hold. */
const PAGE_BYTES = 48_000;
const PAGE_OUTPUT_BYTES = 131_072;
const MOST_FILE_BYTES = 4_000_000;

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
const whole = (stream: CapturedText | undefined): string => (stream ? stream.head + stream.tail : "");

/** Runs a command for its exit code and what it wrote; the code is null when it did not exit. */
export async function runQuietly(
  rollout: RolloutTools,
  command: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { outcome, stdout, stderr, output } = await rollout.call("shell", {
    command,
    max_output_bytes: PAGE_OUTPUT_BYTES,
  });
  if (!outcome) return { code: null, stdout: "", stderr: output };
  if (stdout?.truncated) return { code: null, stdout: "", stderr: "is more than one command may write." };
  return { code: outcome.code ?? null, stdout: whole(stdout), stderr: whole(stderr) };
}

const refused = (path: string, why: string): BerthRequestError =>
  new BerthRequestError("file_not_found", `${path}: ${why.trim() || "cannot be read."}`, { causedBy: "policy" });

/** At most 4 MB. @throws BerthRequestError when it is larger than `maxBytes`, or cannot be read */
export async function readBytes(rollout: RolloutTools, path: string, maxBytes = MOST_FILE_BYTES): Promise<Uint8Array> {
  const most = Math.min(maxBytes, MOST_FILE_BYTES);
  const pages: Buffer[] = [];
  for (let bytes = 0; ; bytes += PAGE_BYTES) {
    // Without pipefail: what head does not read ends tail by a signal.
    const page = `tail -c +${bytes + 1} -- ${quoted(path)} | head -c ${PAGE_BYTES} | base64`;
    const { code, stdout, stderr } = await runQuietly(
      rollout,
      `[ -f ${quoted(path)} ] && [ -r ${quoted(path)} ] && ${page}`,
    );
    if (code !== 0) throw refused(path, stderr || "is no file that can be read.");
    const read = Buffer.from(stdout, "base64");
    pages.push(read);
    if (bytes + read.length > most) throw refused(path, `is larger than ${most} bytes.`);
    if (read.length < PAGE_BYTES) return Buffer.concat(pages);
  }
}

/** @throws BerthRequestError */
export async function listDirectory(rollout: RolloutTools, path: string): Promise<SandboxDirectoryEntry[]> {
  const command = `find ${quoted(path)} -mindepth 1 -maxdepth 1 -printf '%y/%f\\0'`;
  const { code, stdout, stderr } = await runQuietly(rollout, command);
  if (code !== 0) throw refused(path, stderr);
  return stdout
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => {
      const name = line.slice(2);
      const type = line.startsWith("d") ? "dir" : line.startsWith("f") ? "file" : "other";
      return { name, path: `${path.replace(/\/$/, "")}/${name}`, type };
    });
}

export async function exists(rollout: RolloutTools, path: string, kind: "-e" | "-d"): Promise<boolean> {
  return (await runQuietly(rollout, `[ ${kind} ${quoted(path)} ]`)).code === 0;
}

/** Puts a file or a folder of a manifest into the workspace. @throws BerthRequestError for what a rollout takes from its environment instead */
export async function putEntry(rollout: RolloutTools, path: string, entry: Entry): Promise<void> {
  if (entry.type === "file") return await putFile(rollout, path, entry.content);
  if (entry.type !== "dir")
    throw new BerthRequestError(
      "invalid_request",
      `${path}: a rollout takes no ${entry.type}; its environment names the repository and the image.`,
      {
        causedBy: "caller",
      },
    );
  await runQuietly(rollout, `mkdir -p -- ${quoted(path)}`);
  for (const [name, child] of Object.entries(entry.children ?? {})) await putEntry(rollout, `${path}/${name}`, child);
}

async function putFile(rollout: RolloutTools, path: string, content: string | Uint8Array): Promise<void> {
  const text = typeof content === "string" ? content : new TextDecoder("utf-8", { fatal: true }).decode(content);
  const { error } = await rollout.call("write_file", { path, content: text });
  if (error) throw refused(path, error.message);
}
