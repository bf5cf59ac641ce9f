import type { Destination } from "./destination.ts";

const defaultPort = "443";

/** Names and ports that a sandbox may reach. */
export class AllowList {
  /** `name:port`, and `*.name:port` for everything beneath a name. */
  readonly #rules: ReadonlySet<string>;

  /** Rules as `egressRule` of the model checks them. */
  constructor(rules: Iterable<string>) {
    this.#rules = new Set([...rules].map((rule) => (rule.includes(":") ? rule : `${rule}:${defaultPort}`)));
  }

  allows({ name, port }: Destination): boolean {
    if (this.#rules.has(`${name}:${port}`)) return true;
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      if (this.#rules.has(`*${name.slice(dot)}:${port}`)) return true;
    }
    return false;
  }
}
