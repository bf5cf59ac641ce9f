import type { Sample } from "./sample.ts";

/** Somebody who does the work. */
export interface Side {
  readonly name: string;
  /** Sides of the same task must give the same answer, every time. */
  readonly task: string;
  sample(): Promise<Sample>;
}

export interface Plan {
  /** Samples of each side that are compared but not counted. */
  readonly warmUp: number;
  /** How often each side has its turn. */
  readonly blocks: number;
  /** Samples of one turn. */
  readonly perBlock: number;
}

/** Two sides did not do the same work, so their times say nothing. */
export class AnswersDiffer extends Error {
  constructor(task: string, [one, other]: readonly [Told, Told]) {
    super(
      `The answers to ${task} differ, so nothing is reported.\n  ${one.name}: ${shortened(one.answer)}\n  ${other.name}: ${shortened(other.answer)}`,
    );
    this.name = "AnswersDiffer";
  }
}

interface Told {
  readonly name: string;
  readonly answer: string;
}

const mostShown = 500;
const shortened = (text: string): string => (text.length > mostShown ? `${text.slice(0, mostShown)}…` : text);

/**
 * Measures sides in turns, A B A B, so that whatever else the machine does meets all of them. Gives the values of each side in
 * the order of `sides`, without the warm-up.
 * @throws AnswersDiffer at the first sample whose answer is not that of the task's first sample, warm-up included
 */
export async function alternate(sides: readonly Side[], plan: Plan): Promise<readonly (readonly number[])[]> {
  const first = new Map<string, Told>();
  const measure = async (side: Side, count: number): Promise<number[]> => {
    const values: number[] = [];
    while (values.length < count) {
      const { value, answer } = await side.sample();
      const known = first.get(side.task);
      if (known === undefined) first.set(side.task, { name: side.name, answer });
      else if (known.answer !== answer) throw new AnswersDiffer(side.task, [known, { name: side.name, answer }]);
      values.push(value);
    }
    return values;
  };
  for (const side of sides) await measure(side, plan.warmUp);
  const values = sides.map((): number[] => []);
  for (let block = 0; block < plan.blocks; block += 1)
    for (const [index, side] of sides.entries()) values[index]?.push(...(await measure(side, plan.perBlock)));
  return values;
}
