import type { Attack } from "../attack.ts";
import { hostView } from "./host-view.ts";
import { kernelCalls } from "./kernel-calls.ts";
import { kernelNamespaces } from "./kernel-namespaces.ts";
import { kernelSockets } from "./kernel-sockets.ts";
import { privileges } from "./privileges.ts";

/** The catalogue. */
export const attacks: readonly Attack[] = [
  ...hostView,
  ...kernelCalls,
  ...kernelNamespaces,
  ...kernelSockets,
  ...privileges,
];
