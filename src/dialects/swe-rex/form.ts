import { BerthError } from "../../core/errors.ts";

/** A form with a file, as the fields of a JSON request: one that is sent on to another controller is the same. @throws BerthError `invalid_request` */
export async function formFields(body: Buffer, contentType: string): Promise<Record<string, unknown>> {
  try {
    const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
    const file = form.get("file");
    return {
      target_path: form.get("target_path"),
      unzip: form.get("unzip") === "true",
      file: file instanceof Blob ? Buffer.from(await file.arrayBuffer()).toString("base64") : undefined,
    };
  } catch (cause) {
    throw new BerthError("invalid_request", "The body is no form with a file.", { cause });
  }
}
