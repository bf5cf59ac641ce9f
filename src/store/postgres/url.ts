/** The host and the database, for people. What else stands in the URL may be a secret. */
export function serverOf(url: string): string {
  const { host, pathname, searchParams } = new URL(url);
  return `${searchParams.get("host") ?? (host || "localhost")}${pathname}`;
}

/** With what makes each session durable, whatever the server's default is; `on` waits for synchronous standbys too. */
export function sessionUrl(url: string): string {
  const session = new URL(url);
  const given = session.searchParams.get("options");
  session.searchParams.set("options", [given, "-c synchronous_commit=on"].filter(Boolean).join(" "));
  return session.href;
}
