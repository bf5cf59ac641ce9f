import type { Attack } from "../attack.ts";
import { capturedGuest } from "./captured-guest.ts";
import { guestSocket } from "./guest-socket.ts";
import { guest } from "./guest.ts";
import { hostSettings } from "./host-settings.ts";
import { hostView } from "./host-view.ts";
import { kernelCalls } from "./kernel-calls.ts";
import { kernelNamespaces } from "./kernel-namespaces.ts";
import { kernelSockets } from "./kernel-sockets.ts";
import { neighbours } from "./neighbours.ts";
import { privileges } from "./privileges.ts";
import { rollouts } from "./rollouts.ts";

/** The catalogue. */
export const attacks: readonly Attack[] = [
  ...capturedGuest,
  ...guestSocket,
  ...guest,
  ...hostSettings,
  ...hostView,
  ...kernelCalls,
  ...kernelNamespaces,
  ...kernelSockets,
  ...neighbours,
  ...privileges,
  ...rollouts,
];
