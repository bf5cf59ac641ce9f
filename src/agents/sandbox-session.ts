import type { Editor } from "@openai/agents";
import type {
  ExecCommandArgs,
  ListDirectoryArgs,
  Manifest,
  MaterializeEntryArgs,
  ReadFileArgs,
  SandboxDirectoryEntry,
  SandboxExecResult,
  SandboxSession,
  SandboxSessionState,
} from "@openai/agents/sandbox";
import { berthEditor } from "./editor.ts";
import { BerthRequestError } from "./request-error.ts";
import { RolloutTools, type RolloutAddress } from "./rollout.ts";
import { exists, listDirectory, putEntry, readBytes, runQuietly } from "./sandbox-files.ts";

export interface BerthSessionState extends SandboxSessionState {
  readonly rolloutId: string;
}

/** Commands end within this, whatever they are given to yield: a rollout's sandbox keeps nothing running between calls. */
const COMMAND_MS = 120_000;
const BYTES_A_TOKEN = 4;

const refuseOthers = (runAs: string | undefined): void => {
  if (runAs !== undefined)
    throw new BerthRequestError("invalid_request", "Commands run as the sandbox's own user; leave `runAs` out.", {
      causedBy: "caller",
    });
};

/** A rollout as the sandbox of an agent of `@openai/agents`. */
export class BerthSandboxSession implements SandboxSession<BerthSessionState> {
  readonly state: BerthSessionState;
  readonly #rollout: RolloutTools;
  readonly #address: RolloutAddress;
  readonly #end: () => Promise<void>;

  /** `end`: what closing it does; the rollout outlives its session unless that ends it. */
  constructor(address: RolloutAddress, manifest: Manifest, end: () => Promise<void> = async () => {}) {
    this.state = { manifest, rolloutId: address.rolloutId, workspaceReady: true };
    this.#rollout = new RolloutTools(address);
    this.#address = address;
    this.#end = end;
  }

  supportsPty(): boolean {
    return false;
  }

  /** Waits until the command has ended, at most two minutes; what it leaves running is killed. */
  async exec({ cmd, workdir, maxOutputTokens, runAs }: ExecCommandArgs): Promise<SandboxExecResult> {
    refuseOthers(runAs);
    const began = performance.now();
    const { output, outcome, stdout, stderr } = await this.#rollout.call("shell", {
      command: cmd,
      timeout_ms: COMMAND_MS,
      ...(workdir === undefined ? {} : { cwd: workdir }),
      ...(maxOutputTokens === undefined
        ? {}
        : { max_output_bytes: Math.min(131_072, Math.max(1_024, maxOutputTokens * BYTES_A_TOKEN)) }),
    });
    const wallTimeSeconds = (performance.now() - began) / 1000;
    const text = (stream: typeof stdout) => (stream ? stream.head + stream.tail : "");
    return {
      output,
      stdout: text(stdout),
      stderr: text(stderr),
      wallTimeSeconds,
      exitCode: outcome?.type === "exited" ? (outcome.code ?? null) : null,
    };
  }

  /** As the SDK's own sandboxes word it to the model. */
  async execCommand(args: ExecCommandArgs): Promise<string> {
    const { output, wallTimeSeconds, exitCode } = await this.exec(args);
    const exited = typeof exitCode === "number" ? [`Process exited with code ${exitCode}`] : [];
    return [`Wall time: ${wallTimeSeconds.toFixed(4)} seconds`, ...exited, "Output:", output].join("\n");
  }

  createEditor(runAs?: string): Editor {
    refuseOthers(runAs);
    return berthEditor(this.#address);
  }

  async readFile({ path, runAs, maxBytes }: ReadFileArgs): Promise<Uint8Array> {
    refuseOthers(runAs);
    return await readBytes(this.#rollout, path, maxBytes);
  }

  async listDir({ path, runAs }: ListDirectoryArgs): Promise<SandboxDirectoryEntry[]> {
    refuseOthers(runAs);
    return await listDirectory(this.#rollout, path);
  }

  pathExists(path: string): Promise<boolean> {
    return exists(this.#rollout, path, "-e");
  }

  directoryExists(path: string): Promise<boolean> {
    return exists(this.#rollout, path, "-d");
  }

  async materializeEntry({ path, entry, runAs }: MaterializeEntryArgs): Promise<void> {
    refuseOthers(runAs);
    await putEntry(this.#rollout, path, entry);
  }

  async applyManifest({ entries }: Manifest, runAs?: string): Promise<void> {
    refuseOthers(runAs);
    for (const [path, entry] of Object.entries(entries)) await putEntry(this.#rollout, path, entry);
  }

  async running(): Promise<boolean> {
    try {
      return (await runQuietly(this.#rollout, "true")).code === 0;
    } catch (thrown) {
      if (thrown instanceof BerthRequestError && thrown.causedBy !== "infra") return false;
      throw thrown;
    }
  }

  async close(): Promise<void> {
    await this.#end();
  }
}
