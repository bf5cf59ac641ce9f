import { setTimeout as sleep } from "node:timers/promises";
import { controllerFigures } from "../../bench/process-figures.ts";
import type { Scene } from "./scene.ts";

const deadlineMs = 30_000;
const lookAgainMs = 50;
/** What a heap may keep of requests that are over, and of its own slack. */
const spareBytes = 64 * 2 ** 20;

interface Held {
  readonly handles: number;
  readonly bytes: number;
}

/** Open files of the controller and its resident memory. */
export async function heldBy(scene: Scene): Promise<Held> {
  const { descriptors, memory } = await controllerFigures(scene.controller.pid);
  return { handles: descriptors, bytes: memory * 2 ** 20 };
}

/** What it still holds beyond that when its clients have gone for a while; nothing, when all is well. */
export async function heldBeyond(scene: Scene, before: Held, spareHandles = 2): Promise<string[]> {
  const giveUpAt = Date.now() + deadlineMs;
  for (;;) {
    const { handles, bytes } = await heldBy(scene);
    const found = [
      ...(handles > before.handles + spareHandles ? [`${handles - before.handles} handles more than before`] : []),
      ...(bytes > before.bytes + spareBytes
        ? [`${Math.round((bytes - before.bytes) / 2 ** 20)} MiB more than before`]
        : []),
    ];
    if (found.length === 0 || Date.now() > giveUpAt) return found;
    await sleep(lookAgainMs);
  }
}
