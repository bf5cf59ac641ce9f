import type { Kysely } from "kysely";
import type { Fences } from "../leases.ts";
import type { Store } from "../store.ts";
import { sqlAccess } from "./access.ts";
import { SqlAudit } from "./audit.ts";
import { sqlCalls } from "./calls.ts";
import { sqlEnded } from "./ended.ts";
import { sqlEnvironments } from "./environments.ts";
import { sqlInstallation } from "./installation.ts";
import { sqlIntents } from "./intents.ts";
import { SqlLeases, type SqlNow } from "./leases.ts";
import { sqlResults } from "./results.ts";
import { sqlRollouts } from "./rollouts.ts";
import type { Tables } from "./schema.ts";

/** The store on any SQL database that Kysely speaks to; durability is the dialect's. `now`: the one clock by which leases end. */
export function sqlStore(db: Kysely<Tables>, now: SqlNow, fences?: Fences): Store {
  const access = sqlAccess(db, fences);
  return {
    audit: new SqlAudit(db, access.access),
    leases: new SqlLeases(db, now, access.access),
    ...sqlEnvironments(access),
    ...sqlRollouts(access),
    ...sqlCalls(access),
    ...sqlResults(access),
    ...sqlIntents(access),
    ...sqlEnded(access),
    ...sqlInstallation(access),
    fencedBy: (others) => sqlStore(db, now, others),
    close: () => db.destroy(),
  };
}
