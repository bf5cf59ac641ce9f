import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLogger } from "../../src/core/log.ts";
import type { Runtime } from "../../src/model/profile.ts";
import type { Provider } from "../../src/provider/provider.ts";
import { dockerConnection, imagesDir, seccompDir } from "../support/providers.ts";
import type { GuestBuilds } from "./guest-builds.ts";
import type { GuestDefence } from "./defences.ts";

export const backendNames = ["oci+runc", "oci+runsc", "docker+runc", "docker+runsc"] as const;
export type BackendName = (typeof backendNames)[number];

/** A provider and a runtime that attacks run against. */
export interface Backend extends AsyncDisposable {
  readonly name: BackendName;
  readonly kind: "oci" | "docker";
  readonly runtime: Runtime;
  readonly image: string;
  /** With a guest that lacks these of its defences. */
  provider(guestWithout?: ReadonlySet<GuestDefence>): Promise<Provider>;
  /** A folder for what the controller keeps. */
  readonly dataDir: string;
}

export async function openBackend(name: BackendName, guests: GuestBuilds): Promise<Backend> {
  const [kind, runtime] = name.split("+") as ["oci" | "docker", Runtime];
  const dataDir = await mkdtemp(path.join(tmpdir(), "berth-attacks-"));
  const providers = new Map<string, Promise<Provider>>();
  const make = async (guestBinary: string): Promise<Provider> => {
    if (kind === "docker") {
      const { createDockerProvider } = await import("../../src/provider/docker/docker-provider.ts");
      return createDockerProvider({
        docker: dockerConnection,
        dataDir,
        guestBinary,
        seccompDir,
        imagesDir,
        log: silentLogger,
      });
    }
    const { createOciProvider } = await import("../../src/provider/oci/oci-provider.ts");
    return createOciProvider({ dataDir, guestBinary, seccompDir, log: silentLogger });
  };
  return {
    name,
    kind,
    runtime,
    image: kind === "docker" ? (process.env["BERTH_TEST_IMAGE"] ?? "base") : "host",
    dataDir,
    async provider(without = new Set()) {
      const binary = await guests.without(without);
      let provider = providers.get(binary);
      if (provider === undefined) providers.set(binary, (provider = make(binary)));
      return provider;
    },
    async [Symbol.asyncDispose]() {
      for (const provider of providers.values()) await (await provider).close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
