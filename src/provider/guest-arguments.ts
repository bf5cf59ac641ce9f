import type { SandboxSpec } from "./provider.ts";

/** What a sandbox's guest is started with, behind its own path. `more`: what only one provider says. */
export function guestArguments(
  { profile, workdir, expiresAtMs }: SandboxSpec,
  { listen, home }: { readonly listen: string; readonly home: string },
  more: readonly string[] = [],
): string[] {
  const { user, root_commands } = profile;
  return [
    "serve",
    "--listen",
    listen,
    "--root",
    workdir,
    "--home",
    home,
    "--uid",
    String(user.uid),
    "--gid",
    String(user.gid),
    "--expires-at",
    String(expiresAtMs),
    ...more,
    ...(root_commands ? ["--allow-root"] : []),
  ];
}
