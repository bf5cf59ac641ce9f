import type { Attack } from "../attack.ts";
import { outliving } from "./outliving.ts";
import { privileges } from "./privileges.ts";
import { processes } from "./processes.ts";

/** The catalogue. */
export const attacks: readonly Attack[] = [...outliving, ...privileges, ...processes];
