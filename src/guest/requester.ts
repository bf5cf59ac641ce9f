import { withDeadline } from "../core/deadline.ts";
import { BerthError } from "../core/errors.ts";
import { systemIds, type IdSource } from "../core/ids.ts";
import { exchange, type GuestCall, type GuestReply } from "./exchange.ts";
import { StreamBroken } from "./guest-error.ts";
import type { RequestOptions } from "./request-options.ts";
import type { GuestLink } from "./link.ts";

const defaultTimeoutMs = 30_000;

export type GuestQuestion = Omit<GuestCall, "callId" | "epoch"> & { readonly callId?: string };

/** Asks questions over a link, each with a deadline, and says honestly what is known when the stream breaks. */
export class Requester {
  readonly #link: GuestLink;
  readonly #ids: IdSource;

  constructor(link: GuestLink, ids: IdSource = systemIds) {
    this.#link = link;
    this.#ids = ids;
  }

  /**
   * A question that may be asked twice without doing more than once: a broken stream is opened again and the question
   * repeated once.
   * @throws BerthError `deadline_exceeded`, `sandbox_lost`, `guest_protocol`
   */
  async read(question: GuestQuestion, options: RequestOptions = {}): Promise<GuestReply> {
    return await withDeadline(
      describe(question),
      options.timeoutMs ?? defaultTimeoutMs,
      (signal) => this.repeat(question, signal),
      {
        parent: options.signal,
      },
    );
  }

  /**
   * A question that changes something.
   * @throws BerthError `outcome_unknown` when the deadline passed or the stream broke after the guest may have read it,
   * `deadline_exceeded` when it cannot have, `sandbox_lost`, `guest_protocol`
   */
  async change(question: GuestQuestion, options: RequestOptions = {}): Promise<GuestReply> {
    let sent = false;
    try {
      return await withDeadline(
        describe(question),
        options.timeoutMs ?? defaultTimeoutMs,
        (signal) => this.once(question, signal, () => (sent = true)),
        { parent: options.signal },
      );
    } catch (thrown) {
      if (thrown instanceof BerthError && thrown.code === "deadline_exceeded" && sent)
        throw unknownOutcome(question, thrown);
      if (!(thrown instanceof StreamBroken)) throw thrown;
      // Tells a guest that is gone from one that lives and does not say what it did.
      await this.#link.session();
      throw unknownOutcome(question, thrown);
    }
  }

  /** As `read`, within the caller's own deadline. */
  async repeat(question: GuestQuestion, signal: AbortSignal): Promise<GuestReply> {
    try {
      return await this.once(question, signal);
    } catch (thrown) {
      if (!(thrown instanceof StreamBroken)) throw thrown;
    }
    try {
      return await this.once(question, signal);
    } catch (thrown) {
      if (!(thrown instanceof StreamBroken)) throw thrown;
      throw new BerthError("sandbox_lost", `The stream to the guest broke twice during ${question.what}.`, {
        cause: thrown,
      });
    }
  }

  /** @throws StreamBroken when the guest may have read the question; one that it cannot have read is sent again, unless its body is a stream. */
  async once(question: GuestQuestion, signal: AbortSignal, onSend?: () => void): Promise<GuestReply> {
    const attempt = async () => {
      const session = await this.#link.session();
      signal.throwIfAborted();
      onSend?.();
      const callId = question.callId ?? this.#ids.hex(8);
      return await exchange(session, { ...question, callId, epoch: this.#link.epoch }, this.#link.bootId, signal);
    };
    try {
      return await attempt();
    } catch (thrown) {
      if (!(thrown instanceof StreamBroken) || thrown.sent || isStream(question.body)) throw thrown;
      return await attempt();
    }
  }
}

function isStream(body: GuestQuestion["body"]): boolean {
  return body !== undefined && !(body instanceof Uint8Array);
}

function describe(question: GuestQuestion): string {
  return `The guest's answer to ${question.what}`;
}

export function unknownOutcome(question: { what: string }, cause: unknown): BerthError {
  return new BerthError(
    "outcome_unknown",
    `The guest gave no answer to ${question.what}, which may have been carried out.`,
    { cause },
  );
}
