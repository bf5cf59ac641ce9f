import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const program = "/usr/bin/docker-registry";
const START_MS = 20_000;

/** Why no test can have a registry here; undefined when they can. */
export const whyNoRegistry = (): string | undefined =>
  existsSync(program) ? undefined : `${program} is missing: apt-get install docker-registry`;

/** A registry on loopback that keeps what it is given in a folder of its own, until it is disposed of. */
export interface RegistryProcess extends AsyncDisposable {
  /** `127.0.0.1:PORT`; plain HTTP. */
  readonly address: string;
}

export interface RegistryHow {
  /** Whether manifests can be deleted. */
  readonly deletes?: boolean;
  /** Lines of an htpasswd file: then each request needs one of these. */
  readonly users?: string;
}

export async function startRegistry({ deletes = true, users }: RegistryHow = {}): Promise<RegistryProcess> {
  const folder = await mkdtemp(join(tmpdir(), "berth-registry-"));
  const address = `127.0.0.1:${await freePort()}`;
  const passwords = join(folder, "passwords");
  const config = {
    version: "0.1",
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: join(folder, "blobs") }, delete: { enabled: deletes } },
    http: { addr: address },
    ...(users === undefined ? {} : { auth: { htpasswd: { realm: "test", path: passwords } } }),
  };
  if (users !== undefined) await writeFile(passwords, users);
  // JSON is YAML.
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  const process = spawn(program, ["serve", join(folder, "config.yml")], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  process.stderr.on("data", (piece: Buffer) => (said = (said + piece.toString()).slice(-2_000)));
  const exited = new Promise<void>((done) => process.once("exit", () => done()));
  await answers(address, exited, () => said);
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGKILL");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(address: string, exited: Promise<void>, said: () => string): Promise<void> {
  const state = { gone: false };
  void exited.then(() => (state.gone = true));
  for (const until = performance.now() + START_MS; performance.now() < until && !state.gone;) {
    const reply = await fetch(`http://${address}/v2/`).catch(() => undefined);
    if (reply?.status === 200 || reply?.status === 401) return;
    await delay(20);
  }
  throw new Error(`The registry did not come up: ${said()}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
