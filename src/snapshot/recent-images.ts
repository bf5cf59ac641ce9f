import type { CallOptions, ResolvedImage } from "../provider/provider.ts";
import { SingleFlight } from "./single-flight.ts";

/** An image that was moved under its name may be seen so much later. */
const RECENT_MS = 1_000;
const MOST_REMEMBERED = 1_000;

/** Asks for an image once for all who want it within a second: a batch of rollouts starts from one. */
export class RecentImages {
  readonly #ask: (name: string, options: CallOptions) => Promise<ResolvedImage>;
  readonly #flights = new SingleFlight<ResolvedImage>();
  readonly #known = new Map<string, { readonly image: ResolvedImage; readonly at: number }>();

  constructor(ask: (name: string, options: CallOptions) => Promise<ResolvedImage>) {
    this.#ask = ask;
  }

  async resolve(name: string, options: CallOptions): Promise<ResolvedImage> {
    const known = this.#known.get(name);
    if (known && performance.now() - known.at < RECENT_MS) return known.image;
    const ask = async (signal: AbortSignal) => {
      const image = await this.#ask(name, { ...options, signal });
      if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
      this.#known.set(name, { image, at: performance.now() });
      return image;
    };
    return this.#flights.run(name, ask, options.signal);
  }
}
