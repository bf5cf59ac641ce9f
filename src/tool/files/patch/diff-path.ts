/** The file names of `---` and `+++` lines: a time behind a tab is dropped, quotes are undone, `/dev/null` is null. */
export function parseDiffPath(text: string): string | null {
  const name = text.startsWith('"') ? unquote(text) : (text.split("\t", 1)[0] ?? "").trimEnd();
  return name === "/dev/null" ? null : name;
}

/** Git writes `a/` before old and `b/` before new names; other tools do not. */
export function stripPrefixes(old: string | null, fresh: string | null): { old: string | null; new: string | null } {
  const prefixed = (old === null || /^a\/./s.test(old)) && (fresh === null || /^b\/./s.test(fresh));
  return prefixed ? { old: old?.slice(2) ?? null, new: fresh?.slice(2) ?? null } : { old, new: fresh };
}

/** The name in `diff --git a/NAME b/NAME`, which is all that a diff without text changes says; undefined when the two differ. */
export function parseGitHeader(rest: string): string | undefined {
  const text = rest.trimEnd();
  if (text.startsWith('"')) return unquote(text).slice(2);
  const name = text.slice(2, (text.length - 1) / 2);
  return text === `a/${name} b/${name}` ? name : undefined;
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  '"': '"',
  "\\": "\\",
};

/** Undoes git's C-style quotes: octal escapes are bytes of UTF-8. Stops at the closing quote. */
function unquote(text: string): string {
  const bytes: Buffer[] = [];
  for (const [, octal, escape, end, plain] of text.slice(1).matchAll(/\\([0-3][0-7]{2})|\\(.)|(")|([^"\\]+)/gs)) {
    if (end !== undefined) break;
    if (octal !== undefined) bytes.push(Buffer.from([Number.parseInt(octal, 8)]));
    else bytes.push(Buffer.from(plain ?? escapes[escape ?? ""] ?? escape ?? "", "utf8"));
  }
  return Buffer.concat(bytes).toString("utf8");
}
