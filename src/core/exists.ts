import { access } from "node:fs/promises";

/** Whether there is something at a path of this machine; false too where it cannot be reached. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
