import { BerthError } from "../../../core/errors.ts";
import type { Sessions } from "../../../guest/sessions.ts";

const greeter = "berth.greeted";
const line = Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
const patienceMs = 5_000;

/**
 * Says the last word of the handshake. That it was said is known where the server is, so that another controller knows it too: by how much the guest has typed
 * for a writer of its own. False when the server does not read it.
 * @throws what the guest's sessions throw
 */
export async function greet(sessions: Sessions, session: string, signal: AbortSignal): Promise<boolean> {
  const from = { writer: greeter, offset: 0, waitMs: patienceMs };
  return (await sessions.input(session, line, from, { signal })) === line.length;
}

/** Asked at each call: of writers that wrote long ago the guest knows nothing. */
export async function wasGreeted(sessions: Sessions, session: string, signal: AbortSignal): Promise<boolean> {
  try {
    // Nothing, behind all that greeting types: refused unless that was typed.
    await sessions.input(session, Buffer.alloc(0), { writer: greeter, offset: line.length, waitMs: 0 }, { signal });
    return true;
  } catch (thrown) {
    if (thrown instanceof BerthError && thrown.code === "invalid_arguments") return false;
    throw thrown;
  }
}
