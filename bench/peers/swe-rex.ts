import { randomBytes } from "node:crypto";
import { once } from "node:events";
import path from "node:path";
import { createInterface, type Interface } from "node:readline";
import Docker from "dockerode";
import { execa } from "execa";
import { answerText, type CommandAnswer, type Sample } from "../../src/bench/sample.ts";
import { withDeadline } from "../../src/core/deadline.ts";

const port = 8000;
const packages = "/opt/swe-rex";
const DEADLINE_MS = 90_000;

type Request =
  | { readonly do: "execute" | "session"; readonly argv: readonly string[] }
  | { readonly do: "read"; readonly path: string };

/** SWE-ReX as its docker deployment runs it: its server in a container with a network, its client beside. Gone when its scope ends. */
export class SweRex implements AsyncDisposable {
  readonly #container: Docker.Container;
  readonly #driver: ReturnType<typeof startDriver>;
  readonly #lines: Interface;

  private constructor(container: Docker.Container, driver: ReturnType<typeof startDriver>) {
    this.#container = container;
    this.#driver = driver;
    this.#lines = createInterface(driver.stdout);
  }

  /** @param options.venv a virtual environment with swe-rex, of the same Python version as the image's */
  static async start(options: { docker: Docker; image: string; venv: string }): Promise<SweRex> {
    const { docker, image, venv } = options;
    const token = randomBytes(16).toString("hex");
    const [site = ""] = (
      await execa(path.join(venv, "bin/python"), ["-c", "import site; print(site.getsitepackages()[0])"], {
        timeout: DEADLINE_MS,
      })
    ).stdout.split("\n");
    const container = await docker.createContainer({
      Image: image,
      Entrypoint: ["python3", "-m", "swerex.server"],
      Cmd: ["--auth-token", token, "--port", String(port)],
      User: "1000:1000",
      Env: [`PYTHONPATH=${packages}`, "HOME=/home/agent", "PYTHONDONTWRITEBYTECODE=1"],
      WorkingDir: "/workspace",
      Labels: { "berth.bench": "swe-rex" },
      HostConfig: { Binds: [`${site}:${packages}:ro`], Memory: 1024 ** 3, CpuPeriod: 100_000, CpuQuota: 100_000 },
    });
    try {
      await container.start();
      const { NetworkSettings } = await container.inspect();
      const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress;
      const peer = new SweRex(container, startDriver(venv, [`http://${address}`, String(port), token]));
      await peer.#answer();
      return peer;
    } catch (error) {
      await container.remove({ force: true, v: true });
      throw error;
    }
  }

  /** Milliseconds as SWE-ReX's own client sees them. */
  async sample(request: Request): Promise<Sample> {
    this.#driver.stdin.write(`${JSON.stringify(request)}\n`);
    const { ms, answer } = JSON.parse(await this.#answer()) as { ms: number; answer: CommandAnswer };
    return { value: ms, answer: answerText({ exit_code: answer.exit_code, stdout: answer.stdout }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#driver.stdin.end();
    await this.#driver;
    await this.#container.remove({ force: true, v: true });
  }

  async #answer(): Promise<string> {
    return withDeadline("SWE-ReX's answer", DEADLINE_MS, async (signal) => {
      const ended = this.#driver.then(({ stderr }) => {
        throw new Error(`SWE-ReX's driver ended: ${stderr}`);
      });
      const [line] = (await Promise.race([once(this.#lines, "line", { signal }), ended])) as [string];
      return line;
    });
  }
}

function startDriver(venv: string, args: readonly string[]) {
  const program = path.join(import.meta.dirname, "drive_swe_rex.py");
  return execa(path.join(venv, "bin/python"), [program, ...args], {
    reject: false,
    buffer: { stdout: false, stderr: true },
  });
}
