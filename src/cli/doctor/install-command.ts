import type { Host } from "./host.ts";

const installers: readonly (readonly [family: RegExp, command: string])[] = [
  [/\b(?:debian|ubuntu)\b/, "apt-get install -y"],
  [/\b(?:fedora|rhel|centos)\b/, "dnf install -y"],
  [/\balpine\b/, "apk add"],
  [/\barch\b/, "pacman -S --noconfirm"],
  [/\bsuse\b/, "zypper install -y"],
];

/** The command that installs packages on this system, by the family that /etc/os-release names. */
export async function installCommand(host: Host): Promise<(...packages: readonly string[]) => string> {
  const release = (await host.read("/etc/os-release")) ?? "";
  const family = [...release.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].map((match) => match[1]).join(" ");
  const command = installers.find(([pattern]) => pattern.test(family))?.[1];
  if (command === undefined)
    return (...packages) => `install ${packages.join(" and ")} with your system's package manager`;
  return (...packages) => `${host.root ? "" : "sudo "}${command} ${packages.join(" ")}`;
}
