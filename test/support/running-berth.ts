import { randomBytes } from "node:crypto";
import { connectGuest } from "../../src/guest/connect-guest.ts";
import type { ExecRequest, ExecResult, Guest } from "../../src/guest/guest.ts";
import type { Provider, SandboxHandle } from "../../src/provider/provider.ts";

const readyWithinMs = 20_000;
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A running sandbox with its guest; destroyed when its scope ends. */
export interface Berth extends AsyncDisposable {
  readonly handle: SandboxHandle;
  readonly guest: Guest;
  /** Runs a script by `sh -c`; a second unless told otherwise is not enough for a slow machine, so 20 s. */
  sh(script: string, change?: Partial<ExecRequest>): Promise<ExecResult>;
  run(argv: readonly string[], change?: Partial<ExecRequest>): Promise<ExecResult>;
}

/** Connects once the guest answers. */
export async function guestOf(provider: Provider, handle: SandboxHandle): Promise<Guest> {
  const giveUpAt = Date.now() + readyWithinMs;
  for (;;) {
    try {
      return await connectGuest({
        open: ({ signal }) => provider.connect(handle, { signal }),
        connectTimeoutMs: 10_000,
      });
    } catch (thrown) {
      if (Date.now() > giveUpAt || (await provider.inspect(handle)).status !== "running") throw thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** `defaults` apply to every command that does not say otherwise. */
export function berthOver(
  handle: SandboxHandle,
  guest: Guest,
  destroy: () => Promise<void>,
  defaults: Partial<ExecRequest> = {},
): Berth {
  const run = (argv: readonly string[], change: Partial<ExecRequest> = {}) =>
    guest.exec({
      callId: `call-${randomBytes(6).toString("hex")}`,
      argv,
      env: { PATH: searchPath },
      timeoutMs: 20_000,
      headBytes: 32_768,
      tailBytes: 32_768,
      ...defaults,
      ...change,
    });
  return {
    handle,
    guest,
    run,
    sh: (script, change) => run(["sh", "-c", script], change),
    [Symbol.asyncDispose]: async () => {
      await guest.close();
      await destroy();
    },
  };
}
