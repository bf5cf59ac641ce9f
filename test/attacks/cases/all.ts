import type { Attack } from "../attack.ts";
import { files } from "./files.ts";
import { links } from "./links.ts";
import { privileges } from "./privileges.ts";

/** The catalogue. */
export const attacks: readonly Attack[] = [...files, ...links, ...privileges];
