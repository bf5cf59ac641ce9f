import { degraded, missing, ok, type Check, type CheckGroup, type DoctorInput } from "./check.ts";

const versionIn = (text: string): string | undefined => /\d+\.\d+(?:\.\d+)?/.exec(text)?.[0];

const atLeast = (version: string, major: number, minor: number): boolean => {
  const [a = 0, b = 0] = version.split(".").map(Number);
  return a > major || (a === major && b >= minor);
};

function node({ host }: DoctorInput): Check {
  if (atLeast(host.nodeVersion, 24, 0)) return ok("node", host.nodeVersion);
  return missing(
    "node",
    `${host.nodeVersion}; 24 or later runs the sources`,
    "npm ci   # brings Node 24; then use npx, or put node_modules/.bin first in PATH",
  );
}

function root({ host }: DoctorInput): Check {
  if (host.root) return ok("root", "this process is root");
  return degraded("root", "this process is an ordinary user; the oci provider needs root", "sudo berth doctor");
}

async function git({ host, install }: DoctorInput): Promise<Check> {
  const { ok: ran, text } = await host.run("git", ["--version"]);
  const version = versionIn(text);
  if (!ran || version === undefined) return missing("git", "not found", install("git"));
  // The allow-list of protocols and partial clones as snapshots use them.
  return atLeast(version, 2, 30)
    ? ok("git", version)
    : degraded("git", `${version}; 2.30 or later is tried`, install("git"));
}

async function guest({ host, config }: DoctorInput): Promise<Check> {
  const path = config.guest_binary;
  return (await host.executable(path)) ? ok("guest", path) : missing("guest", `no program at ${path}`, "make guest");
}

async function go({ host, install }: DoctorInput): Promise<Check> {
  const { ok: ran, text } = await host.run("go", ["version"]);
  if (ran) return ok("go", versionIn(text) ?? text);
  return degraded("go", "not found; only `make guest` needs it", install("golang-go"));
}

export const programChecks: CheckGroup = async (input) => [
  node(input),
  root(input),
  ...(await Promise.all([git(input), guest(input), go(input)])),
];
