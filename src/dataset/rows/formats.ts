import { r2eGym } from "./r2e-gym.ts";
import type { Row, RowFormat } from "./row-format.ts";
import { sweBench } from "./swe-bench.ts";
import { sweRebenchV2 } from "./swe-rebench-v2.ts";
import { sweSmith } from "./swe-smith.ts";

/** The first that a row matches is its own. */
const formats: readonly RowFormat[] = [sweRebenchV2, sweSmith, r2eGym, sweBench];

export const formatOf = (row: Row): RowFormat | undefined => formats.find((format) => format.matches(row));
