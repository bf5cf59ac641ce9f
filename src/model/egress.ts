import { z } from "zod";

/**
 * What an egress proxy lets through: a DNS name, or `*.` and a name for everything beneath it, and a port, 443 when it is left
 * out. Addresses are no names.
 */
export const egressRule = z
  .string()
  .regex(/^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9](?::[1-9]\d{0,4})?$/, {
    error: "must be a lower-case DNS name such as example.org, *.example.org or example.org:8443",
  })
  .refine((rule) => Number(rule.split(":")[1] ?? 443) <= 65_535, { error: "has a port above 65535" });
