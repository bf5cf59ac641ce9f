import { randomBytes } from "node:crypto";
import { systemClock } from "../../src/core/clock.ts";
import type { ToolOutput } from "../../src/model/tool-call.ts";
import type { Tool } from "../../src/tool/tool.ts";
import { parseArguments } from "../../src/tool/parse-arguments.ts";
import { runTool } from "../../src/tool/run-tool.ts";
import { profileNamed, providerFixtures } from "./providers.ts";
import { berthOver, guestOf, type Berth } from "./running-berth.ts";

const workdir = "/workspace";
/** As a rollout gives it to its commands. */
const env = { HOME: "/home/agent", LC_CTYPE: "C.UTF-8", TERM: "dumb", PS1: "$ ", HISTFILE: "/dev/null" };

/** A sandbox of the oci provider on this machine's own files, for tools as a rollout calls them. */
export interface ToolSandbox extends AsyncDisposable {
  readonly berth: Berth;
  call(
    tool: Tool,
    args: Record<string, unknown>,
    how?: { callId?: string; env?: Record<string, string> },
  ): Promise<ToolOutput>;
}

/** Gives a sentence where there can be none here. */
export async function toolSandbox(): Promise<ToolSandbox | { readonly unavailable: string }> {
  const fixture = providerFixtures.find(({ name }) => name === "oci");
  const under = fixture ? await fixture.make() : { unavailable: "there is no oci provider" };
  if ("unavailable" in under) return under;
  const { provider } = under;
  const id = `t-${randomBytes(6).toString("hex")}`;
  const handle = await provider.create({
    id,
    labels: { owner: "tools", purpose: "tools", incarnation: id },
    base: { kind: "image", image: await provider.snapshots.resolveImage(under.image) },
    profile: { ...(await profileNamed("standard")), runtime: under.runtime },
    resources: { cpus: 1, memory_mb: 1024, pids: 256 },
    workdir,
    expiresAtMs: Date.now() + 600_000,
  });
  const berth = berthOver(handle, await guestOf(provider, handle), () => provider.destroy(handle));
  return {
    berth,
    call: async (tool, args, { callId = `call-${randomBytes(6).toString("hex")}`, env: more = {} } = {}) => {
      const signal = AbortSignal.timeout(90_000);
      const context = {
        guest: berth.guest,
        callId,
        workdir,
        env: { ...env, ...more },
        commands: {},
        index: async () => undefined,
        clock: systemClock,
        mostMs: 60_000,
        signal,
      };
      return await runTool(tool, context, parseArguments(tool, args));
    },
    [Symbol.asyncDispose]: async () => {
      await berth[Symbol.asyncDispose]();
      await under.cleanup();
    },
  };
}
