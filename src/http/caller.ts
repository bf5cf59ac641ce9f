import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks: the name of the key that came with the request, or `anonymous`. Never the key. */
    caller: string;
  }
}

export const ANONYMOUS = "anonymous";

/** Who asks with the key of a rollout. */
export const ROLLOUT_KEY = "rollout-key";

/** The bearer key of a request; undefined without one. */
export const bearerOf = ({ headers }: Pick<FastifyRequest, "headers">): string | undefined =>
  /^Bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];

/** The password of a request's basic authentication, whoever its user is; undefined without one. */
export function passwordOf({ headers }: Pick<FastifyRequest, "headers">): string | undefined {
  const sent = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? "")?.[1];
  return sent === undefined ? undefined : /^[^:]*:(.+)$/s.exec(Buffer.from(sent, "base64").toString())?.[1];
}

const digestOf = (key: string): Buffer => createHash("sha256").update(key).digest();

/** Keys by their names; those beyond the names are `key-1`, `key-2` and so on, by their place. */
export class KeyNames {
  readonly #keys: readonly { readonly digest: Buffer; readonly name: string }[];

  constructor(keys: readonly string[], names: readonly string[]) {
    this.#keys = keys.map((key, index) => ({ digest: digestOf(key), name: names[index] ?? `key-${index + 1}` }));
  }

  /** Of the bearer key of a request that was let in. Takes as long whichever key it is. */
  of(request: Pick<FastifyRequest, "headers">): string {
    const sent = bearerOf(request);
    if (sent === undefined) return ANONYMOUS;
    const digest = digestOf(sent);
    return this.#keys.filter((key) => timingSafeEqual(key.digest, digest))[0]?.name ?? ANONYMOUS;
  }
}
