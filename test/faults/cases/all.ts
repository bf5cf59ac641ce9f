import type { Fault } from "../fault.ts";
import { crashes } from "./crashes.ts";

/** The catalogue. */
export const faults: readonly Fault[] = [...crashes];
