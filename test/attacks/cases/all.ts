import type { Attack } from "../attack.ts";
import { background } from "./background.ts";
import { capturedGuest } from "./captured-guest.ts";
import { changeSets } from "./change-sets.ts";
import { counts } from "./counts.ts";
import { disk } from "./disk.ts";
import { egressRequests } from "./egress-requests.ts";
import { egressWays } from "./egress-ways.ts";
import { egress } from "./egress.ts";
import { exports } from "./exports.ts";
import { files } from "./files.ts";
import { floods } from "./floods.ts";
import { guestSocket } from "./guest-socket.ts";
import { guest } from "./guest.ts";
import { history } from "./history.ts";
import { hostSettings } from "./host-settings.ts";
import { hostView } from "./host-view.ts";
import { kernelCalls } from "./kernel-calls.ts";
import { kernelNamespaces } from "./kernel-namespaces.ts";
import { kernelSockets } from "./kernel-sockets.ts";
import { links } from "./links.ts";
import { neighbours } from "./neighbours.ts";
import { network } from "./network.ts";
import { originBombs } from "./origin-bombs.ts";
import { origins } from "./origins.ts";
import { outliving } from "./outliving.ts";
import { privileges } from "./privileges.ts";
import { processes } from "./processes.ts";
import { resources } from "./resources.ts";
import { rollouts } from "./rollouts.ts";
import { sessions } from "./sessions.ts";
import { teardown } from "./teardown.ts";
import { terminal } from "./terminal.ts";

/** The catalogue. */
export const attacks: readonly Attack[] = [
  ...background,
  ...capturedGuest,
  ...changeSets,
  ...counts,
  ...disk,
  ...egressRequests,
  ...egressWays,
  ...egress,
  ...exports,
  ...files,
  ...floods,
  ...guestSocket,
  ...guest,
  ...history,
  ...hostSettings,
  ...hostView,
  ...kernelCalls,
  ...kernelNamespaces,
  ...kernelSockets,
  ...links,
  ...neighbours,
  ...network,
  ...originBombs,
  ...origins,
  ...outliving,
  ...privileges,
  ...processes,
  ...resources,
  ...rollouts,
  ...sessions,
  ...teardown,
  ...terminal,
];
