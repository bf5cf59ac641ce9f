import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import Docker from "dockerode";
import { label } from "../../src/provider/docker/names.ts";
import { pids } from "../support/host-processes.ts";
import type { Scene } from "./scene.ts";

let naps = 0;

/** A command that takes a minute, and that no other process on the machine has. */
export const longNap = (): string => `sleep 60.${process.pid}${String(naps++).padStart(4, "0")}`;

/** The process on this machine that is the guest of a rollout's sandbox. */
export async function guestOf(scene: Scene, rolloutId: string): Promise<number> {
  if (scene.backend === "docker") {
    const docker = new Docker(scene.docker);
    const filters = JSON.stringify({ label: [`${label.purpose}=${rolloutId}`] });
    const [found] = await docker.listContainers({ filters });
    const pid = found && (await docker.getContainer(found.Id).inspect()).State.Pid;
    if (pid) return pid;
  }
  const name = await cgroupOf(scene, rolloutId);
  for (const pid of await pids()) {
    const [cgroup, status, command] = await Promise.all(
      ["cgroup", "status", "cmdline"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")),
    );
    const isGuest = command?.includes("\0serve\0") === true && /^NSpid:.*\s1$/m.test(status ?? "");
    if (isGuest && cgroup?.includes(name)) return Number(pid);
  }
  throw new Error(`The rollout ${rolloutId} has no guest.`);
}

/** What the name of the cgroup of a rollout's sandbox contains. */
async function cgroupOf({ namespace }: Scene, rolloutId: string): Promise<string> {
  if (!namespace) return `b-${createHash("sha256").update(rolloutId).digest("hex").slice(0, 12)}-`;
  const [pod] = await namespace.pods(`berth.dev/purpose=${rolloutId}`);
  if (!pod?.metadata?.uid) throw new Error(`The rollout ${rolloutId} has no pod.`);
  return `pod${pod.metadata.uid}`;
}
