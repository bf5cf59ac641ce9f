import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { defineTool } from "../tool.ts";
import { askBrowser } from "./ask.ts";
import { refField, tabField, timeoutField } from "./fields.ts";
import { mostPictureBytes } from "./frames.ts";
import { dataOf, reportPages } from "./page-report.ts";
import { checkPng, mostPixels, mostSide } from "./png.ts";

export const browserScreenshot = defineTool({
  name: "browser_screenshot",
  description: `Takes a picture of the page as it is: what is seen of it (1280 by 800 pixels), all of it, or one element.
Comes back: the picture as a PNG of at most 384 KiB and 8192 pixels a side, beside the text; a larger one is made half as large, then a quarter, and the answer says so. To read and find elements browser_snapshot is better.`,
  effect: "read",
  arguments: z.strictObject({
    ref: refField("Only this element, as browser_snapshot names it.").optional(),
    full_page: z.boolean().default(false).describe("The whole page, as far as it can be scrolled."),
    tab: tabField,
    timeout_ms: timeoutField,
  }),
  async run(context, { timeout_ms, ...wanted }) {
    const bounds = { max_bytes: mostPictureBytes, max_side: mostSide, max_pixels: mostPixels };
    const answer = await askBrowser(context, { op: "screenshot", ...wanted, ...bounds }, timeout_ms);
    if (!answer.png) throw new BerthError("browser_closed", "The browser gave no picture.");
    const { data, scale } = answer.png;
    const bytes = Buffer.from(data, "base64");
    const size = checkPng(bytes);
    const smaller = scale === 1 ? "" : `, ${scale} of its size`;
    const picture = `[picture of ${size.width} by ${size.height} pixels${smaller}, ${bytes.length} bytes]\n`;
    return {
      output: `${picture}${reportPages(answer)}`,
      images: [{ media_type: "image/png", data: bytes.toString("base64"), ...size }],
      data: { ...dataOf(answer), ...size, scale },
    };
  },
});
