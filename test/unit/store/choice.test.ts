import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { compose } from "../../../src/compose.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { newDatabase, whyNoPostgres } from "../../support/postgres-database.ts";

async function controllerWith(storeUrl: string) {
  const dir = await mkdtemp(join(tmpdir(), "berth-choice-"));
  const config = loadConfig({ env: { BERTH_DATA_DIR: dir, BERTH_PROVIDER: "memory", BERTH_STORE_URL: storeUrl } });
  const berth = await compose(config, silentLogger, { role: "controller" });
  await berth.service.registerEnvironment({ name: "small" }, null);
  await berth.close();
  const hasFile = await access(join(dir, "berth.db")).then(
    () => true,
    () => false,
  );
  await rm(dir, { recursive: true, force: true });
  return { hasFile };
}

test("without store_url the records are in a file of the data directory", async () => {
  expect(await controllerWith("")).toEqual({ hasFile: true });
});

describe("postgres", () => {
  beforeEach(({ skip }) => {
    const why = whyNoPostgres();
    skip(why !== undefined, why);
  });

  test("with store_url the records are there, and nothing of them is in the data directory", async () => {
    await using database = await newDatabase();
    expect(await controllerWith(database.url)).toEqual({ hasFile: false });
    expect(await database.ask("select name from environments")).toEqual([{ name: "small" }]);
  });
});
