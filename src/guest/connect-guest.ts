import { systemClock, type Clock } from "../core/clock.ts";
import { BerthError } from "../core/errors.ts";
import { systemIds, type IdSource } from "../core/ids.ts";
import { askProbe } from "./ask-probe.ts";
import { BackgroundCommands } from "./background-commands.ts";
import { EgressConnections } from "./egress-connections.ts";
import { ExecCalls } from "./exec-calls.ts";
import type { Guest } from "./guest.ts";
import { GuestLink, type OpenStream } from "./link.ts";
import { readReply } from "./reply.ts";
import { Requester } from "./requester.ts";
import { SessionRequests } from "./session-requests.ts";
import { wireHealth, wireKilled, wireProlonged } from "./wire.ts";
import { WorkspaceFiles } from "./workspace-files.ts";
import { WorkspaceSearch } from "./workspace-search.ts";

const defaultConnectTimeoutMs = 10_000;
const smallReplyBytes = 64 * 1024;

export interface ConnectGuestOptions {
  /** A fresh byte stream to the guest; called again when the present one breaks. */
  readonly open: OpenStream;
  /** For opening a stream and shaking hands on it, each time. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** For the how manieth time the sandbox came to be someone's: asked for each request, and refused by a guest that has seen a higher one. */
  readonly epoch?: () => number | undefined;
  /** Ends the first attempt; what comes later has deadlines of its own. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly ids?: IdSource;
}

/**
 * Opens one stream, shakes hands once and pins the guest's boot id.
 * @throws BerthError `sandbox_lost` when no guest answers, `guest_protocol` when its answer is not acceptable,
 * `deadline_exceeded`, or the BerthError that `open` threw; nothing stays open then
 */
export async function connectGuest(options: ConnectGuestOptions): Promise<Guest> {
  const link = new GuestLink(options.open, options.connectTimeoutMs ?? defaultConnectTimeoutMs, {
    epoch: options.epoch,
  });
  try {
    await link.session(options.signal);
    return guestOver(link, options);
  } catch (thrown) {
    link.close();
    throw thrown;
  }
}

function guestOver(link: GuestLink, options: ConnectGuestOptions): Guest {
  const { open, connectTimeoutMs = defaultConnectTimeoutMs, clock = systemClock, ids = systemIds } = options;
  const { handshake } = link;
  if (handshake === undefined) throw new BerthError("internal", "A guest's session without a handshake.");
  const requester = new Requester(link, ids);
  const calls = new ExecCalls(requester, clock);
  const background = new BackgroundCommands(requester);
  const files = new WorkspaceFiles(requester);
  const search = new WorkspaceSearch(requester);
  const egress = new EgressConnections(
    requester,
    new GuestLink(open, connectTimeoutMs, { bootId: handshake.bootId, epoch: options.epoch }),
    ids,
  );
  return {
    handshake,

    health: async (given) => {
      const question = { what: "health", method: "GET", path: "/v1/health", maxReplyBytes: smallReplyBytes } as const;
      const told = readReply("health", await requester.read(question, given), wireHealth);
      return { bootId: told.boot_id, uptimeMs: told.uptime_ms, processes: told.processes, oomKills: told.oom_kills };
    },
    prolong: async (forMs, given) => {
      const question = {
        what: "prolong",
        method: "POST",
        path: "/v1/prolong",
        body: Buffer.from(JSON.stringify({ for_ms: forMs })),
        maxReplyBytes: smallReplyBytes,
      } as const;
      const reply = await requester.read(question, given);
      readReply("prolong", reply, wireProlonged, { precondition_failed: "sandbox_lost" });
    },
    probe: (question, given) => askProbe(requester, question, given),
    quiesce: async (given) => {
      const question = {
        what: "quiesce",
        method: "POST",
        path: "/v1/quiesce",
        maxReplyBytes: smallReplyBytes,
      } as const;
      return readReply("quiesce", await requester.read(question, given), wireKilled);
    },

    exec: (request, given) => calls.exec(request, given),
    cancel: (callId, given) => calls.cancel(callId, given),
    output: (callId, stream, range, given) => calls.output(callId, stream, range, given),

    startBackground: (request, given) => background.start(request, given),
    backgrounds: (given) => background.list(given),
    stopBackground: (name, given) => background.stop(name, given),

    read: (path, range, given) => files.read(path, range, given),
    lines: (path, range, given) => files.lines(path, range, given),
    write: (path, content, how, given) => files.write(path, content, how, given),
    remove: (path, how, given) => files.remove(path, how, given),
    move: (from, to, given) => files.move(from, to, given),
    stat: (path, given) => files.stat(path, given),
    list: (path, how, given) => files.list(path, how, given),
    unpack: (path, tar, given) => files.unpack(path, tar, given),
    own: (path, given) => files.own(path, given),

    grep: (request, given) => search.grep(request, given),
    glob: (request, given) => search.glob(request, given),
    changed: (how, given) => search.changed(how, given),
    tree: (how, given) => search.tree(how, given),

    listenEgress: (how, given) => egress.listen(how, given),
    acceptEgress: (signal) => egress.accept(signal),

    sessions: new SessionRequests(requester),

    close: async () => {
      link.close();
      egress.close();
    },
  };
}
