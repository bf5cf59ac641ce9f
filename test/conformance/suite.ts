import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { CapabilityName } from "../../src/provider/provider.ts";
import { profileNamed, type ProviderFixture } from "../support/providers.ts";
import { Bench } from "./bench.ts";

/** One thing that every provider does, unless it declares in writing that it cannot. */
export interface Behaviour {
  readonly title: string;
  /** The capability that it rests on; a provider without it shows its reason instead. */
  readonly needs?: CapabilityName;
  readonly timeoutMs?: number;
  readonly run: (bench: Bench) => Promise<void>;
}

export interface BehaviourGroup {
  readonly group: string;
  readonly behaviours: readonly Behaviour[];
}

const gapMark = " [gap: ";

/** Registers every behaviour for one provider. */
export async function describeProvider(fixture: ProviderFixture, groups: readonly BehaviourGroup[]): Promise<void> {
  const under = await fixture.make();
  const [standard, trusted] = await Promise.all([profileNamed("standard"), profileNamed("trusted")]);
  describe(fixture.name, () => {
    if ("unavailable" in under) {
      for (const { group, behaviours } of groups) {
        describe(group, () => {
          for (const { title } of behaviours)
            test(title, (context) => {
              context.task.meta.notRun = `not run: ${under.unavailable}`;
              context.skip(context.task.meta.notRun);
            });
        });
      }
      return;
    }
    const bench = new Bench(under, { standard, trusted });
    const { has, gaps } = bench.capabilities;
    afterAll(() => under.cleanup());
    for (const { group, behaviours } of groups) {
      describe(group, () => {
        // A leak fails the test that made it, not the next one.
        afterEach(async () => {
          expect(await bench.leaks(), "left behind").toEqual([]);
        });
        for (const { title, needs, run, timeoutMs } of behaviours) {
          const lacks = needs !== undefined && !has.has(needs);
          if (lacks) {
            const reason = gaps[needs];
            test(`${title}${gapMark}${reason ?? "undeclared"}]`, () => {
              expect(reason, `${fixture.name} lacks ${needs} and does not say why`).toBeTypeOf("string");
            });
          } else {
            test(title, timeoutMs === undefined ? {} : { timeout: timeoutMs }, () => run(bench));
          }
        }
      });
    }
  });
}

/** A test's title → the behaviour's and, where it is a gap, the provider's reason. */
export function readTitle(title: string): { readonly behaviour: string; readonly gap: string | undefined } {
  const at = title.indexOf(gapMark);
  return at === -1
    ? { behaviour: title, gap: undefined }
    : { behaviour: title.slice(0, at), gap: title.slice(at + gapMark.length, -1) };
}
