import { PassThrough } from "node:stream";
import { execa } from "execa";
import { BerthError } from "../../core/errors.ts";
import { exists } from "../../core/exists.ts";
import type { CallOptions } from "../provider.ts";
import type { Daemon } from "./daemon.ts";
import { deadlines } from "./deadlines.ts";
import { followProgress } from "./progress.ts";
import { localImage } from "./resolve-image.ts";

/** What this machine trusts; the root trusts it too, or a proxy that inspects TLS would break every build step. */
const certificates = "/etc/ssl/certs/ca-certificates.crt";
const minutes20 = 1_200_000;

export const debianReference = (suite: string): string => `berth/debian:${suite}`;

/** Arguments that make a minimal Debian root as a tar on stdout. */
export function mmdebstrapArguments(suite: string, withCertificates: boolean): string[] {
  const trust = [
    "--include=ca-certificates",
    `--customize-hook=upload ${certificates} /usr/local/share/ca-certificates/build-machine.crt`,
    '--customize-hook=chroot "$1" update-ca-certificates',
  ];
  return ["--variant=minbase", "--format=tar", ...(withCertificates ? trust : []), suite, "-"];
}

function failed(suite: string, error: unknown): BerthError {
  const fields = (error ?? {}) as { code?: unknown; stderr?: unknown };
  if (fields.code === "ENOENT") {
    return new BerthError(
      "image_not_found",
      "No registry can be reached, and mmdebstrap, which makes a Debian root without one, is not installed.",
      {
        cause: error,
        remedy: "Install it: `apt-get install mmdebstrap`.",
      },
    );
  }
  const said = typeof fields.stderr === "string" ? fields.stderr.trim().split("\n").slice(-3).join(" ") : String(error);
  return new BerthError("image_not_found", `mmdebstrap could not make a Debian ${suite} root: ${said}`, {
    cause: error,
    remedy: "Check that a Debian mirror can be reached: `mmdebstrap --variant=minbase bookworm /tmp/root.tar`.",
  });
}

/**
 * A Debian image without a registry: mmdebstrap fetches packages from Debian's mirrors (20 to 60 s), the daemon imports
 * the root as `berth/debian:<suite>`. An image that is there already is used as it is.
 * @returns the image's reference
 * @throws BerthError `image_not_found` with what to install or to check
 */
export async function importDebian(daemon: Daemon, suite: string, options: CallOptions = {}): Promise<string> {
  const { onProgress = () => undefined, signal } = options;
  const reference = debianReference(suite);
  if ((await localImage(daemon, reference, signal)) !== undefined) return reference;
  const trusted = await exists(certificates);
  onProgress(`Making a Debian ${suite} root with mmdebstrap`);
  const making = execa("mmdebstrap", mmdebstrapArguments(suite, trusted), {
    stdin: "ignore",
    buffer: { stdout: false, stderr: true },
    maxBuffer: 1_000_000,
    timeout: minutes20,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  // The stream ends only after mmdebstrap has succeeded, so that half a root is never imported.
  const root = new PassThrough();
  making.stdout.pipe(root, { end: false });
  const made = making.then(
    () => void root.end(),
    (error: unknown) => {
      const failure = failed(suite, error);
      root.destroy(failure);
      throw failure;
    },
  );
  const imported = daemon.call(
    "docker import",
    deadlines.build,
    async (abortSignal) => {
      const [repo, tag] = reference.split(":");
      await followProgress(await daemon.docker.importImage(root, { repo, tag, abortSignal }), () => undefined);
    },
    signal,
  );
  const [making_, importing] = await Promise.allSettled([made, imported]);
  if (making_.status === "rejected") throw making_.reason;
  if (importing.status === "rejected") throw importing.reason;
  onProgress(`Imported ${reference}`);
  return reference;
}
