import { recorded } from "../raised.ts";
import { decoded } from "../decode.ts";
import { readBytes, writeBytes } from "../sandbox-file.ts";
import { readFileRequest, writeFileRequest } from "../wire.ts";
import { doorTool } from "./door-tool.ts";

export const readFile = doorTool("swe_rex_read_file", readFileRequest, (context, { path, encoding, errors }) =>
  recorded(async () => {
    const bytes = await readBytes(path, context);
    const content = decoded(bytes, encoding ?? undefined, errors ?? undefined);
    return { output: `[${bytes.length} bytes of ${path}]\n`, answer: { content } };
  }),
);

export const writeFile = doorTool("swe_rex_write_file", writeFileRequest, (context, { path, content }) =>
  recorded(async () => {
    const bytes = Buffer.from(content, "utf8");
    await writeBytes(path, bytes, context);
    return { output: `[wrote ${bytes.length} bytes to ${path}]\n`, answer: {} };
  }),
);
