import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const PAUSE_MS = 200;

/**
 * Calls `exceeded` once when the files directly in a folder are larger than that together, and `seen` with their size each
 * time that it looks before; looks until it is disposed of.
 */
export function watchSize(
  folder: string,
  bytes: number,
  exceeded: () => void,
  seen: (bytes: number) => void = () => {},
): Disposable {
  let over = false;
  let timer: NodeJS.Timeout;
  const look = async () => {
    const size = await sizeOf(folder);
    if (over) return;
    if (size > bytes) return exceeded();
    seen(size);
    timer = setTimeout(() => void look(), PAUSE_MS);
  };
  timer = setTimeout(() => void look(), 0);
  return {
    [Symbol.dispose]: () => {
      over = true;
      clearTimeout(timer);
    },
  };
}

/** Of the files directly in a folder, together, in bytes; 0 when there is no folder. */
export async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch((): string[] => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
