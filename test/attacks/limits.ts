import { readFile } from "node:fs/promises";
import type { Resources } from "../../src/model/resources.ts";
import { containerName } from "../../src/provider/docker/names.ts";
import { dockerConnection } from "../support/providers.ts";
import type { Berth } from "../support/running-berth.ts";
import type { Arena, SandboxOptions } from "./arena.ts";

interface Limits {
  readonly memoryBytes: number;
  readonly pids: number;
  readonly cpus: number;
}

const cgroups = "/sys/fs/cgroup";

const numbersOf = async (file: string): Promise<number[]> =>
  (await readFile(file, "utf8"))
    .trim()
    .split(/\s+/)
    .map((word) => (word === "max" ? Infinity : Number(word)));

/** As the kernel has them for a sandbox of the oci provider. */
async function ofCgroup(id: string): Promise<Limits> {
  const version1 = (...parts: string[]) => numbersOf([cgroups, parts[0], "berth", id, parts[1]].join("/"));
  const version2 = (file: string) => numbersOf(`${cgroups}/berth/${id}/${file}`);
  const isVersion2 = await readFile(`${cgroups}/cgroup.controllers`).then(
    () => true,
    () => false,
  );
  const [[memoryBytes], [pids], [quota], [period]] = isVersion2
    ? await Promise.all([
        version2("memory.max"),
        version2("pids.max"),
        version2("cpu.max"),
        version2("cpu.max").then((pair) => pair.slice(1)),
      ])
    : await Promise.all([
        version1("memory", "memory.limit_in_bytes"),
        version1("pids", "pids.max"),
        version1("cpu", "cpu.cfs_quota_us"),
        version1("cpu", "cpu.cfs_period_us"),
      ]);
  if (memoryBytes === undefined || pids === undefined || quota === undefined || period === undefined)
    throw new Error(`the limits of ${id} cannot be read`);
  return { memoryBytes, pids, cpus: quota < 0 ? Infinity : quota / period };
}

/** As the daemon has them. */
async function ofContainer(id: string): Promise<Limits> {
  const { default: Docker } = await import("dockerode");
  const { HostConfig } = await new Docker(dockerConnection).getContainer(containerName(id)).inspect();
  const orNone = (value: number | undefined) => (value === undefined || value <= 0 ? Infinity : value);
  return {
    memoryBytes: orNone(HostConfig.Memory),
    pids: orNone(HostConfig.PidsLimit),
    cpus: orNone(HostConfig.CpuQuota) / orNone(HostConfig.CpuPeriod),
  };
}

/** Processor time that a sandbox has used so far, in seconds, as the machine's kernel counts it. */
export async function processorSeconds(arena: Arena, { handle }: Berth): Promise<number> {
  if (arena.backend.kind === "docker") {
    const { default: Docker } = await import("dockerode");
    const container = new Docker(dockerConnection).getContainer(containerName(handle.id));
    const { cpu_stats } = await container.stats({ stream: false, "one-shot": true });
    return cpu_stats.cpu_usage.total_usage / 1e9;
  }
  const [nanoseconds] = await numbersOf(`${cgroups}/cpuacct/berth/${handle.id}/cpuacct.usage`).catch(async () => {
    const text = await readFile(`${cgroups}/berth/${handle.id}/cpu.stat`, "utf8");
    return [Number(/^usage_usec (\d+)$/m.exec(text)?.[1]) * 1000];
  });
  return (nanoseconds ?? NaN) / 1e9;
}

/** Far above what any case asks for, also in an arena without limits. */
const mostPids = 16_384;

/**
 * A sandbox to light a bomb in: its limits were read back where they are enforced.
 * @throws when one of them is not there
 */
export async function limited(
  arena: Arena,
  resources: Partial<Resources>,
  options: SandboxOptions = {},
): Promise<Berth> {
  const berth = await arena.sandbox({ ...options, resources });
  const wanted = (await arena.setup({ ...options, resources })).resources;
  const found = await (arena.backend.kind === "oci" ? ofCgroup : ofContainer)(berth.handle.id);
  const there =
    found.memoryBytes <= wanted.memory_mb * 2 ** 20 && found.pids <= mostPids && found.cpus <= wanted.cpus * 1.01;
  if (!there) throw new Error(`the limits are not there: ${JSON.stringify(found)}`);
  if (wanted.disk_mb === undefined) return berth;
  const { stdout } = await berth.sh("df -m --output=size /workspace | tail -1");
  const diskMb = Number(stdout.head);
  if (!(diskMb > 0 && diskMb <= wanted.disk_mb)) throw new Error(`the disk has ${stdout.head} MB`);
  return berth;
}
