import { BerthError } from "../../src/core/errors.ts";
import type { Sessions } from "../../src/guest/sessions.ts";

const refused = async (): Promise<never> => {
  throw new BerthError("internal", "This guest keeps no sessions.");
};

/** Of guests that run no programs. */
export const noSessions: Sessions = {
  open: refused,
  state: refused,
  list: refused,
  output: refused,
  input: refused,
  resize: refused,
  interrupt: refused,
  close: refused,
};
