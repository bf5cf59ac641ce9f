import type { Expression, ExpressionBuilder, Kysely } from "kysely";
import { BerthError } from "../../core/errors.ts";
import { unfinishedStatuses } from "../../model/rollout.ts";
import type { Claim, Holder, LeaseHolder, Leases } from "../leases.ts";
import type { Tables } from "./schema.ts";

/** Rows of processes that ended so long ago tell nobody anything. */
const FORGET_AFTER_MS = 3_600_000;

/** The store's clock, in a statement: Unix milliseconds. */
export type SqlNow = () => Expression<number>;

/** Runs a query and gives its failure a code. */
export type Access = <T>(work: () => Promise<T>) => Promise<T>;

export class SqlLeases implements Leases {
  readonly #db: Kysely<Tables>;
  readonly #now: SqlNow;
  readonly #access: Access;

  constructor(db: Kysely<Tables>, now: SqlNow, access: Access) {
    this.#db = db;
    this.#now = now;
    this.#access = access;
  }

  async renew({ id, role, url }: LeaseHolder, leaseMs: number): Promise<void> {
    await this.#access(async () => {
      const until = ({ eb }: { eb: ExpressionBuilder<Tables, "controllers"> }) => eb(this.#now(), "+", leaseMs);
      const renewed = await this.#db
        .updateTable("controllers")
        .set((eb) => ({ url, lease_until: until({ eb }) }))
        .where("id", "=", id)
        .executeTakeFirst();
      if (renewed.numUpdatedRows > 0n) return;
      await this.#db
        .deleteFrom("controllers")
        .where((eb) => eb("lease_until", "<", eb(this.#now(), "-", FORGET_AFTER_MS)))
        .execute();
      const started_at = new Date().toISOString();
      await this.#db
        .insertInto("controllers")
        .values((eb) => ({ id, role, url, started_at, lease_until: eb(this.#now(), "+", leaseMs) }))
        .onConflict((conflict) => conflict.column("id").doNothing())
        .execute();
    });
  }

  async release(id: string): Promise<void> {
    await this.#access(() => this.#db.deleteFrom("controllers").where("id", "=", id).execute());
  }

  async releaseControllers(): Promise<void> {
    await this.#access(() => this.#db.deleteFrom("controllers").where("role", "=", "controller").execute());
  }

  async live(): Promise<LeaseHolder[]> {
    const rows = this.#db
      .selectFrom("controllers")
      .select(["id", "role", "url"])
      .where("lease_until", ">", this.#now())
      .orderBy("id");
    return this.#access(async () =>
      (await rows.execute()).map(({ role, ...row }) => ({ ...row, role: role === "command" ? role : "controller" })),
    );
  }

  async claim(rolloutId: string, controller: string): Promise<Claim | undefined> {
    const claimed = this.#db
      .updateTable("rollouts")
      .set((eb) => ({ controller_id: controller, epoch: eb("epoch", "+", 1) }))
      .where("id", "=", rolloutId)
      .where((eb) => this.#isFree(eb, controller))
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom("controllers as own")
            .select("own.id")
            .where("own.id", "=", controller)
            .where("own.lease_until", ">", this.#now()),
        ),
      )
      .returning("epoch");
    const row = await this.#access(() => claimed.executeTakeFirst());
    return row && { controller, epoch: row.epoch };
  }

  async giveBack(rolloutId: string, { controller, epoch }: Claim): Promise<void> {
    await this.#access(() =>
      this.#db
        .updateTable("rollouts")
        .set({ controller_id: null })
        .where("id", "=", rolloutId)
        .where("controller_id", "=", controller)
        .where("epoch", "=", epoch)
        .execute(),
    );
  }

  async holder(rolloutId: string): Promise<Holder | undefined> {
    const row = await this.#access(() =>
      this.#db
        .selectFrom("rollouts")
        .innerJoin("controllers", "controllers.id", "rollouts.controller_id")
        .select(["controllers.id as controller", "rollouts.epoch", "controllers.url"])
        .where("rollouts.id", "=", rolloutId)
        .where("controllers.lease_until", ">", this.#now())
        .executeTakeFirst(),
    );
    return row;
  }

  async free(limit: number, orOf?: string): Promise<string[]> {
    const ids = this.#db
      .selectFrom("rollouts")
      .select("id")
      .where("status", "in", unfinishedStatuses)
      .where((eb) => this.#isFree(eb, orOf))
      .orderBy("created_at")
      .orderBy("id")
      .limit(limit);
    return this.#access(async () => (await ids.execute()).map(({ id }) => id));
  }

  #isFree(eb: ExpressionBuilder<Tables, "rollouts">, orOf: string | undefined) {
    return eb.or([
      eb("rollouts.controller_id", "is", null),
      ...(orOf === undefined ? [] : [eb("rollouts.controller_id", "=", orOf)]),
      eb.not(
        eb.exists(
          eb
            .selectFrom("controllers as holder")
            .select("holder.id")
            .whereRef("holder.id", "=", "rollouts.controller_id")
            .where("holder.lease_until", ">", this.#now()),
        ),
      ),
    ]);
  }
}

/** Why a write about a rollout was not carried out. */
export const fencedOff = (rolloutId: string): BerthError =>
  new BerthError("fenced", `Another controller holds the rollout ${rolloutId} now.`);
