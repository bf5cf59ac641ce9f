import type { Trainer } from "./trainer.ts";

/** What a controller's own metrics said, and the most of each. */
export class Watch {
  readonly #trainer: Trainer;
  readonly #most = new Map<string, number>();
  #last = new Map<string, number>();
  #scraping: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(trainer: Trainer, everyMs: number) {
    this.#trainer = trainer;
    this.#timer = setInterval(() => {
      this.#scraping ??= this.scrape().finally(() => (this.#scraping = undefined));
    }, everyMs);
  }

  async scrape(): Promise<void> {
    const { body } = await this.#trainer.send("GET", "/metrics", undefined, 60_000);
    const lines = String(body["text"])
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    this.#last = new Map(
      lines.map((line) => {
        const end = line.lastIndexOf(" ");
        return [line.slice(0, end), Number(line.slice(end + 1))];
      }),
    );
    for (const [name, value] of this.#last) this.#most.set(name, Math.max(value, this.#most.get(name) ?? 0));
  }

  /** 0 when there is no such series. */
  now = (series: string): number => this.#last.get(series) ?? 0;
  most = (series: string): number => this.#most.get(series) ?? 0;

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#scraping;
    await this.scrape();
  }
}
