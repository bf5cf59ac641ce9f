import { degraded, ok, type Check, type CheckGroup, type DoctorInput } from "./check.ts";
import { flooredPrograms, kernelFloor, type FlooredProgram, type VersionFloor } from "./version-floors.ts";

interface Installed {
  readonly version: string;
  /** Undefined where no package manager of Debian's kind knows the program. */
  readonly packaged: string | undefined;
}

const parts = (version: string): readonly number[] => version.split(".").map(Number);

function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a version has a fix that several lines of releases got: its own line's, or it is of a later line than all of them. */
export function hasFix(version: string, fixedIn: readonly string[]): boolean {
  const own = parts(version);
  const lines = fixedIn.map(parts);
  const line = lines.find((fixed) => compare(fixed.slice(0, 2), own.slice(0, 2)) === 0);
  if (line) return compare(own, line) >= 0;
  return lines.every((fixed) => compare(own, fixed) > 0);
}

/** The version that a program tells of itself. gVisor's are dates, after `release-` or Debian's `0.0~`. */
const versionIn = (text: string): string | undefined =>
  /(?:release-|0\.0~)(\d{8}\.\d+)/.exec(text)?.[1] ?? /\d+\.\d+(?:\.\d+)?/.exec(text)?.[0];

async function packageVersion({ host }: DoctorInput, command: string): Promise<string | undefined> {
  const path = await host.run("sh", ["-c", 'PATH=$PATH:/usr/sbin:/sbin command -v "$1"', "sh", command]);
  if (!path.ok) return undefined;
  // Packages from before the merge of /bin into /usr/bin are known by their older path.
  const owner = await host.run("dpkg-query", ["--search", path.text, path.text.replace(/^\/usr\//, "/")]);
  const name = /^([a-z0-9][a-z0-9+.-]+)(?::\w+)?: \//m.exec(owner.text)?.[1];
  if (name === undefined) return undefined;
  const shown = await host.run("dpkg-query", ["--show", "--showformat=${Version}", name]);
  return shown.ok ? shown.text : undefined;
}

/** A later revision of the very version that was patched. */
async function isPatched({ host }: DoctorInput, packaged: string, patched: string): Promise<boolean> {
  const upstream = patched.slice(0, patched.lastIndexOf("-") + 1);
  if (!packaged.startsWith(upstream)) return false;
  return (await host.run("dpkg", ["--compare-versions", packaged, "ge", patched])).ok;
}

async function isKept(input: DoctorInput, { version, packaged }: Installed, floor: VersionFloor): Promise<boolean> {
  if (hasFix(version, floor.fixedIn)) return true;
  if (packaged === undefined) return false;
  const found = await Promise.all(floor.patchedPackages.map((patched) => isPatched(input, packaged, patched)));
  return found.includes(true);
}

/** Nothing for a program that is not there: other checks say that. */
async function program(input: DoctorInput, { name, command, floors, packageName }: FlooredProgram): Promise<Check[]> {
  const { host, install } = input;
  const said = await host.run("sh", ["-c", 'PATH=$PATH:/usr/sbin:/sbin exec "$1" --version', "sh", command]);
  if (!said.ok) return [];
  const check = `${name} version`;
  const update = `${install(packageName)}   # or a newer one from its makers, where the distribution has no fix`;
  const version = versionIn(said.text);
  if (version === undefined) return [degraded(check, `cannot be told from: ${said.text.split("\n")[0] ?? ""}`, update)];
  const installed = { version, packaged: await packageVersion(input, command) };
  const shown = installed.packaged === undefined ? version : `${version} (package ${installed.packaged})`;
  const below: VersionFloor[] = [];
  for (const floor of floors) if (!(await isKept(input, installed, floor))) below.push(floor);
  if (below.length === 0) return [ok(check, `${shown}: no weakness that is known here`)];
  const weak = below.map(({ fixes, why, fixedIn }) => `${fixes}, mended in ${fixedIn.join(", ")}: ${why}`);
  return [degraded(check, `${shown} is weak: ${weak.join("; ")}`, update)];
}

function kernel({ host }: DoctorInput): Check {
  const version = versionIn(host.kernel);
  const remedy = "install your distribution's present kernel and restart";
  if (version === undefined) return degraded("kernel version", `cannot be told from: ${host.kernel}`, remedy);
  return compare(parts(version), parts(kernelFloor)) >= 0
    ? ok("kernel version", `${host.kernel}; its weaknesses are those of runc sandboxes too, so keep it up to date`)
    : degraded("kernel version", `${host.kernel} is weak: kernel.org mends no line before ${kernelFloor}`, remedy);
}

/** Whether programs that stand between a sandbox and the host have known weaknesses. None of this keeps a provider from running. */
export const versionChecks: CheckGroup = async (input) => {
  if (input.host.platform !== "linux") return [];
  return [kernel(input), ...(await Promise.all(flooredPrograms.map((floored) => program(input, floored)))).flat()];
};
