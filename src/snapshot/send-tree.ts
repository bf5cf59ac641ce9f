import { spawn } from "node:child_process";
import { Transform } from "node:stream";
import { BerthError } from "../core/errors.ts";
import { paced } from "../core/pace.ts";
import { bytesInWords } from "../core/quantities.ts";
import type { Guest } from "../guest/guest.ts";
import type { BuildCall } from "./build-call.ts";

const PATH_OF_PROGRAMS = "/usr/local/bin:/usr/bin:/bin";

/** Streams a tree of ours into the workspace as tar; links are sent as links. */
export async function sendTree(
  path: string,
  guest: Guest,
  { signal, onProgress = () => {}, timeoutMs }: BuildCall & { readonly timeoutMs: number },
): Promise<void> {
  onProgress("copying the work tree");
  const tar = spawn(
    "tar",
    ["--create", "--file=-", "--numeric-owner", "--owner=0", "--group=0", "--sort=name", "--directory", path, "."],
    {
      stdio: ["ignore", "pipe", "ignore"],
      // Its own environment variables could bend it.
      env: { PATH: PATH_OF_PROGRAMS, LC_ALL: "C" },
    },
  );
  const ended = new Promise<number | null>((done, fail) => {
    tar.once("error", fail);
    tar.once("close", done);
  });
  const tell = paced((bytes: number) => onProgress(`copying the work tree: ${bytesInWords(bytes)}`));
  let sent = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      tell((sent += chunk.length));
      done(null, chunk);
    },
  });
  try {
    const options = { timeoutMs, ...(signal ? { signal } : {}) };
    const [code, { files, bytes }] = await Promise.all([ended, guest.unpack("", tar.stdout.pipe(counted), options)]);
    if (code !== 0) throw new BerthError("internal", `tar ended with ${code} while the work tree was read.`);
    onProgress(`copied ${files} files, ${bytesInWords(bytes)}`);
  } finally {
    tar.stdout.destroy();
    counted.destroy();
    tar.kill("SIGKILL");
  }
}
