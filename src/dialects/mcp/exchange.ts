import type { AuthInfo } from "@modelcontextprotocol/server";

/** What is known of a request beside its message. */
export interface Exchange {
  readonly rolloutId: string;
  /** Of the session-based protocol versions; undefined without one. */
  readonly session: string | undefined;
}

/** The SDK hands on nothing of a request but who was let in. */
export const carried = (exchange: Exchange, caller: string): AuthInfo => ({
  token: "",
  clientId: caller,
  scopes: [],
  extra: { exchange },
});

/** What `carried` put in. */
export const exchangeOf = (auth: AuthInfo | undefined): Exchange => auth?.extra?.["exchange"] as Exchange;
