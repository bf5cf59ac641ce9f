import { pino, type Logger } from "pino";

export type { Logger } from "pino";

/** JSON lines on stderr; `pretty` is for a person at a terminal. Secrets never reach a log: these fields are removed. */
export function createLogger(options: { level: string; pretty?: boolean }): Logger {
  return pino({
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ["req.headers.authorization", "*.api_key", "*.apiKey", "*.token"], remove: true },
    transport: options.pretty
      ? { target: "pino-pretty", options: { destination: 2 } }
      : { target: "pino/file", options: { destination: 2 } },
  });
}

/** A logger that says nothing, for tests and one-shot commands. */
export const silentLogger: Logger = pino({ level: "silent" });
