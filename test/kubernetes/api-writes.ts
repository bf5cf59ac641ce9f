import { readFile } from "node:fs/promises";

/** One request that changed something, as the API server's audit log has it. */
export interface ApiWrite {
  readonly verb: string;
  /** With its subresource: `pods/status`. */
  readonly resource: string;
  /** The program that asked: `kubelet`, `berth`. */
  readonly agent: string;
  readonly namespace: string;
}

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly namespace?: string };
  readonly responseStatus?: { readonly code?: number };
}

/** All writes that an audit log (JSON lines, level Metadata) has so far. */
export async function writesIn(auditLog: string): Promise<ApiWrite[]> {
  const lines = (await readFile(auditLog, "utf8")).split("\n");
  // The last one may be half written.
  lines.pop();
  return lines.flatMap((line) => {
    const event = JSON.parse(line) as AuditEvent;
    const { resource = "", subresource, namespace = "" } = event.objectRef ?? {};
    // One that was refused reached no store.
    if (event.stage !== "ResponseComplete" || (event.responseStatus?.code ?? 0) >= 400) return [];
    const agent = (event.userAgent ?? "").split("/", 1)[0] ?? "";
    return [{ verb: event.verb, resource: subresource ? `${resource}/${subresource}` : resource, agent, namespace }];
  });
}

export interface WriteCount {
  readonly verb: string;
  readonly resource: string;
  readonly agent: string;
  readonly count: number;
}

/** How many of each kind, most first. */
export function counted(writes: readonly ApiWrite[]): WriteCount[] {
  const counts = new Map<string, WriteCount>();
  for (const { verb, resource, agent } of writes) {
    const key = `${verb} ${resource} ${agent}`;
    counts.set(key, { verb, resource, agent, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()].toSorted((a, b) => b.count - a.count);
}
