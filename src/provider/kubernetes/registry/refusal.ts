import { BerthError, type ErrorCode } from "../../../core/errors.ts";

/** The registry answered, and said no. */
export class RegistryRefusal extends Error {
  /** Of HTTP. */
  readonly status: number;
  /** The registry's own word: `MANIFEST_UNKNOWN`, `DENIED`, `UNSUPPORTED`. */
  readonly code: string | undefined;

  constructor(doing: string, status: number, code?: string) {
    super(`The registry refused to ${doing}: ${code ?? "no reason given"} (HTTP ${status})`);
    this.name = "RegistryRefusal";
    this.status = status;
    this.code = code;
  }
}

/** The registry is not to be reached, or its answer is none. */
export function unreachable(registry: string, doing: string, cause: unknown): BerthError {
  const why =
    cause instanceof Error ? [cause.message, reasonOf(cause.cause)].filter(Boolean).join(": ") : String(cause);
  return new BerthError("provider_unavailable", `The registry ${registry} could not be asked to ${doing}: ${why}.`, {
    cause,
    remedy:
      "Check that the registry answers at that address, and `kubernetes_registry_insecure` if it speaks plain HTTP.",
  });
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : "");

/** Its answer is not acceptable. */
export function malformed(registry: string, doing: string, why: string): BerthError {
  return new BerthError(
    "provider_unavailable",
    `The answer of the registry ${registry} to "${doing}" is refused: ${why}.`,
    {
      remedy: "Check what answers at that address: it must speak the OCI distribution API.",
    },
  );
}

/** A refusal → BerthError `code`; any other error unchanged. */
export function refusedAs(code: ErrorCode, thrown: unknown): unknown {
  if (!(thrown instanceof RegistryRefusal)) return thrown;
  const mayNot = thrown.status === 401 || thrown.status === 403;
  const remedy = "Check the credentials in `kubernetes_registry_credentials` and what they may do.";
  return new BerthError(code, `${thrown.message}.`, { cause: thrown, ...(mayNot ? { remedy } : {}) });
}
