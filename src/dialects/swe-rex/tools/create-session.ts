import { BerthError } from "../../../core/errors.ts";
import type { ToolContext } from "../../../tool/tool.ts";
import { plain } from "../bash/heard.ts";
import { namedSession, runLine, shellEnded } from "../bash/session.ts";
import { settingUp } from "../bash/typed-lines.ts";
import { SESSION_EXISTS, WAIT_TIMEOUT } from "../class-paths.ts";
import { Raised, recorded } from "../raised.ts";
import { createSessionRequest } from "../wire.ts";
import { doorTool } from "./door-tool.ts";

/** For a shell to start on a machine that is busy, beyond what the client gives its files. */
const startMs = 30_000;

/** Opens a session with a bash. `key`: as `namedSession` takes it. */
export const createSession = (key: string) =>
  doorTool("swe_rex_create_session", createSessionRequest, (context, request) =>
    recorded(async () => {
      const { session: asked, startup_source: sources, startup_timeout: seconds } = request;
      const session = namedSession(asked, key);
      await open(session.name, asked, context);
      const deadline = context.clock.monotonic() + startMs + seconds * 1000;
      const line = settingUp(session.secret, sources);
      const { heard, found } = await runLine(session, context, { line, from: 0, deadline });
      if (typeof found === "object") {
        const output = plain(heard.text(found.at));
        return { output, answer: { output, session_type: "bash" } };
      }
      const { outcome } = await context.guest.sessions.close(session.name, { signal: context.signal });
      if (found === "ended" && outcome?.type === "exited" && outcome.code === 127)
        throw new BerthError("interpreter_missing", "There is no bash in this sandbox.");
      if (found === "ended") throw shellEnded(asked, plain(heard.text()));
      throw new Raised(WAIT_TIMEOUT, `The session did not start within ${seconds} s:\n${plain(heard.text())}`);
    }),
  );

async function open(name: string, asked: string, { guest, callId, env, signal }: ToolContext): Promise<void> {
  const argv = ["bash", "--noediting"];
  try {
    await guest.sessions.open(
      // Wide, so that programs that look at it do not break their lines.
      { name, callId, kind: "terminal", argv, env: { ...env, TERM: "dumb" }, rows: 24, columns: 1000 },
      { signal },
    );
  } catch (thrown) {
    if (thrown instanceof BerthError && thrown.code === "session_exists")
      throw new Raised(SESSION_EXISTS, `There is a session ${JSON.stringify(asked)} already.`);
    throw thrown;
  }
}
