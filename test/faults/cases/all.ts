import type { Fault } from "../fault.ts";
import { clients } from "./clients.ts";
import { crashes } from "./crashes.ts";
import { crowds } from "./crowds.ts";
import { daemons } from "./daemons.ts";
import { disks } from "./disks.ts";
import { guests } from "./guests.ts";
import { origins } from "./origins.ts";
import { replies } from "./replies.ts";
import { stores } from "./stores.ts";

/** The catalogue. */
export const faults: readonly Fault[] = [
  ...crashes,
  ...replies,
  ...clients,
  ...crowds,
  ...guests,
  ...disks,
  ...origins,
  ...daemons,
  ...stores,
];
