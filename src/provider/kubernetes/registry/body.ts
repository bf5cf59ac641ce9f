/** The body of an answer, piece by piece. */
export const piecesOf = (reply: Response): AsyncIterable<Uint8Array> =>
  (reply.body ?? new Blob([]).stream()) as AsyncIterable<Uint8Array>;

/** The whole body of a small answer. @throws Error when it is longer than `limit` bytes, which are then not kept */
export async function readCapped(reply: Response, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of piecesOf(reply)) {
    bytes += chunk.length;
    if (bytes > limit) throw new Error(`it is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** An answer of which only the status counts; its connection is free then. */
export async function discard(reply: Response): Promise<void> {
  await reply.body?.cancel();
}
