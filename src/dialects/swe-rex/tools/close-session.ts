import { z } from "zod";
import { BerthError } from "../../../core/errors.ts";
import { namedSession, noSession, PREFIX } from "../bash/session.ts";
import { recorded } from "../raised.ts";
import { closeSessionRequest } from "../wire.ts";
import { doorTool } from "./door-tool.ts";

/** Ends a session with all that runs in it. `key`: as `namedSession` takes it. */
export const closeSession = (key: string) =>
  doorTool("swe_rex_close_session", closeSessionRequest, ({ guest: { sessions }, signal }, { session: asked }) =>
    recorded(async () => {
      const { name } = namedSession(asked, key);
      try {
        const { outcome } = await sessions.state(name, { signal });
        if (outcome?.type === "cancelled") throw noSession(asked);
        await sessions.close(name, { signal });
      } catch (thrown) {
        if (thrown instanceof BerthError && thrown.code === "unknown_session") throw noSession(asked);
        throw thrown;
      }
      return { output: `[${asked} is closed]\n`, answer: { session_type: "bash" } };
    }),
  );

/** Ends every session; the rollout goes on, for whoever grades it. */
export const closeAll = doorTool("swe_rex_close", z.looseObject({}), ({ guest: { sessions }, signal }) =>
  recorded(async () => {
    const open = (await sessions.list({ signal })).filter(
      ({ name, state }) => name.startsWith(PREFIX) && state === "running",
    );
    for (const { name } of open) await sessions.close(name, { signal });
    return { output: `[${open.length} sessions closed]\n`, answer: {} };
  }),
);
