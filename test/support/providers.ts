import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { kubernetesOptions } from "../../src/config/kubernetes-options.ts";
import { loadConfig } from "../../src/config/load.ts";
import { silentLogger } from "../../src/core/log.ts";
import { exportLayer } from "../../src/guest/export-layer.ts";
import { startLife } from "../../src/guest/start-life.ts";
import type { Profile, Runtime } from "../../src/model/profile.ts";
import type { Provider } from "../../src/provider/provider.ts";
import { loadProfiles, profileNamed as profileOf } from "../../src/sandbox/profiles.ts";
import { agentSandboxIn } from "./agent-sandbox.ts";
import { testCluster } from "./test-cluster.ts";

export interface ProviderUnderTest {
  /** The OCI runtime that sandboxes run under. */
  readonly runtime: Runtime;
  /** How long a start may take where that is no matter of milliseconds; lifetimes in tests begin after it. */
  readonly startMs?: number;
  /** The one in use; `restart` replaces it. */
  readonly provider: Provider;
  /** An image that every behaviour can run in: a POSIX shell, coreutils, grep, procps or busybox. */
  readonly image: string;
  /** Throws the provider object away and makes a new one over the same machine, as a controller's restart does. */
  restart(): Promise<void>;
  /** What is left of an owner's sandboxes, found without the provider: mounts, folders, containers. Empty between tests. */
  residue(owner: string): Promise<string[]>;
  cleanup(): Promise<void>;
}

export interface ProviderFixture {
  readonly name: string;
  make(): Promise<ProviderUnderTest | { readonly unavailable: string }>;
}

const repository = path.resolve(import.meta.dirname, "../..");
export const seccompDir = path.join(repository, "sandbox-profiles/seccomp");
export const imagesDir = path.join(repository, "images");
const architecture = process.arch === "arm64" ? "arm64" : "amd64";

/** BERTH_GUEST_BINARY names another one. */
export const guestBinary =
  process.env["BERTH_GUEST_BINARY"] ?? path.join(repository, `build/berth-guest-${architecture}`);

