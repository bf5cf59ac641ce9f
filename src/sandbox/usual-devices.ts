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

export interface DeviceNode {
  readonly path: string;
  readonly block: boolean;
  readonly major: number;
  readonly minor: number;
}

export const isUnusual = ({ path, block, major, minor }: DeviceNode): boolean =>
  block || usual[path] !== `${major}:${minor}`;
