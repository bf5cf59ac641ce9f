import { BerthError, toBerthError, type ErrorCode } from "../../core/errors.ts";

/** The API server's answer to what it does not do. */
export class ApiRefusal extends Error {
  readonly status: number;
  /** Its own word for why: `AlreadyExists`, `Forbidden`, `Expired`. */
  readonly reason: string;

  constructor(what: string, status: number, body: unknown) {
    const { reason = "", message = "" } = statusOf(body);
    super(`${what}: ${message || `the API server answered ${status}`}`);
    this.name = "ApiRefusal";
    this.status = status;
    this.reason = reason;
  }
}

function statusOf(body: unknown): { reason?: string; message?: string } {
  if (typeof body !== "object" || body === null) return {};
  const { reason, message } = body as Record<string, unknown>;
  return {
    ...(typeof reason === "string" ? { reason } : {}),
    ...(typeof message === "string" ? { message: message.slice(0, 2000) } : {}),
  };
}

export const refusalStatus = (thrown: unknown): number | undefined =>
  thrown instanceof ApiRefusal ? thrown.status : undefined;

/** The version that a watch or a list goes on from is forgotten: it must begin again. */
export const isExpired = (thrown: unknown): boolean =>
  thrown instanceof ApiRefusal && (thrown.status === 410 || thrown.reason === "Expired");

/** What the API server refused → a BerthError of that code; others stay what they are. */
export function refusedAs(code: ErrorCode, thrown: unknown): BerthError {
  if (thrown instanceof ApiRefusal) return new BerthError(code, `${thrown.message}.`, { cause: thrown });
  return toBerthError(thrown, code);
}
