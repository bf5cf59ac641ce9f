import { expect, test } from "vitest";
import { readEventStream } from "../../../src/client/event-stream.ts";

test("an event stream is read across chunks, without its comments", async () => {
  const chunks = async function* () {
    yield ": open\n\nevent: sta";
    yield 'tus\ndata: {"a":1}\n';
    yield "\nevent: end\ndata: {}\n\n: still";
  };
  const events = [];
  for await (const event of readEventStream(chunks())) events.push(event);
  expect(events).toEqual([
    { event: "status", data: '{"a":1}' },
    { event: "end", data: "{}" },
  ]);
});
