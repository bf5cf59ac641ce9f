import { z } from "zod";

/** Labels with a dot between them, the last of which begins with a letter: no spelling of an address is one. */
const dnsName = String.raw`(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]`;

/** A lower-case DNS name of at least two labels, without a dot at its end. */
export const egressHost = z
  .string()
  .max(253)
  .regex(new RegExp(`^${dnsName}$`), { error: "must be a lower-case DNS name such as example.org" });

/**
 * What an egress proxy lets through: a DNS name, or `*.` and a name for everything beneath it, and a port, 443 when it is left
 * out. Addresses are no names.
 */
export const egressRule = z
  .string()
  .regex(new RegExp(String.raw`^(?:\*\.)?${dnsName}(?::[1-9]\d{0,4})?$`), {
    error: "must be a lower-case DNS name such as example.org, *.example.org or example.org:8443",
  })
  .refine((rule) => Number(rule.split(":")[1] ?? 443) <= 65_535, { error: "has a port above 65535" });

/**
 * Why a connection was refused: no rule names it; it named an address; its name resolves to an address that is not public; the
 * request is malformed or not one that a proxy carries; what came through CONNECT is no TLS; its TLS names another host.
 */
export const egressDenialReason = z.enum([
  "not_allowed",
  "address",
  "private_address",
  "invalid_request",
  "not_tls",
  "other_server_name",
]);
export type EgressDenialReason = z.infer<typeof egressDenialReason>;

/** Attempts with one destination and one reason. */
export const egressDenial = z.strictObject({
  /** As it was asked for: printable ASCII, cut at 255 characters; `-` when the request named none. */
  destination: z.string().max(255),
  reason: egressDenialReason,
  count: z.number().int().min(1),
  first_at: z.iso.datetime(),
  last_at: z.iso.datetime(),
});
export type EgressDenial = z.infer<typeof egressDenial>;

/** Connections of a rollout's sandbox to the outside that were made, and those that were refused. */
export const egressTotals = z.strictObject({
  allowed: z.number().int().min(0),
  denied: z.number().int().min(0),
});

/** `denials` has the first 100 different ones; `denied` counts all. */
export const egressRecord = egressTotals.extend({ denials: z.array(egressDenial).max(100) });
export type EgressRecord = z.infer<typeof egressRecord>;
