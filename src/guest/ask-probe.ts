import type { RequestOptions } from "./request-options.ts";
import { wireProbe, type Probe, type ProbeQuestion } from "./probe.ts";
import { readReply } from "./reply.ts";
import type { Requester } from "./requester.ts";

const maxReplyBytes = 1024 * 1024;

export async function askProbe(
  requester: Requester,
  { maskedPaths, readOnlyPaths }: ProbeQuestion,
  options?: RequestOptions,
): Promise<Probe> {
  const question = {
    what: "probe",
    method: "POST",
    path: "/v1/probe",
    body: Buffer.from(JSON.stringify({ masked_paths: maskedPaths, read_only_paths: readOnlyPaths })),
    maxReplyBytes,
  } as const;
  return readReply("probe", await requester.read(question, options), wireProbe);
}
