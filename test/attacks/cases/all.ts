import type { Attack } from "../attack.ts";
import { counts } from "./counts.ts";
import { disk } from "./disk.ts";
import { floods } from "./floods.ts";
import { outliving } from "./outliving.ts";
import { privileges } from "./privileges.ts";
import { processes } from "./processes.ts";
import { resources } from "./resources.ts";

/** The catalogue. */
export const attacks: readonly Attack[] = [
  ...counts,
  ...disk,
  ...floods,
  ...outliving,
  ...privileges,
  ...processes,
  ...resources,
];
