import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { guestBinary } from "./providers.ts";

const socket = "/run/guest/socket";
const START_MS = 20_000;

/** Why no guest can have a root of its own here; undefined when it can. */
export function whyNoChroot(): string | undefined {
  if (process.getuid?.() !== 0) return "a root of its own takes root";
  return existsSync(guestBinary) ? undefined : `${guestBinary} is missing: infra/setup/guest.sh`;
}

/** A build sandbox's guest whose root is a folder of this machine, as init of a pid namespace, until it is disposed of. */
export interface ChrootGuest extends AsyncDisposable {
  readonly open: () => Promise<Duplex>;
}

/** Whatever the folder holds is the image; the workspace is made by the guest. */
export async function startInFolder(root: string, workdir: string): Promise<ChrootGuest> {
  // As in a pod: its own binary, and what it keeps, are no part of the image.
  for (const folder of ["proc", ".berth", "run/guest"]) await mkdir(join(root, folder), { recursive: true });
  await copyFile(guestBinary, join(root, ".berth/guest"));
  const serve = ["/.berth/guest", "serve", "--listen", `unix:${socket}`, "--root", workdir];
  const flags = ["--spool", "/run/guest/spool", "--allow-root", "--build"];
  const script = 'mount -t tmpfs none "$0/run/guest" && mount -t proc proc "$0/proc" && exec chroot "$0" "$@"';
  const process = spawn(
    "unshare",
    ["--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", script, root, ...serve, ...flags],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  process.stderr.on("data", (piece: Buffer) => (said = (said + piece.toString()).slice(-2_000)));
  const exited = new Promise<void>((done) => process.once("exit", () => done()));
  const state = { gone: false };
  void exited.then(() => (state.gone = true));
  const inside = () => `/proc/${childOf(process.pid ?? 0)}/root${socket}`;
  const open = () =>
    new Promise<Duplex>((resolve, reject) => {
      const stream = connect(inside(), () => resolve(stream)).once("error", reject);
    });
  for (const until = performance.now() + START_MS; ;) {
    const first = await open().catch(() => undefined);
    first?.destroy();
    if (first !== undefined) break;
    if (state.gone || performance.now() > until) throw new Error(`The guest did not start: ${said}`);
    await delay(20);
  }
  return {
    open,
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGKILL");
      await exited;
    },
  };
}

/** The init of the new pid namespace. */
function childOf(pid: number): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
}
