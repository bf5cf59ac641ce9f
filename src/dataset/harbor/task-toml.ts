import { parse } from "smol-toml";
import { z } from "zod";
import { describeIssues } from "../../model/issues.ts";
import { Unusable } from "../task.ts";

const seconds = z.number().positive().max(604_800);
/** `2G`, `512M`: the older spelling of sizes. */
const size = z.string().regex(/^\d+(?:\.\d+)?\s*[KMGT]i?B?$/i, { error: "is no size such as 2G" });
const variables = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(32_768));

/** What Berth uses of a `task.toml`; the rest is for people and for others. */
const taskToml = z.looseObject({
  task: z.looseObject({ name: z.string().max(256).optional() }).optional(),
  steps: z.array(z.unknown()).optional(),
  agent: z.looseObject({ timeout_sec: seconds.optional() }).optional(),
  verifier: z
    .looseObject({
      timeout_sec: seconds.optional(),
      env: variables.optional(),
      environment_mode: z.string().optional(),
    })
    .optional(),
  environment: z
    .looseObject({
      docker_image: z.string().max(512).nullish(),
      workdir: z.string().max(4096).nullish(),
      os: z.string().optional(),
      cpus: z.number().positive().optional(),
      memory_mb: z.number().positive().optional(),
      memory: size.optional(),
      storage_mb: z.number().positive().optional(),
      storage: size.optional(),
      gpus: z.number().min(0).optional(),
      env: variables.optional(),
      mcp_servers: z.array(z.unknown()).optional(),
      healthcheck: z.unknown().optional(),
    })
    .optional(),
});

export interface HarborSettings {
  /** As its makers call it; undefined where only its folder has a name. */
  readonly name: string | undefined;
  readonly image: string | undefined;
  readonly workdir: string | undefined;
  readonly cpus: number | undefined;
  readonly memoryMb: number | undefined;
  readonly diskMb: number | undefined;
  readonly agentSeconds: number | undefined;
  readonly verifierSeconds: number | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly verifierEnv: Readonly<Record<string, string>>;
}

/** @throws Unusable when it is no such file, or asks for what Berth has not */
export function readTaskToml(text: string): HarborSettings {
  const { task, steps = [], agent, verifier = {}, environment = {} } = parsed(text);
  const { env = {}, mcp_servers = [], gpus = 0, os = "linux", healthcheck } = environment;
  const verifierEnv = verifier.env ?? {};
  const lacking = [
    [steps.length > 0, "it has steps, each with tests of its own"],
    [verifier.environment_mode === "separate", "its verifier has an environment of its own"],
    [os.toLowerCase() !== "linux", `it wants ${os}`],
    [gpus > 0, "it wants a GPU"],
    [mcp_servers.length > 0, "its tools come from MCP servers"],
    [healthcheck !== undefined && healthcheck !== null, "it waits for a service to be healthy"],
  ] as const;
  const reason = lacking.find(([isSo]) => isSo)?.[1];
  if (reason !== undefined) throw new Unusable(`task.toml: ${reason}`);
  const foreign = Object.entries({ ...env, ...verifierEnv }).find(([, value]) => value.includes("${"));
  if (foreign !== undefined) throw new Unusable(`task.toml: ${foreign[0]} is a secret of the machine that runs it`);
  return {
    name: task?.name,
    image: environment.docker_image ?? undefined,
    workdir: environment.workdir ?? undefined,
    cpus: environment.cpus,
    memoryMb: environment.memory_mb ?? megabytes(environment.memory),
    diskMb: environment.storage_mb ?? megabytes(environment.storage),
    agentSeconds: agent?.timeout_sec,
    verifierSeconds: verifier.timeout_sec,
    env,
    verifierEnv,
  };
}

function parsed(text: string): z.infer<typeof taskToml> {
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new Unusable(`task.toml is no TOML: ${reason}`, { cause: error });
  }
  const result = taskToml.safeParse(content);
  if (!result.success) throw new Unusable(`task.toml: ${describeIssues(result.error.issues)}`);
  return result.data;
}

const scale: Readonly<Record<string, number>> = { K: 1 / 1024, M: 1, G: 1024, T: 1024 ** 2 };

function megabytes(text: string | undefined): number | undefined {
  const unit = /[KMGT]/i.exec(text ?? "")?.[0].toUpperCase();
  return text === undefined || unit === undefined ? undefined : Number.parseFloat(text) * (scale[unit] ?? 1);
}
