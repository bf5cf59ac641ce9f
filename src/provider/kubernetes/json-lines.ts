import type { Readable } from "node:stream";
import { BerthError } from "../../core/errors.ts";

/** Of one event of a watch: the largest object that etcd takes is 1.5 MB. */
const maxLineBytes = 4 * 1024 * 1024;

/**
 * The values of a stream of JSON lines, each as it comes.
 * @throws BerthError `provider_unavailable` when a line is too long or no JSON
 */
export async function* jsonLines(stream: Readable): AsyncGenerator {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    let rest = chunk as Buffer;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      const line = Buffer.concat([...parts, rest.subarray(0, end)]).toString();
      parts = [];
      bytes = 0;
      rest = rest.subarray(end + 1);
      if (line.trim() !== "") yield parse(line);
    }
    if (rest.length === 0) continue;
    parts.push(rest);
    bytes += rest.length;
    if (bytes > maxLineBytes)
      throw new BerthError("provider_unavailable", `A line of the API server's is longer than ${maxLineBytes} bytes.`);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new BerthError("provider_unavailable", `The API server sent no JSON: ${line.slice(0, 200)}`, { cause });
  }
}
