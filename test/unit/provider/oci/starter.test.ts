import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Starter } from "../../../../src/provider/oci/starter.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-starter-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A starter over a script that stands for `guest starter`. */
async function starterOf(name: string, script: string): Promise<Starter & Disposable> {
  const file = join(folder, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  const starter = new Starter(file);
  return Object.assign(starter, { [Symbol.dispose]: () => starter.close() });
}

const request = { args: ["listen"], log: "/dev/null", timeoutMs: 60_000 };

describe("the starter", () => {
  test("tells each run's own exit code, in whatever order they end", async () => {
    using starter = await starterOf(
      "codes",
      `read a; read b; echo '{"id":2,"code":7}'; echo '{"id":1,"code":0}'; cat >/dev/null`,
    );
    await expect(Promise.all([starter.run(request), starter.run(request)])).resolves.toEqual([0, 7]);
  });

  test("a run that could not be started says why", async () => {
    using starter = await starterOf("refuses", `read a; echo '{"id":1,"code":0,"error":"no log"}'; cat >/dev/null`);
    await expect(starter.run(request)).rejects.toMatchObject({
      code: "sandbox_create_failed",
      message: expect.stringContaining("no log"),
    });
  });

  test("a process that ends takes its runs with it, and the next run gets a new one", async () => {
    const marker = join(folder, "second");
    using starter = await starterOf(
      "dies",
      `read a; if [ -e ${marker} ]; then echo '{"id":2,"code":0}'; cat >/dev/null; else : >${marker}; fi`,
    );
    await expect(starter.run(request)).rejects.toMatchObject({ code: "sandbox_create_failed" });
    await expect(starter.run(request)).resolves.toBe(0);
  });

  test("one that speaks no sense is ended", async () => {
    using starter = await starterOf("babbles", "read a; echo sense; cat >/dev/null");
    await expect(starter.run(request)).rejects.toMatchObject({ code: "sandbox_create_failed" });
  });

  test("a program that is not there fails the run", async () => {
    const starter = new Starter(join(folder, "none"));
    await expect(starter.run(request)).rejects.toMatchObject({ code: "sandbox_create_failed" });
  });

  test("a run that is given up is cancelled, and waited for", async () => {
    using starter = await starterOf(
      "cancels",
      `read a; read b; case $b in *cancel*) echo '{"id":1,"code":-1}';; esac; cat >/dev/null`,
    );
    const given = new AbortController();
    const run = starter.run({ ...request, signal: given.signal });
    given.abort();
    await expect(run).resolves.toBe(-1);
  });
});
