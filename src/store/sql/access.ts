import { sql, type Expression, type ExpressionBuilder, type Kysely, type SqlBool } from "kysely";
import { BerthError } from "../../core/errors.ts";
import { terminalStatuses } from "../../model/rollout.ts";
import type { Claim, Fences } from "../leases.ts";
import { fencedOff, type Access } from "./leases.ts";
import type { Tables } from "./schema.ts";

/** Undefined: nothing is fenced. */
export type Fence = { readonly claim: Claim | undefined } | undefined;

/** What every group of tables is reached through. */
export interface SqlAccess {
  readonly db: Kysely<Tables>;
  readonly fences: Fences | undefined;
  /** What a write about a rollout rests on. @throws BerthError `fenced` */
  readonly fenceOf: (rolloutId: string) => Fence;
  /** Runs a query. @throws BerthError `storage_failed` */
  readonly access: Access;
  /** Gives how many rows were written; when none was, why not. @throws BerthError `fenced` */
  readonly writeFenced: (rolloutId: string, fence: Fence, write: () => Promise<Written>) => Promise<number>;
  /** Asked only when nothing was written, which has other reasons, too. @throws BerthError `fenced` */
  readonly assertStands: (rolloutId: string, fence: Fence) => Promise<void>;
}

interface Written {
  readonly numUpdatedRows?: bigint;
  readonly numInsertedOrUpdatedRows?: bigint | undefined;
}

export function sqlAccess(db: Kysely<Tables>, fences: Fences | undefined): SqlAccess {
  async function assertStands(rolloutId: string, fence: Fence): Promise<void> {
    if (fence === undefined) return;
    const claimed = db
      .selectFrom("rollouts")
      .select("id")
      .where("id", "=", rolloutId)
      .where((eb) => stands(eb, fence));
    if (await access(() => claimed.executeTakeFirst())) return;
    fences?.lost(rolloutId);
    throw fencedOff(rolloutId);
  }

  return {
    db,
    fences,
    fenceOf: (rolloutId) => fences && { claim: fences.of(rolloutId) },
    access,
    async writeFenced(rolloutId, fence, write) {
      const { numUpdatedRows, numInsertedOrUpdatedRows } = await access(write);
      const rows = Number(numUpdatedRows ?? numInsertedOrUpdatedRows ?? 0n);
      if (rows === 0) await assertStands(rolloutId, fence);
      return rows;
    },
    assertStands,
  };
}

async function access<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BerthError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new BerthError("storage_failed", `The store failed: ${said}`, { cause: error });
  }
}

/** Of the row of a rollout: whether the claim on it is the one that a write rests on. */
export function stands(eb: ExpressionBuilder<Tables, "rollouts">, fence: Fence) {
  if (fence === undefined) return eb.lit(true);
  const { claim } = fence;
  if (claim === undefined) return eb("rollouts.status", "in", terminalStatuses);
  return eb.and([eb("rollouts.controller_id", "=", claim.controller), eb("rollouts.epoch", "=", claim.epoch)]);
}

/** The same of another table's write about a rollout: text that is quickly made, for the way of a tool call. */
export function held(eb: Pick<ExpressionBuilder<Tables, never>, "lit">, id: string, fence: Fence): Expression<SqlBool> {
  if (fence === undefined) return eb.lit(true);
  const { claim } = fence;
  if (claim === undefined)
    return sql<SqlBool>`exists (select 1 from rollouts where id = ${id} and status in (${sql.join(terminalStatuses)}))`;
  const { controller, epoch } = claim;
  return sql<SqlBool>`exists (select 1 from rollouts where id = ${id} and controller_id = ${controller} and epoch = ${epoch})`;
}
