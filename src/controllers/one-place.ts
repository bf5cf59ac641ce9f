import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BerthError } from "../core/errors.ts";
import type { Store } from "../store/store.ts";

/** The name of a data directory as a place, in a file in it. */
export async function folderPlace(dataDir: string): Promise<string> {
  const file = join(dataDir, "place");
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(file, randomUUID(), { flag: "wx", mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  return (await readFile(file, "utf8")).trim();
}

/**
 * Controllers of one database take over each other's sandboxes and snapshots, so they must have them in one place. The place may change only
 * while no other controller lives. Asked when this one's lease has begun; `words` say to people where the place is. @throws BerthError `invalid_config`
 */
export async function assertOnePlace(
  store: Pick<Store, "place" | "setPlace" | "leases">,
  { place: own, words }: { readonly place: string; readonly words: string },
  controller: string,
): Promise<void> {
  if ((await store.place()) === own) return;
  const others = (await store.leases.live()).filter(({ id, role }) => role === "controller" && id !== controller);
  if (others.length > 0 && (await store.place()) !== undefined) {
    throw new BerthError(
      "invalid_config",
      `store_url: the controllers of this database have their sandboxes elsewhere, and not in ${words}.`,
      {
        remedy:
          "Give all of them one data_dir on one machine or, on Kubernetes, one namespace of one cluster; or give this one a database of its own.",
      },
    );
  }
  await store.setPlace(own);
}
