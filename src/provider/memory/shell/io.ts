/** Where a program reads. Undefined is the end. */
export interface Source {
  read(): Promise<Buffer | undefined>;
}

/** Where a program writes; resolves when more may be written. @throws BrokenPipe */
export interface Sink {
  write(bytes: Buffer): Promise<void>;
}

/** Nobody reads any more: what SIGPIPE is to a process. */
export class BrokenPipe extends Error {}

export const emptySource: Source = { read: async () => undefined };
export const nullSink: Sink = { write: async () => {} };

export function sourceOf(bytes: Buffer): Source {
  let left: Buffer | undefined = bytes.length === 0 ? undefined : bytes;
  return {
    read: async () => {
      const all = left;
      left = undefined;
      return all;
    },
  };
}

export async function readAll(source: Source): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let chunk = await source.read(); chunk !== undefined; chunk = await source.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const pipeBytes = 65_536;

/** Between two programs that run at the same time; holds one pipe buffer at most. */
export class Pipe implements Source, Sink {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #unread = false;
  #wake = Promise.withResolvers<void>();

  async write(bytes: Buffer): Promise<void> {
    while (this.#bytes >= pipeBytes && !this.#unread) await this.#wake.promise;
    if (this.#unread) throw new BrokenPipe();
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    this.#stir();
  }

  async read(): Promise<Buffer | undefined> {
    while (this.#chunks.length === 0 && !this.#ended) await this.#wake.promise;
    const chunk = this.#chunks.shift();
    this.#bytes -= chunk?.length ?? 0;
    this.#stir();
    return chunk;
  }

  /** The writer has finished. */
  end(): void {
    this.#ended = true;
    this.#stir();
  }

  /** The reader has finished. */
  abandon(): void {
    this.#unread = true;
    this.#stir();
  }

  #stir(): void {
    const waiting = this.#wake;
    this.#wake = Promise.withResolvers();
    waiting.resolve();
  }
}
