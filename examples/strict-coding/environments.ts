import type { EnvironmentOf } from "../runner/policy.ts";

/** The hidden tests of each row: those that fail before the change, and those that pass before and after it. */
const tests: Readonly<Record<string, { readonly fail: readonly string[]; readonly pass: readonly string[] }>> = {
  chunk: { fail: ["keeps the shorter end"], pass: ["cuts a list that comes out even"] },
  slug: {
    fail: ["puts one hyphen between words", "has no hyphen at its ends", "keeps letters that have accents"],
    pass: ["joins words"],
  },
  median: {
    fail: ["orders numbers as numbers", "leaves the list as it was", "is undefined of none"],
    pass: ["is the number in the middle"],
  },
  truncate: { fail: ["counts the ellipsis", "never cuts a character in two"], pass: ["leaves short text alone"] },
  duration: {
    fail: ["adds up several units", "is undefined for anything else"],
    pass: ["reads one unit", "knows that 0s is a duration"],
  },
  versions: {
    fail: ["orders 1.10 after 1.9", "takes parts that are left out for 0"],
    pass: ["orders by the first part"],
  },
  unique: {
    fail: ["keeps the first of each key", "takes 1 and its text for two", "keeps the list's order for numbers too"],
    pass: ["drops what is there twice"],
  },
  csv: { fail: ["keeps commas within quotes", "reads a doubled quote as one"], pass: ["splits at commas"] },
  shares: { fail: ["adds up", "gives the larger shares first"], pass: ["splits what comes out even"] },
  equal: {
    fail: ["sees a key that only the second has", "tells null, lists and objects apart", "takes NaN for itself"],
    pass: ["compares what is nested"],
  },
};

/** One environment a row: the same workspace, other hidden tests. */
export const environmentOf: EnvironmentOf = (row) => {
  const required = tests[row.id];
  if (required === undefined)
    throw new Error(`There are no tests of ${row.id}; there are ${Object.keys(tests).join(", ")}.`);
  const file = `test/${row.id}.test.js`;
  return {
    name: row.environment,
    resources: { cpus: 1, memory_mb: 512 },
    budget: { tool_calls: 60, wall_seconds: 1800, grading_seconds: 60 },
    graders: [
      {
        type: "tests",
        command: `node --test ${file}`,
        files: `hidden/${row.id}`,
        fail_to_pass: required.fail.map((name) => `${file} > ${name}`),
        pass_to_pass: required.pass.map((name) => `${file} > ${name}`),
        allow: ["src/**"],
      },
      {
        type: "judge",
        style: ["verbosity", "emojis", "unprofessional_tone"],
        rubric: "Does the summary say what was wrong, what was changed, and how the change was checked?",
        judges: ["answer"],
      },
      { type: "validation", tests: ["node --test"], lint: ["node --check"] },
    ],
    // Tests that fail make everything 0. Beyond them, work that was not checked and words that nobody wants to read cost most of it.
    reward: { gates: ["tests"], formula: "judge * (0.2 + 0.8 * validation)" },
  };
};
