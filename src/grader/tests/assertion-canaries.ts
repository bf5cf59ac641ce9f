/**
 * What a test that must fail says, from an expression of JavaScript, a number, and another number that it is not. An
 * assertion that was made lenient for lists alone tells itself only by a list.
 */
export type FailingAssertion = (value: string, other: number) => string;

/** Equality is asked of text, lists and objects; a number is what every canary compares. */
const shapes: readonly ((value: string) => string)[] = [
  (value) => `String(${value})`,
  (value) => `[${value}, 2]`,
  (value) => `{ sum: ${value} }`,
];

const compared = (call: (got: string, want: string) => string): FailingAssertion[] =>
  shapes.map((shape) => (value, other) => call(shape(value), shape(String(other))));

/** Of vitest and jest, which spell theirs alike: by the name that a test file calls. */
export function matcherAssertions(expect: string): ReadonlyMap<string, readonly FailingAssertion[]> {
  const on = (text: string) => `${expect}(${text})`;
  const equal = (name: string) => compared((got, want) => `${on(got)}.${name}(${want})`);
  const one = (assertion: FailingAssertion) => [assertion];
  const throwing = (name: string) => one((value) => `${on(`() => ${value}`)}.${name}()`);
  return new Map([
    ["toBe", one((value, other) => `${on(`String(${value})`)}.toBe("${other}")`)],
    ["toEqual", equal("toEqual")],
    ["toStrictEqual", equal("toStrictEqual")],
    ["toMatchObject", one((value, other) => `${on(`{ sum: ${value} }`)}.toMatchObject({ sum: ${other} })`)],
    ["toContain", one((value, other) => `${on(`[${value}]`)}.toContain(${other})`)],
    ["toContainEqual", one((value, other) => `${on(`[[${value}]]`)}.toContainEqual([${other}])`)],
    ["toHaveLength", one((value, other) => `${on(`{ length: ${value} }`)}.toHaveLength(${other})`)],
    ["toHaveProperty", one((value, other) => `${on(`{ sum: ${value} }`)}.toHaveProperty("sum", ${other})`)],
    ["toMatch", one((value, other) => `${on(`String(${value})`)}.toMatch(/^${other}$/)`)],
    ["toBeCloseTo", one((value, other) => `${on(value)}.toBeCloseTo(${other})`)],
    ["toBeTruthy", one((value, other) => `${on(`${value} === ${other}`)}.toBeTruthy()`)],
    ["toBeFalsy", one((value, other) => `${on(`${value} !== ${other}`)}.toBeFalsy()`)],
    ["toBeUndefined", one((value) => `${on(value)}.toBeUndefined()`)],
    ["toBeNull", one((value) => `${on(value)}.toBeNull()`)],
    ["toThrow", throwing("toThrow")],
    ["toThrowError", throwing("toThrowError")],
  ]);
}

/** Of node:assert. */
export function assertAssertions(assert: string): ReadonlyMap<string, readonly FailingAssertion[]> {
  const equal = (name: string): FailingAssertion[] => [
    (value, other) => `${assert}.${name}(String(${value}), "${other}")`,
  ];
  const deep = (name: string) => compared((got, want) => `${assert}.${name}(${got}, ${want})`);
  return new Map([
    ["equal", equal("equal")],
    ["strictEqual", equal("strictEqual")],
    ["deepEqual", deep("deepEqual")],
    ["deepStrictEqual", deep("deepStrictEqual")],
    ["ok", [(value, other) => `${assert}.ok(${value} === ${other})`]],
    ["match", [(value, other) => `${assert}.match(String(${value}), /^${other}$/)`]],
    ["throws", [(value) => `${assert}.throws(() => ${value})`]],
  ]);
}

/** Those whose names a test file calls, in the order of the map. */
export const assertionsIn = (
  texts: readonly string[],
  known: ReadonlyMap<string, readonly FailingAssertion[]>,
): FailingAssertion[] =>
  [...known].flatMap(([name, assertions]) =>
    texts.some((text) => new RegExp(`\\b${name}\\s*\\(`).test(text)) ? assertions : [],
  );

/** Whether a test of the file expects something of a matcher: then what is received may be one. */
export const hasMatcherAsValue = (text: string): boolean =>
  /\bexpect\s*\(\s*(?:[[{][^;]*?)?expect\s*\.\s*\w+\s*\(/.test(text);

/** An object with an `asymmetricMatch` equals whatever that says: this asks of what was received, and of what is in it. */
export const askForMatchers = `const foldAsk = (value, budget) => {
  if (typeof value !== "object" || value === null || (budget.left -= 1) < 0) return;
  if (typeof value.asymmetricMatch === "function") throw new Error("a value was made to match anything");
  const kind = Object.getPrototypeOf(value);
  if (kind === Array.prototype || kind === Object.prototype || kind === null)
    for (const inner of Object.values(value)) foldAsk(inner, budget);
};`;
