import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { defineTool } from "../tool.ts";
import { languageNames, languages } from "./languages.ts";

export const resetCells = defineTool({
  name: "reset_cells",
  description: `Ends the process of run_cell and all that it started; the next cell starts anew.
Comes back: that it is so.`,
  effect: "write",
  arguments: z.strictObject({
    language: z.enum(languageNames).default("python").describe("Whose process."),
  }),
  async run({ guest, signal }, { language }) {
    try {
      await guest.sessions.close(languages[language].session, { signal });
    } catch (thrown) {
      if (!(thrown instanceof BerthError && thrown.code === "unknown_session")) throw thrown;
    }
    return { output: `[the next ${languages[language].program} cell starts anew]\n`, data: { language } };
  },
});
