import { access, constants } from "node:fs/promises";
import { cgroupVersion } from "./cgroups.ts";
import { runtimeVersion } from "./runtime-version.ts";

export interface OciProbe {
  readonly works: boolean;
  /** Why it cannot run here; empty when it works. */
  readonly reasons: readonly { readonly what: string; readonly remedy: string }[];
  readonly runtime: { readonly binary: string; readonly version: string } | undefined;
  /** gVisor, for the profiles that ask for it. */
  readonly runsc: { readonly version: string } | undefined;
}

/** What the oci provider needs of this machine. Starts nothing and changes nothing. */
export async function probeOci(options: { guestBinary: string; runtimes?: readonly string[] }): Promise<OciProbe> {
  const reasons: { what: string; remedy: string }[] = [];
  if (process.platform !== "linux") {
    reasons.push({ what: "runc needs Linux", remedy: "Use the docker provider, or a Linux machine." });
    return { works: false, reasons, runtime: undefined, runsc: undefined };
  }
  if (process.getuid?.() !== 0) {
    reasons.push({ what: "mounting overlays needs root", remedy: "Run as root, or use the docker provider." });
  }
  let runtime: OciProbe["runtime"];
  for (const binary of options.runtimes ?? ["runc", "crun"]) {
    const version = await runtimeVersion(binary);
    if (version !== undefined) {
      runtime = { binary, version };
      break;
    }
  }
  if (!runtime)
    reasons.push({ what: "no OCI runtime is installed", remedy: "apt-get install --no-install-recommends runc" });
  if ((await cgroupVersion()) === "none") {
    reasons.push({
      what: "no cgroup hierarchy with a memory controller is mounted",
      remedy: "Mount cgroup2 at /sys/fs/cgroup.",
    });
  }
  await access(options.guestBinary, constants.X_OK).catch(() => {
    reasons.push({ what: `the guest ${options.guestBinary} is missing`, remedy: "make guest" });
  });
  const gvisor = await runtimeVersion("runsc");
  return {
    works: reasons.length === 0,
    reasons,
    runtime,
    runsc: gvisor === undefined ? undefined : { version: gvisor },
  };
}
