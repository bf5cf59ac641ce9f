/** `fetch` that follows no redirect, so that a key goes nowhere else, and whose body fails beyond `mostBytes`. */
export const cappedFetch =
  (mostBytes: number): typeof fetch =>
  async (url, init) => {
    const response = await fetch(url, { ...init, redirect: "error" });
    let bytes = 0;
    const cap = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.length;
        if (bytes > mostBytes) controller.error(new RangeError(`The reply is larger than ${mostBytes} bytes.`));
        else controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body?.pipeThrough(cap) ?? null, { status, statusText, headers });
  };
