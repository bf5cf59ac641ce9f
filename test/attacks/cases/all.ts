import type { Attack } from "../attack.ts";
import { changeSets } from "./change-sets.ts";
import { exports } from "./exports.ts";
import { files } from "./files.ts";
import { history } from "./history.ts";
import { links } from "./links.ts";
import { network } from "./network.ts";
import { originBombs } from "./origin-bombs.ts";
import { origins } from "./origins.ts";
import { privileges } from "./privileges.ts";
import { teardown } from "./teardown.ts";
import { terminal } from "./terminal.ts";

/** The catalogue. */
export const attacks: readonly Attack[] = [
  ...changeSets,
  ...exports,
  ...files,
  ...history,
  ...links,
  ...network,
  ...originBombs,
  ...origins,
  ...privileges,
  ...teardown,
  ...terminal,
];
