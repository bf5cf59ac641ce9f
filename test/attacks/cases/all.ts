import type { Attack } from "../attack.ts";
import { privileges } from "./privileges.ts";

/** The catalogue. */
export const attacks: readonly Attack[] = [...privileges];
