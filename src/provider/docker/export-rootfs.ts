import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { execa } from "execa";
import { systemClock } from "../../core/clock.ts";
import { BerthError } from "../../core/errors.ts";
import { paced } from "../../core/pace.ts";
import { bytesInWords } from "../../core/quantities.ts";
import type { CallOptions } from "../provider.ts";
import { connectDaemon, type DockerConnection } from "./daemon.ts";
import { refusalStatus, refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import { label } from "./names.ts";
import { removeContainer } from "./remove-container.ts";

export interface RootfsExport extends CallOptions {
  readonly docker?: DockerConnection | undefined;
  /** An image reference or id that the daemon has. Its content is the operator's own and is trusted. */
  readonly image: string;
  /** A directory that does not exist yet; it appears whole or not at all. */
  readonly destination: string;
}

async function unpack(
  tar: NodeJS.ReadableStream,
  directory: string,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (total: number) => void },
): Promise<void> {
  const flags = [
    "--extract",
    "--numeric-owner",
    "--same-owner",
    "--preserve-permissions",
    "--xattrs",
    "--xattrs-include=*",
  ];
  const unpacking = execa("tar", [...flags, "--directory", directory, "--file", "-"], {
    stdout: "ignore",
    maxBuffer: 65_536,
    cancelSignal: signal,
  });
  const broken = new Promise<never>((_, reject) => tar.once("error", reject));
  broken.catch(() => unpacking.kill());
  let total = 0;
  tar.on("data", (chunk: Buffer) => onBytes((total += chunk.length)));
  tar.pipe(unpacking.stdin);
  // tar's own end tells of a broken pipe better than the pipe does.
  unpacking.stdin.on("error", () => undefined);
  try {
    await Promise.race([unpacking, broken]);
  } catch (cause) {
    const said = (cause as { stderr?: unknown }).stderr;
    const reason = typeof said === "string" && said !== "" ? said.split("\n").slice(-3).join(" ") : String(cause);
    throw new BerthError("storage_failed", `The image's files could not be written: ${reason}`, { cause });
  }
}

/**
 * Writes an image's file tree into a directory, as root and with numeric owners: what a provider without a daemon starts
 * from. No container runs.
 * @throws BerthError `image_not_found`, `invalid_config` when the destination exists, `provider_unavailable`, `storage_failed`
 */
export async function exportRootfs(options: RootfsExport): Promise<void> {
  const { image, destination, onProgress = () => undefined, signal } = options;
  if (
    await stat(destination).then(
      () => true,
      () => false,
    )
  ) {
    throw new BerthError("invalid_config", `${destination} exists.`, {
      remedy: "Name a directory that does not exist yet.",
    });
  }
  const daemon = connectDaemon(options.docker);
  // Names the process, so that a later one can tell what is left over.
  const partial = `${destination}.partial-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    const container = await daemon.call(
      "docker create",
      deadlines.create,
      (abortSignal) =>
        daemon.docker.createContainer({
          Image: image,
          Entrypoint: ["/"],
          Labels: { [label.image]: "export" },
          HostConfig: { NetworkMode: "none" },
          abortSignal,
        }),
      signal,
    );
    try {
      onProgress(`exporting ${image}`);
      const onBytes = paced((bytes: number) => onProgress(`exporting ${image}: ${bytesInWords(bytes)}`));
      await mkdir(partial, { recursive: true });
      await daemon.call(
        "docker export",
        deadlines.exportRootfs,
        async (abortSignal) =>
          await unpack(await container.export({ abortSignal }), partial, { signal: abortSignal, onBytes }),
        signal,
      );
    } finally {
      await removeContainer(daemon, container.id, systemClock);
    }
    await rename(partial, destination);
  } catch (thrown) {
    await rm(partial, { recursive: true, force: true });
    if (refusalStatus(thrown) === 404) {
      throw new BerthError("image_not_found", `The Docker daemon does not have the image ${image}.`, { cause: thrown });
    }
    throw refusedAs("storage_failed", `export ${image}`, thrown);
  } finally {
    daemon.close();
  }
}
