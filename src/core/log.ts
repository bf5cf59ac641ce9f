import { destination, pino, transport, type Logger } from "pino";

export type { Logger } from "pino";

/** Characters that wait for a reader of stderr that does not keep up; what comes beyond them is dropped. */
const MOST_WAITING = 8 * 1024 * 1024;

/** JSON lines on stderr; `pretty` is for a person at a terminal. Secrets never reach a log: these fields are removed. */
export function createLogger(options: { level: string; pretty?: boolean }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: ["req.headers.authorization", "*.api_key", "*.apiKey", "*.token"], remove: true },
    },
    options.pretty
      ? transport({ target: "pino-pretty", options: { destination: 2 } })
      : destination({ dest: 2, sync: false, maxLength: MOST_WAITING }),
  );
}

/** A logger that says nothing, for tests and one-shot commands. */
export const silentLogger: Logger = pino({ level: "silent" });
