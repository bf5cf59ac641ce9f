import { mkdir, rename, writeFile } from "node:fs/promises";
import { arch, availableParallelism, release, totalmem, type } from "node:os";
import path from "node:path";

/** One thing that was shown. `ok` says whether `result` is what was expected; figures carry their unit in their name. */
export interface EvidenceRow {
  readonly case: string;
  /** The provider that it was shown on; null where none took part. */
  readonly backend: string | null;
  readonly result: string;
  readonly expected: string;
  readonly ok: boolean;
  readonly [figure: string]: unknown;
}

/** The machine that a run took place on, as far as it bears on figures. */
export interface Machine {
  readonly os: string;
  readonly arch: string;
  readonly cpus: number;
  readonly memory_mb: number;
  readonly node: string;
}

export interface Evidence {
  readonly target: string;
  readonly ok: boolean;
  readonly machine: Machine;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  readonly rows: readonly EvidenceRow[];
}

export function describeMachine(): Machine {
  return {
    os: `${type()} ${release()}`,
    arch: arch(),
    cpus: availableParallelism(),
    memory_mb: Math.round(totalmem() / 2 ** 20),
    node: process.version,
  };
}

/** `ok` is computed: every row is, and there is at least one. */
export function evidence(target: string, startedAtMs: number, rows: readonly EvidenceRow[]): Evidence {
  return {
    target,
    ok: rows.length > 0 && rows.every((row) => row.ok),
    machine: describeMachine(),
    started_at: new Date(startedAtMs).toISOString(),
    rows,
  };
}

/** Writes `<directory>/<target>.json`, whole or not at all; gives the path. */
export async function writeEvidence(directory: string, report: Evidence): Promise<string> {
  await mkdir(directory, { recursive: true });
  const file = path.join(directory, `${report.target}.json`);
  const partial = `${file}.${process.pid}.partial`;
  await writeFile(partial, `${JSON.stringify(report, null, 2)}\n`);
  await rename(partial, file);
  return file;
}
