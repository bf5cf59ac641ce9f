import type { EvidenceRow } from "../../../src/core/evidence.ts";
import type { Verdict } from "../../../src/model/verdict.ts";
import type { Cheat, Control, VerdictTask } from "./cheat.ts";
import type { OpenTask } from "./open-task.ts";

export interface VerdictRow extends EvidenceRow {
  readonly grader: string;
  readonly task: string;
  readonly language: string;
  readonly name: string;
  readonly control: boolean;
  readonly reward: number | null;
  readonly flags: readonly string[];
}

/** A cheat is held when its verdict is a 0, not the lack of a verdict, and says what was seen where that can be told. */
export async function cheatRow(opened: OpenTask, grader: string, task: VerdictTask, cheat: Cheat): Promise<VerdictRow> {
  const { flags: wanted = [] } = cheat;
  const verdict = await opened.rollOut(cheat);
  const flags = verdict.status === "scored" ? verdict.flags : [];
  return {
    ...described(grader, task, cheat.name, verdict),
    control: false,
    expected: ["reward 0", ...wanted].join(", "),
    ok: verdict.status === "scored" && verdict.reward === 0 && wanted.every((flag) => flags.includes(flag)),
  };
}

export async function controlRow(
  opened: OpenTask,
  grader: string,
  task: VerdictTask,
  control: Control,
): Promise<VerdictRow> {
  const verdict = await opened.rollOut(control);
  const { reward } = verdict;
  const { atLeast } = control;
  return {
    ...described(grader, task, control.name, verdict),
    control: true,
    expected: atLeast === 0 || atLeast === 1 ? `reward ${atLeast}` : `reward of ${atLeast} or more`,
    ok: reward !== null && (atLeast === 0 ? reward === 0 : reward >= atLeast),
  };
}

function described(grader: string, { name: task, language }: VerdictTask, name: string, verdict: Verdict) {
  const flags = verdict.status === "scored" ? verdict.flags : [];
  const said = verdict.status === "scored" ? verdict.parts.map(({ summary }) => summary) : [verdict.reason.message];
  const outcome = verdict.status === "scored" ? `reward ${verdict.reward}` : "unscored";
  return {
    case: `${grader} · ${task} · ${name}`,
    backend: "oci",
    grader,
    task,
    language,
    name,
    reward: verdict.reward,
    flags,
    result: [outcome, ...flags].join(", "),
    said,
    duration_ms: Math.round(verdict.duration_ms),
  };
}