/** The daemon that `make test` uses; the machine's own unless BERTH_DOCKER_HOST names the socket of another. */
export const dockerConnection = {
  socketPath: (process.env["BERTH_DOCKER_HOST"] ?? "/var/run/docker.sock").replace(/^unix:\/\//, ""),
};

export async function profileNamed(name: string): Promise<Profile> {
  return profileOf(await loadProfiles(path.join(repository, "sandbox-profiles")), name);
}

/** A provider that can be thrown away and made anew. */
async function restartable(make: () => Promise<Provider>): Promise<{ current: Provider; restart(): Promise<void> }> {
  const slot = {
    current: await make(),
    restart: async () => {
      await slot.current.close();
      slot.current = await make();
    },
  };
  return slot;
}

const memory: ProviderFixture = {
  name: "memory",
  make: async () => {
    const { createMemoryProvider } = await import("../../src/provider/memory/memory-provider.ts");
    const { MemoryWorld } = await import("../../src/provider/memory/world.ts");
    const world = new MemoryWorld();
    const slot = await restartable(async () => createMemoryProvider({ world }));
    return {
      get provider() {
        return slot.current;
      },
      runtime: "runc",
      image: "host",
      restart: () => slot.restart(),
      residue: async () => [...world.sandboxes.keys()],
      cleanup: async () => await slot.current.close(),
    };
  },
};

const ociUnder = (name: string, sandboxRuntime: Runtime): ProviderFixture => ({
  name,
  make: async () => {
    const { probeOci } = await import("../../src/provider/oci/probe.ts");
    const { createOciProvider } = await import("../../src/provider/oci/oci-provider.ts");
    const probe = await probeOci({ guestBinary });
    if (!probe.works) return { unavailable: probe.reasons.map(({ what }) => what).join("; ") };
    if (sandboxRuntime === "runsc" && !probe.runsc) return { unavailable: "runsc is not installed" };
    const dataDir = await mkdtemp(path.join(tmpdir(), "berth-conformance-"));
    const runtime = probe.runtime?.binary ?? "runc";
    const slot = await restartable(() =>
      createOciProvider({ dataDir, guestBinary, seccompDir, runtime, log: silentLogger }),
    );
    return {
      get provider() {
        return slot.current;
      },
      runtime: sandboxRuntime,
      image: "host",
      restart: () => slot.restart(),
      residue: async () => [
        ...(await linesOf("/proc/self/mountinfo", dataDir)),
        ...(await entriesOf(path.join(dataDir, "oci/sandboxes"))),
        ...(await entriesOf(path.join(dataDir, "oci/removed-snapshots"))),
      ],
      cleanup: async () => {
        await slot.current.close();
        await rm(dataDir, { recursive: true, force: true });
      },
    };
  },
});

const dockerUnder = (name: string, runtime: Runtime): ProviderFixture => ({
  name,
  make: async () => {
    const { probeDocker } = await import("../../src/provider/docker/probe.ts");
    const { createDockerProvider } = await import("../../src/provider/docker/docker-provider.ts");
    const probe = await probeDocker({ docker: dockerConnection, guestBinary });
    if (!probe.works) return { unavailable: probe.reasons.map(({ what }) => what).join("; ") };
    const image = process.env["BERTH_TEST_IMAGE"] ?? "base";
    const dataDir = await mkdtemp(path.join(tmpdir(), "berth-conformance-"));
    const options = { docker: dockerConnection, dataDir, guestBinary, seccompDir, imagesDir, log: silentLogger };
    const slot = await restartable(() => createDockerProvider(options));
    const cleanup = async () => {
      await slot.current.close();
      await rm(dataDir, { recursive: true, force: true });
    };
    // Without these no sandbox of the profile standard is created.
    const { gaps } = slot.current.capabilities[runtime];
    const missing = gaps[`runtime_${runtime}`] ?? gaps.seccomp;
    if (missing !== undefined) {
      await cleanup();
      return { unavailable: missing };
    }
    try {
      await slot.current.snapshots.resolveImage(image);
    } catch (thrown) {
      await cleanup();
      return {
        unavailable: `the image ${image} is missing: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      };
    }
    return {
      get provider() {
        return slot.current;
      },
      runtime,
      image,
      restart: () => slot.restart(),
      residue: async (owner) => [...(await containersOf(owner)), ...(await loopDevicesOf(dataDir))],
      cleanup,
    };
  },
});

/**
 * In a namespace of its own, on the cluster of KUBECONFIG. BERTH_TEST_REGISTRY holds `base` and `berth-guest`; BERTH_TEST_KUBERNETES
 * has settings that differ from these, as JSON.
 */
const kubernetesWith = (name: string, how: { readonly claims: boolean }): ProviderFixture => ({
  name,
  make: async () => {
    const cluster = testCluster();
    if ("unavailable" in cluster) return cluster;
    const { kubectl, settings } = cluster;
    const { createKubernetesProvider } = await import("../../src/provider/kubernetes/kubernetes-provider.ts");
    const namespace = `berth-test-${randomBytes(4).toString("hex")}`;
    const dataDir = await mkdtemp(path.join(tmpdir(), "berth-conformance-"));
    await kubectl("create", "namespace", namespace);
    const standIn = how.claims ? await agentSandboxIn(namespace, kubectl) : undefined;
    const cleanup = async () => {
      await standIn?.[Symbol.asyncDispose]();
      await kubectl("delete", "namespace", namespace, "--wait=true", "--timeout=120s");
      await rm(dataDir, { recursive: true, force: true });
    };
    const slot = await restartable(() =>
      createKubernetesProvider({
        ...kubernetesOptions(loadConfig({ env: {}, flags: settings })),
        namespace,
        ...how,
        dataDir,
        exportLayer,
        startLife,
        // The suite keeps sandboxes of any purpose.
        keeps: "all",
        log: silentLogger,
      }),
    ).catch(async (thrown: unknown) => {
      await cleanup();
      throw thrown;
    });
    return {
      get provider() {
        return slot.current;
      },
      runtime: "runc",
      startMs: 8_000,
      image: "base",
      restart: () => slot.restart(),
      residue: async () =>
        (await kubectl("get", ...whatSandboxesAre(how), "--namespace", namespace, "--output", "name"))
          .split("\n")
          .filter(Boolean),
      cleanup: async () => {
        await slot.current.close();
        await cleanup();
      },
    };
  },
});

/** With claims there are pods that wait, too, which are no sandbox's. */
const whatSandboxesAre = ({ claims }: { readonly claims: boolean }): string[] =>
  claims ? ["sandboxclaims"] : ["pods"];

export const providerFixtures: readonly ProviderFixture[] = [
  memory,
  ociUnder("oci", "runc"),
  ociUnder("oci-runsc", "runsc"),
  dockerUnder("docker", "runc"),
  dockerUnder("docker-runsc", "runsc"),
  kubernetesWith("kubernetes", { claims: false }),
  kubernetesWith("kubernetes-claims", { claims: true }),
];

/** Of this owner and of those whose names begin with it. */
async function containersOf(owner: string): Promise<string[]> {
  const { default: Docker } = await import("dockerode");
  const { label } = await import("../../src/provider/docker/names.ts");
  const containers = await new Docker(dockerConnection).listContainers({
    all: true,
    filters: { label: [label.owner] },
  });
  return containers.filter(({ Labels }) => Labels[label.owner]?.startsWith(owner)).map(({ Names }) => Names.join(" "));
}

/** Loop devices over files of a folder, those without a name too; a mounted one is among them. */
export async function loopDevicesOf(folder: string): Promise<string[]> {
  const devices = (await readdir("/sys/block").catch(() => [])).filter((name) => name.startsWith("loop"));
  const backed = await Promise.all(
    devices.map(
      async (name) => `${name} ${await readFile(`/sys/block/${name}/loop/backing_file`, "utf8").catch(() => "")}`,
    ),
  );
  return backed.filter((line) => line.includes(folder)).map((line) => line.trim());
}

async function entriesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => path.join(folder, name));
}

async function linesOf(file: string, part: string): Promise<string[]> {
  return (await readFile(file, "utf8")).split("\n").filter((line) => line.includes(part));
}
