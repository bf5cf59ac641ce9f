import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream";
import { toBerthError } from "../../src/core/errors.ts";
import { createMemoryProvider } from "../../src/provider/memory/memory-provider.ts";
import type { SandboxHandle } from "../../src/provider/provider.ts";
import { MOST_PREFACE_BYTES, type Asked, type Told } from "./farm-messages.ts";

/**
 * The sandboxes of a simulated cluster, in a process of their own: guests that speak the guest's protocol and run nothing. What they take
 * is not taken from the controller, which reaches each by a connection of its own.
 */
const provider = createMemoryProvider();
const parts = { provider, snapshots: provider.snapshots } as unknown as Record<
  Asked["of"],
  Record<string, (...args: readonly unknown[]) => Promise<unknown>>
>;
const tell = (message: Told) => process.send?.(message);

process.on("message", (asked: Asked) => void answer(asked));

async function answer({ id, of, method, args }: Asked): Promise<void> {
  try {
    tell({ id, value: await parts[of][method]?.(...args) });
  } catch (thrown) {
    const { code, message } = toBerthError(thrown);
    tell({ id, code, message });
  }
}

/** Bytes until the first line's end are the handle; the rest is the guest's. */
function welcome(socket: Socket): void {
  let seen = Buffer.alloc(0);
  socket.on("error", () => {});
  const read = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = Buffer.concat([seen, chunk]);
    const end = seen.indexOf("\n");
    if (end < 0) {
      if (seen.length > MOST_PREFACE_BYTES) socket.destroy();
      return;
    }
    socket.off("readable", read);
    socket.unshift(seen.subarray(end + 1));
    void join(JSON.parse(seen.subarray(0, end).toString()) as SandboxHandle, socket);
  };
  socket.on("readable", read);
}

async function join(handle: SandboxHandle, socket: Socket): Promise<void> {
  try {
    const guest = await provider.connect(handle);
    pipeline(socket, guest, socket, () => {});
  } catch {
    socket.destroy();
  }
}

const folder = mkdtempSync(path.join(tmpdir(), "berth-farm-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("disconnect", () => process.exit(0));
const listensOn = path.join(folder, "guests");
createServer({ allowHalfOpen: false }, welcome).listen({ path: listensOn, backlog: 4_096 }, () =>
  tell({ listens: listensOn }),
);
