import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

const program = join(import.meta.dirname, "../../src/main.ts");
const startMs = 120_000;

export interface Controller extends AsyncDisposable {
  readonly url: string;
  readonly key: string;
  readonly provider: string;
}

/** `berth serve` as a child on a free port, with data and a key of its own; both end with it. `settings`: BERTH_… variables. */
export async function startController(
  provider: string,
  settings: Readonly<Record<string, string>>,
): Promise<Controller> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "berth-example-"));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const key = randomBytes(24).toString("hex");
  const flags = ["--port", "0", "--json", "--log-level", "warn", "--provider", provider, "--data-dir", folder];
  const child = execa(process.execPath, [program, "serve", ...flags], {
    env: { ...settings, BERTH_API_KEYS: key },
    stdin: "ignore",
    stderr: ["pipe", "inherit"],
    reject: false,
    forceKillAfterDelay: false,
  });
  started.defer(async () => {
    child.kill("SIGTERM");
    await child;
  });
  const { promise, resolve, reject } = Promise.withResolvers<{ url: string; provider: string }>();
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes("}")) resolve(JSON.parse(said) as { url: string; provider: string });
  });
  void child.then(({ exitCode }) => reject(new Error(`The controller ended with ${exitCode} before it listened.`)));
  const tooLong = setTimeout(() => reject(new Error(`The controller did not listen in ${startMs} ms.`)), startMs);
  const address = await promise.finally(() => clearTimeout(tooLong));
  const parts = started.move();
  return { ...address, key, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
