import { z } from "zod";
import { readCapped } from "./body.ts";
import { credentialOf } from "./credentials.ts";
import { malformed, RegistryRefusal } from "./refusal.ts";

const MAX_TOKEN_BYTES = 64 * 1024;
const DEFAULT_LIFE_SECONDS = 60;
/** A token is used no longer than so long before its end. */
const MARGIN_MS = 10_000;
const MAX_TOKENS = 1_000;

const tokenReply = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().positive().optional(),
});

/** What is to be done in a repository. */
export interface Scope {
  readonly repository: string;
  readonly actions: "pull" | "pull,push" | "pull,push,delete";
  /** A repository that is read besides. */
  readonly from?: string;
}

interface Token {
  readonly header: string;
  readonly until: number;
}

/** The `Authorization` headers of one registry: what it asks for, from the credentials that there are. */
export class Authorization {
  readonly #registry: string;
  readonly #file: string;
  readonly #tokens = new Map<string, Token>();

  /** `file`: a docker `config.json`, or empty. */
  constructor(registry: string, file: string) {
    this.#registry = registry;
    this.#file = file;
  }

  /** What was granted before for this; undefined when the registry has not asked yet. */
  known(scope: Scope): string | undefined {
    const token = this.#tokens.get(keyOf(scope));
    return token !== undefined && token.until > performance.now() ? token.header : undefined;
  }

  /**
   * Answers the challenge of a 401; undefined when there is nothing to answer with.
   * @throws RegistryRefusal, BerthError `provider_unavailable`, `invalid_config`
   */
  async answer(challenge: string | null, scope: Scope, signal: AbortSignal): Promise<string | undefined> {
    const credential = await credentialOf(this.#file, this.#registry);
    const bearer = /^Bearer\s+(.*)$/i.exec(challenge ?? "")?.[1];
    if (bearer !== undefined) return this.#keep(scope, await this.#token(parametersOf(bearer), scope, signal));
    if (!/^Basic\b/i.test(challenge ?? "") || credential?.kind !== "basic") return undefined;
    return this.#keep(scope, { header: `Basic ${credential.encoded}`, until: Number.POSITIVE_INFINITY });
  }

  #keep(scope: Scope, token: Token): string {
    if (this.#tokens.size >= MAX_TOKENS) this.#tokens.clear();
    this.#tokens.set(keyOf(scope), token);
    return token.header;
  }

  async #token(parameters: Readonly<Record<string, string>>, scope: Scope, signal: AbortSignal): Promise<Token> {
    const { realm, service } = parameters;
    if (realm === undefined || !/^https?:\/\//.test(realm) || !URL.canParse(realm)) {
      throw malformed(this.#registry, "authorize", "its challenge names no place to get a token");
    }
    const credential = await credentialOf(this.#file, this.#registry);
    const asked = new URLSearchParams(scopesOf(scope).map((one): [string, string] => ["scope", one]));
    if (service !== undefined) asked.set("service", service);
    const reply =
      credential?.kind === "identity"
        ? await fetch(realm, { method: "POST", signal, body: exchangeOf(credential.token, asked) })
        : await fetch(withQuery(realm, asked), {
            signal,
            headers: credential === undefined ? {} : { authorization: `Basic ${credential.encoded}` },
          });
    const body = await readCapped(reply, MAX_TOKEN_BYTES);
    if (!reply.ok) throw new RegistryRefusal(`give a token for ${scope.repository}`, reply.status);
    const told = tokenReply.safeParse(parsed(body));
    const token = told.data?.token ?? told.data?.access_token;
    if (token === undefined) throw malformed(this.#registry, "authorize", "there is no token in it");
    const lifeMs = (told.data?.expires_in ?? DEFAULT_LIFE_SECONDS) * 1000;
    return { header: `Bearer ${token}`, until: performance.now() + lifeMs - MARGIN_MS };
  }
}

const scopesOf = ({ repository, actions, from }: Scope): readonly string[] => [
  `repository:${repository}:${actions}`,
  ...(from === undefined ? [] : [`repository:${from}:pull`]),
];
const keyOf = (scope: Scope): string => scopesOf(scope).join(" ");

const exchangeOf = (refreshToken: string, asked: URLSearchParams): URLSearchParams =>
  new URLSearchParams([
    ...asked,
    ["grant_type", "refresh_token"],
    ["client_id", "berth"],
    ["refresh_token", refreshToken],
  ]);

function withQuery(realm: string, asked: URLSearchParams): URL {
  const url = new URL(realm);
  for (const [name, value] of asked) url.searchParams.append(name, value);
  return url;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** `realm="…",service="…"` of a challenge. */
function parametersOf(challenge: string): Record<string, string> {
  return Object.fromEntries(
    [...challenge.matchAll(/([a-z]+)="([^"]*)"/gi)].map(([, name = "", value = ""]) => [name.toLowerCase(), value]),
  );
}
