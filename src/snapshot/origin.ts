import { BerthError } from "../core/errors.ts";

/** Transports that git may use; `ext::`, `fd::` and helpers are never among them. */
export const allowedProtocols = ["https", "http", "ssh", "git", "file"] as const;

const scpLike = /^[A-Za-z0-9._][A-Za-z0-9._-]*@(?!-)[A-Za-z0-9.-]+:[^:].*$/;

/**
 * The URL of a repository as git is given it. Local paths become file URLs, so that nothing is hard-linked or shared
 * with the origin.
 * @throws BerthError `invalid_environment`
 */
export function originUrl(url: string): string {
  // Neither git nor a log must ever see a line break in it.
  if (/\p{Cc}/u.test(url)) throw new BerthError("invalid_environment", "repo.url: a URL has no control characters.");
  if (url.startsWith("/")) return `file://${url}`;
  if (scpLike.test(url)) return url;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/[^-]/i.exec(url)?.[1]?.toLowerCase();
  if (allowedProtocols.some((protocol) => protocol === scheme)) return url;
  throw new BerthError("invalid_environment", `repo.url: ${printableUrl(url)} is not an https, ssh or file URL.`);
}

/** A full commit id as git is given it: whatever else stood in its place could be an option of git's. @throws BerthError `invalid_environment` */
export function commitId(commit: string): string {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) return commit;
  throw new BerthError("invalid_environment", "repo.commit: it is not a full commit id of 40 or 64 hex digits.");
}

/** An URL, or text with URLs in it, without what may be a secret: for messages and logs. Names, passwords and queries go. */
export function printableUrl(text: string): string {
  return text
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/'"]*@/gi, "$1***@")
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s?'"]*)\?[^\s'"]*/gi, "$1?***");
}
