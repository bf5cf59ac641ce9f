export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

function parseBlock(block: string): ServerSentEvent | undefined {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, field, value = ""] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  return data.length > 0 ? { event, data: data.join("\n") } : undefined;
}

/** The events of a stream, comments left out. */
export async function* readEventStream(chunks: AsyncIterable<string>): AsyncGenerator<ServerSentEvent> {
  let waiting = "";
  for await (const chunk of chunks) {
    const blocks = (waiting + chunk).split("\n\n");
    waiting = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event) yield event;
    }
  }
}
