import { BEGINNING_MS, type Residue } from "../residue.ts";
import type { Daemon } from "./daemon.ts";
import { refusalStatus, refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import { label } from "./names.ts";

/** The client's type lacks the time. */
interface VolumeEntry {
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly CreatedAt?: string;
}

const timeOf = (text: string | undefined): number | null => {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? null : ms;
};

/**
 * Volumes of sandboxes that are gone, and containers of other installations that are past their expiry: whoever started those has not
 * removed them, and may be no more. Looks only. @throws BerthError `provider_unavailable`
 */
export async function dockerResidue(daemon: Daemon, owner: string, nowMs: number): Promise<Residue[]> {
  try {
    return [...(await volumes(daemon, owner, nowMs)), ...(await strangers(daemon, owner, nowMs))];
  } catch (thrown) {
    throw refusedAs("provider_unavailable", "look for what is left of sandboxes", thrown);
  }
}

async function volumes(daemon: Daemon, owner: string, nowMs: number): Promise<Residue[]> {
  const filters = JSON.stringify({ label: [label.owner], dangling: ["true"] });
  const { Volumes: unused } = await daemon.call("docker volume ls", deadlines.ask, (abortSignal) =>
    daemon.docker.listVolumes({ filters, abortSignal }),
  );
  return (unused as readonly VolumeEntry[]).flatMap(({ Name, Labels, CreatedAt }): Residue[] => {
    const sinceMs = timeOf(CreatedAt);
    if (sinceMs !== null && nowMs - sinceMs < BEGINNING_MS) return [];
    const theirs = Labels?.[label.owner] ?? null;
    const why = `the volume of sandbox ${Labels?.[label.sandbox] ?? "?"}, whose container is gone`;
    const found = { kind: "volume", id: Name, owner: theirs, sinceMs, why, harmless: false } as const;
    if (theirs !== owner) return [{ ...found, remedy: `docker volume rm ${Name}` }];
    return [{ ...found, remedy: "berth gc", remove: () => removeVolume(daemon, Name) }];
  });
}

async function removeVolume(daemon: Daemon, name: string): Promise<void> {
  const remove = (abortSignal: AbortSignal) => daemon.docker.getVolume(name).remove({ abortSignal });
  await daemon.call("docker volume rm", deadlines.remove, remove).catch((thrown: unknown) => {
    if (refusalStatus(thrown) !== 404) throw refusedAs("teardown_failed", `remove the volume ${name}`, thrown);
  });
}

async function strangers(daemon: Daemon, owner: string, nowMs: number): Promise<Residue[]> {
  const filters = JSON.stringify({ label: [label.expires] });
  const containers = await daemon.call("docker ps", deadlines.ask, (abortSignal) =>
    daemon.docker.listContainers({ all: true, filters, abortSignal }),
  );
  return containers.flatMap(({ Id, Names, Labels, Created, State }): Residue[] => {
    const expiresMs = Number(Labels[label.expires]);
    const theirs = Labels[label.owner];
    if (!theirs || theirs === owner || !(expiresMs > 0 && expiresMs < nowMs)) return [];
    const id = Names[0]?.replace(/^\//, "") ?? Id;
    const why = `a sandbox of another installation, ${State} and past its expiry of ${new Date(expiresMs).toISOString()}`;
    const remedy = `docker rm --force --volumes ${id}`;
    return [{ kind: "container", id, owner: theirs, sinceMs: Created * 1000, why, remedy, harmless: false }];
  });
}
