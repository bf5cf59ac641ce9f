import { degraded, ok, type Check, type CheckGroup, type DoctorInput } from "./check.ts";

const gibibyte = 1024 ** 3;
const wanted = { diskBytes: 5 * gibibyte, inodes: 200_000, memoryBytes: 2 * gibibyte };

const inGib = (bytes: number): string => `${(bytes / gibibyte).toFixed(1)} GiB`;

async function dataDir({ host, config }: DoctorInput): Promise<Check[]> {
  const { freeBytes, freeInodes } = await host.space(config.data_dir);
  const remedy = "free some, run `berth gc`, or set BERTH_DATA_DIR to a larger disk";
  const disk = `${inGib(freeBytes)} free for ${config.data_dir}`;
  const inodes = freeInodes === null ? "no fixed number" : `${freeInodes} free`;
  return [
    freeBytes >= wanted.diskBytes
      ? ok("disk", disk)
      : degraded("disk", `${disk}; ${inGib(wanted.diskBytes)} is little`, remedy),
    freeInodes === null || freeInodes >= wanted.inodes
      ? ok("inodes", inodes)
      : degraded("inodes", `${inodes}; ${wanted.inodes} is little`, remedy),
  ];
}

function memory({ host }: DoctorInput): Check {
  const detail = inGib(host.memoryBytes);
  return host.memoryBytes >= wanted.memoryBytes
    ? ok("memory", detail)
    : degraded(
        "memory",
        `${detail}; a sandbox takes 1 GiB by default`,
        "lower resources.memory_mb of the environments",
      );
}

export const spaceChecks: CheckGroup = async (input) => [...(await dataDir(input)), memory(input)];
