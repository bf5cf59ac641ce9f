import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { whyUnavailable } from "../support/backend-availability.ts";
import { ControllerProcess, controllerKey, dataDirectory } from "../support/controller-process.ts";
import { whyNoImage } from "../support/docker-image.ts";
import { examplesOfPage } from "../support/examples-of-page.ts";
import { readPng } from "../support/read-png.ts";
import { ResidueCheck } from "../support/residue.ts";
import { called, ResponsesEndpoint, said, shellCalled } from "../support/responses-endpoint.ts";

const repository = join(import.meta.dirname, "../..");
const modules = join(repository, "node_modules");
const bin = join(modules, ".bin");
const buildMs = 120_000;
const environment = { name: "agents", image: "host" };
/** Where the SDK looks for its model. */
const modelAt = ({ baseUrl }: ResponsesEndpoint) => ({
  OPENAI_BASE_URL: baseUrl,
  OPENAI_API_KEY: "key-of-the-stand-in",
  OPENAI_AGENTS_DISABLE_TRACING: "1",
});

/** A project that has `berth` installed as a build of it, and besides it only what the examples of the pages need. */
async function consumer(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "berth-consumer-"));
  const installed = join(folder, "node_modules/berth");
  await mkdir(join(folder, "node_modules/@types"), { recursive: true });
  await execa(join(bin, "tsc"), ["--project", "tsconfig.build.json", "--outDir", join(installed, "dist")], {
    cwd: repository,
    timeout: buildMs,
  });
  await cp(join(repository, "package.json"), join(installed, "package.json"));
  await mkdir(join(folder, "node_modules/@openai"));
  for (const needed of ["zod", "@types/node", "undici-types", "@openai/agents"])
    await symlink(join(modules, needed), join(folder, "node_modules", needed));
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  for (const page of ["client", "browser", "agents-openai"])
    for (const [nth, example] of examplesOfPage(`${page}.md`, "ts").entries())
      await writeFile(join(folder, `${page}-${nth}.ts`), example);
  return folder;
}

describe("berth/client and berth/agents from a build", () => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let controller: ControllerProcess;
  let residue: ResidueCheck;
  let folder: string;

  beforeAll(async () => {
    unavailable = await whyUnavailable("oci");
    if (unavailable !== undefined) return;
    place = await dataDirectory();
    residue = await ResidueCheck.of(place.path);
    controller = await ControllerProcess.start({ backend: "oci", dataDir: place.path });
    folder = await consumer();
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  afterAll(async () => {
    if (unavailable !== undefined) return;
    await rm(folder, { recursive: true, force: true });
    await controller[Symbol.asyncDispose]();
    await residue.expectNothing();
    await place[Symbol.asyncDispose]();
  });

  const runExample = (
    name: string,
    { timeout = 60_000, env = {} }: { timeout?: number; env?: NodeJS.ProcessEnv } = {},
  ) =>
    execa(process.execPath, [`${name}.ts`], {
      cwd: folder,
      env: { BERTH_URL: controller.url, BERTH_API_KEY: controllerKey, ...env },
      reject: false,
      timeout,
    });

  test("the examples of the pages are sound to TypeScript, and so is what they may not write", async () => {
    const wrong = `import type { ArgumentsOf } from "berth/client";
// @ts-expect-error a shell call has a command
export const call: ArgumentsOf<"shell"> = { commnd: "ls" };
export const own: ArgumentsOf<"my_tool"> = { any: "thing" };
`;
    await writeFile(join(folder, "wrong.ts"), wrong);
    const files = (await readdir(folder)).filter((file) => file.endsWith(".ts"));
    expect(files).toHaveLength(6);
    const flags = [
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2024",
      "--lib",
      "ES2024,ESNext.Disposable,DOM",
      "--skipLibCheck",
    ];
    const checked = await execa(join(bin, "tsc"), [...flags, "--types", "node", ...files], {
      cwd: folder,
      reject: false,
      timeout: buildMs,
    });
    expect([checked.exitCode, checked.stdout]).toEqual([0, ""]);
  });

  test("the first example is rewarded and leaves nothing", async () => {
    const run = await runExample("client-0");
    expect([run.exitCode, run.stdout, run.stderr]).toEqual([
      0,
      "1 greeting.txt { type: 'exited', code: 0 }\nreward 1",
      "",
    ]);
    await residue.expectNothing();
  });

  test("the second example sees its call and its end", async () => {
    const run = await runExample("client-1");
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout).toMatch(/^active\n(?:.*\n)?list_dir took true\n(?:.*\n)*closed$/);
  });

  test("the example of docs/browser.md prints what the page says, and writes the picture", async ({ skip }) => {
    const missing = await whyNoImage("browser");
    skip(missing !== undefined, missing);
    const run = await runExample("browser-0", { timeout: 180_000 });
    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(`${run.stdout}\n`).toBe(examplesOfPage("browser.md", "text")[0]);
    const pixels = readPng(await readFile(join(folder, "page.png")));
    expect([pixels.width, pixels.height, pixels.at(1279, 799)]).toEqual([1280, 800, [0, 128, 128]]);
    await residue.expectNothing();
  });

  test("the agent of docs/agents-openai.md works in the rollout that it is given", async () => {
    await using model = await ResponsesEndpoint.listen((_request, turn) =>
      turn === 0 ? shellCalled("1", "echo mended > state", "cat state") : said("done"),
    );
    const { rollout_id: id } = (await controller.send("POST", "/v1/rollouts", { environment })).body;
    const { key } = (await controller.send("POST", `/v1/rollouts/${id}/key`)).body;
    const env = { ROLLOUT_ID: id, BERTH_ROLLOUT_KEY: key, ...modelAt(model) };
    const run = await runExample("agents-openai-0", { env });
    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(JSON.stringify(model.requests.at(-1)?.input)).toContain("mended\\n");
    await controller.send("DELETE", `/v1/rollouts/${id}`);
    await residue.expectNothing();
  });

  test("the sandbox agent of docs/agents-openai.md has a sandbox of its own for its run", async () => {
    await controller.send("POST", "/v1/environments", { environment: { ...environment, name: "click-2697" } });
    await using model = await ResponsesEndpoint.listen((_request, turn) =>
      turn === 0 ? called("1", "exec_command", { cmd: "echo here > state; cat state" }) : said("done"),
    );
    const run = await runExample("agents-openai-1", { env: modelAt(model) });
    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(JSON.stringify(model.requests.at(-1)?.input)).toContain("here\\n");
    await residue.expectNothing();
  });
});
