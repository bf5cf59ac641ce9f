import { cpus } from "node:os";
import { evidence, type Evidence, type Machine } from "../core/evidence.ts";
import type { DockerFacts } from "./raw-docker.ts";
import { evidenceRow, type Row } from "./row.ts";

/** The machine of a benchmark. `docker` is null where no daemon answered. */
export interface BenchMachine extends Machine {
  readonly cpu_model: string;
  readonly docker: DockerFacts | null;
}

export interface BenchReport extends Evidence {
  readonly machine: BenchMachine;
  /** Taken with few samples: not to be told of. */
  readonly quick: boolean;
}

export function benchReport(input: {
  startedAtMs: number;
  rows: readonly Row[];
  docker: DockerFacts | undefined;
  quick: boolean;
}): BenchReport {
  const report = evidence("bench", input.startedAtMs, input.rows.map(evidenceRow));
  const machine = { ...report.machine, cpu_model: cpus()[0]?.model ?? "unknown", docker: input.docker ?? null };
  return { ...report, machine, quick: input.quick };
}

/** One line on the machine. */
export function machineLine({ cpu_model, cpus: cores, memory_mb, os, node, docker }: BenchMachine): string {
  const daemon = docker === null ? "no Docker" : `Docker ${docker.version} on ${docker.storageDriver}`;
  return `${cpu_model}, ${cores} cores, ${Math.round(memory_mb / 1024)} GiB, ${os}, Node ${node.replace(/^v/, "")}, ${daemon}`;
}

/** `Targets: 7 met, 1 missed. …` */
export function countLine(rows: readonly Row[]): string {
  const count = (outcome: Row["outcome"]) => rows.filter((row) => row.outcome === outcome).length;
  return `Targets: ${count("met")} met, ${count("missed")} missed. Nothing to hold against one: ${count("measured")}.`;
}
