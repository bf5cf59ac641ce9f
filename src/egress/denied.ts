import type { EgressDenialReason } from "../model/egress.ts";

const maxDestinationLength = 255;

const sentences: Readonly<Record<EgressDenialReason, string>> = {
  not_allowed: "this name and port are not on the allow-list of this sandbox",
  address: "addresses are never reached, only names of the allow-list",
  private_address: "the name does not stand for a public address",
  invalid_request: "the proxy takes http:// requests and CONNECT, to one well-formed host and port",
  not_tls: "only TLS may come through CONNECT",
  other_server_name: "the TLS handshake names another server than CONNECT did",
};

/** A connection that the policy under training may not have. */
export class Denied extends Error {
  readonly reason: EgressDenialReason;
  /** As it was asked for, fit to be shown. */
  readonly destination: string;

  constructor(reason: EgressDenialReason, destination: string) {
    const shown = shownDestination(destination);
    super(`Berth refuses ${shown}: ${sentences[reason]}.`);
    this.name = "Denied";
    this.reason = reason;
    this.destination = shown;
  }
}

/** An allowed destination that does not answer. `late` when the time was up. */
export class Unreachable extends Error {
  readonly late: boolean;

  constructor(destination: string, why: string, { late = false } = {}) {
    super(`Berth cannot reach ${destination}: ${why}.`);
    this.name = "Unreachable";
    this.late = late;
  }
}

function shownDestination(text: string): string {
  const shown = text.slice(0, maxDestinationLength).replaceAll(/[^\x21-\x7e]/g, "?");
  return shown === "" ? "-" : shown;
}
