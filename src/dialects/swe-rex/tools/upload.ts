import { createHash } from "node:crypto";
import { z } from "zod";
import { recorded } from "../raised.ts";
import { writeBytes } from "../sandbox-file.ts";
import type { UploadRequest } from "../wire.ts";
import { unzipped } from "../zip.ts";
import { doorTool } from "./door-tool.ts";

/** What the record keeps of an upload. */
export const uploadFacts = ({ target_path, unzip, file }: UploadRequest) => {
  const bytes = Buffer.from(file, "base64");
  return { target_path, unzip, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
};

/** Puts a file, or the files of an archive, where the request says. */
export const upload = ({ target_path: target, unzip, file }: UploadRequest) =>
  doorTool("swe_rex_upload", z.looseObject({}), (context) =>
    recorded(async () => {
      const bytes = Buffer.from(file, "base64");
      const files = unzip ? await unzipped(bytes) : [{ path: "", bytes }];
      for (const [turn, { path, bytes: content }] of files.entries())
        await writeBytes(path === "" ? target : `${target.replace(/\/$/, "")}/${path}`, content, context, turn);
      return { output: `[wrote ${files.length} files to ${target}]\n`, answer: {} };
    }),
  );
