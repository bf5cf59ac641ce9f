import type { Runtime } from "../model/profile.ts";

/** Nodes that every sandbox has, with their numbers: a name alone could stand for any device. */
const usual: Readonly<Record<string, string>> = {
  "/dev/null": "1:3",
  "/dev/zero": "1:5",
  "/dev/full": "1:7",
  "/dev/random": "1:8",
  "/dev/urandom": "1:9",
  "/dev/tty": "5:0",
  "/dev/ptmx": "5:2",
  "/dev/pts/ptmx": "5:2",
};

/** Of gVisor's own kernel: they lead to nothing of the host. */
const usualUnderGvisor: Readonly<Record<string, string>> = {
  ...usual,
  "/dev/fuse": "10:229",
  "/dev/net/tun": "10:200",
};

export interface DeviceNode {
  readonly path: string;
  readonly block: boolean;
  readonly major: number;
  readonly minor: number;
}

export function isUnusual({ path, block, major, minor }: DeviceNode, runtime: Runtime): boolean {
  const known = runtime === "runsc" ? usualUnderGvisor : usual;
  return block || known[path] !== `${major}:${minor}`;
}
