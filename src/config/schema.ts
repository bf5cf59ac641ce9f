import { z } from "zod";
import { egressHost } from "../model/egress.ts";
import { kubernetesShape } from "./kubernetes-settings.ts";

const path = z.string().min(1, { error: "must be a path" });

const whole = (unit: string, { from, to }: { from: 0 | 1; to: number }) => {
  const error = `must be a whole number of ${unit} from ${from} to ${to}`;
  return z.number({ error }).int({ error }).min(from, { error }).max(to, { error });
};

const oneOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.enum(names, { error: `must be one of ${names.join(", ")}` });

const trueOrFalse = z.boolean({ error: "must be true or false" });

const portError = "must be a whole number from 0 to 65535";

const isDockerHost = (text: string): boolean => /^(?:\/|unix:\/\/\/|tcp:\/\/[^/]|https?:\/\/[^/])/.test(text);

/** A URL without a database means the one that is called as the user is; the path of a socket's folder stands in `?host=`. */
const isStoreUrl = (text: string): boolean => text === "" || (/^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text));

/**
 * Every setting of a controller: the names in a configuration file. `BERTH_` + the name in upper case in the
 * environment, `--` + the name with dashes on the command line. docs/configuration.md is generated from here.
 */
export const configSchema = z.strictObject({
  data_dir: path.describe(
    "The folder of everything that Berth keeps: the database, snapshots, mirrors, sandboxes. One controller at a time uses it, or all those that share one `store_url`.",
  ),
  store_url: z
    .string()
    .refine(isStoreUrl, { error: "must be empty or postgres://USER:PASSWORD@HOST:PORT/DATABASE" })
    .describe(
      "Where the records are kept ([store](store.md)). Empty: in SQLite, in `data_dir`. `postgres://…`: in PostgreSQL, which several controllers may share.",
    ),
  host: z
    .string()
    .min(1, { error: "must be a host name or an address" })
    .describe("The address that `berth serve` listens on."),
  advertise_url: z
    .string()
    .refine((text) => text === "" || (/^https?:\/\//.test(text) && URL.canParse(text)), {
      error: "must be empty or an http or https URL",
    })
    .describe(
      "Where the other controllers of its `store_url` reach this one ([several controllers](several-controllers.md)). Empty: where it listens.",
    ),
  port: z
    .number({ error: portError })
    .int({ error: portError })
    .min(0, { error: portError })
    .max(65_535, { error: portError })
    .describe("The port that `berth serve` listens on; 0 takes a free one."),
  api_keys: z
    .array(
      z.string().regex(/^[\x21-\x7e]{8,512}$/, { error: "must be 8 to 512 printable ASCII characters without spaces" }),
    )
    .describe("The bearer keys that open the API. In the environment and on the command line: separated by commas."),
  api_key_names: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, { error: "must be letters, digits, '.', '_' or '-'" }))
    .describe(
      "Names for the keys, in their order: who did what in rollouts and in the audit log. Keys without one are `key-1`, `key-2` and so on. Keys with one name take their turns as one.",
    ),
  allow_anonymous_loopback: trueOrFalse.describe(
    "Lets requests from this machine in without a key. Only with a loopback `host`.",
  ),
  provider: oneOf(["auto", "oci", "docker", "kubernetes", "memory"]).describe(
    "Where sandboxes run. `auto` takes `oci` when it works on this machine, else `docker`. `kubernetes` is told by the `kubernetes_…` settings ([Kubernetes](kubernetes.md)). `memory` runs nothing and isolates nothing: for tests.",
  ),
  runsc_platform: oneOf(["auto", "ptrace", "systrap", "kvm"]).describe(
    "How gVisor intercepts system calls, for the `oci` provider. `auto` takes `ptrace` for releases before May 2023, else what the release prefers.",
  ),
  docker_host: z
    .string()
    .refine(isDockerHost, { error: "must be a socket path, unix:///path, tcp://host:port or http(s)://host:port" })
    .describe("The Docker daemon: the path of its socket, or a URL."),
  egress_private_hosts: z
    .array(egressHost)
    .describe(
      "Names that sandboxes with `network: egress` may reach at private addresses, such as a mirror of packages, if their allow-list names them. Metadata addresses stay closed.",
    ),
  item_template: z
    .string()
    .max(128, { error: "must be the name of an environment" })
    .describe(
      "A registered environment that says how rows of a dataset are run which name only an image or a repository: its profile, tools, budget and graders. Empty: the defaults, and no grader.",
    ),
  item_images: z
    .array(z.string().min(1))
    .describe("Images that rows of a dataset may name; `*` is any text. Empty: none."),
  item_repositories: z
    .array(z.string().min(1))
    .describe(
      "Repositories that rows of a dataset may name, as URLs; `*` is any text, and `owner/name` in a row means `https://github.com/owner/name.git`. Empty: none.",
    ),
  guest_binary: path.describe("The static guest program, as `make guest` builds it."),
  profiles_dir: path.describe("The folder of isolation profiles."),
  images_dir: path.describe("The folder of image definitions, one folder each."),
  judge_base_url: z
    .string()
    .refine((text) => text === "" || (/^https?:\/\//.test(text) && URL.canParse(text)), {
      error: "must be empty or an http or https URL",
    })
    .describe(
      "The endpoint that the graders `judge` and `fact_recall` ask, with its version: `https://…/v1`. Any that speaks OpenAI's chat completions. Empty: there is no judge, and environments that need one are refused.",
    ),
  judge_api_key: z
    .string()
    .regex(/^[\x21-\x7e]{0,4096}$/, { error: "must be printable ASCII characters without spaces, at most 4096" })
    .describe("The key that the judge's endpoint is sent; empty: none."),
  judge_model: z
    .string()
    .max(256, { error: "must be at most 256 characters" })
    .describe("The model that judges where a grader names none."),
  judge_parallel: whole("requests", { from: 1, to: 1000 }).describe(
    "How many requests to the judge are in flight at a time.",
  ),
  judge_deadline_seconds: whole("seconds", { from: 1, to: 3600 }).describe(
    "How long one question to the judge may take, repeated requests included.",
  ),
  judge_retries: whole("repetitions", { from: 0, to: 10 }).describe(
    "How often a request is repeated that the judge's endpoint refused with 408, 409, 429 or 5xx, or that did not reach it.",
  ),
  embeddings_base_url: z
    .string()
    .refine((text) => text === "" || (/^https?:\/\//.test(text) && URL.canParse(text)), {
      error: "must be empty or an http or https URL",
    })
    .describe(
      "The endpoint that `semantic_search` ranks by, with its version: `https://…/v1`. Any that speaks OpenAI's embeddings. It is sent the text of repositories. Empty: `semantic_search` ranks by words.",
    ),
  embeddings_api_key: z
    .string()
    .regex(/^[\x21-\x7e]{0,4096}$/, { error: "must be printable ASCII characters without spaces, at most 4096" })
    .describe("The key that the embeddings' endpoint is sent; empty: none."),
  embeddings_model: z
    .string()
    .max(256, { error: "must be at most 256 characters" })
    .describe("The model that embeds. Another one embeds everything anew."),
  embeddings_parallel: whole("requests", { from: 1, to: 100 }).describe(
    "How many requests to the embeddings' endpoint are in flight at a time, each for at most 64 pieces of text.",
  ),
  embeddings_deadline_seconds: whole("seconds", { from: 1, to: 3600 }).describe(
    "How long one request to it may take, two repetitions included.",
  ),
  embeddings_max_chunks: whole("chunks", { from: 1, to: 200_000 }).describe(
    "Of how many chunks of a commit embeddings are made; the others are not found by meaning, and answers say so.",
  ),
  max_rollouts: whole("rollouts", { from: 1, to: 100_000 }).describe(
    "How many rollouts may hold a sandbox or wait for one; more are refused with `overloaded`.",
  ),
  max_waiting: whole("rollouts", { from: 1, to: 100_000 }).describe(
    "How many of them may wait for their sandbox; more are refused with `overloaded`. The last tenth of the places is for API keys and groups that have less than a tenth of them.",
  ),
  max_grading: whole("rollouts", { from: 1, to: 10_000 }).describe(
    "How many rollouts are graded at the same time; the others wait for their turn, for an hour at most.",
  ),
  max_starting: whole("sandboxes", { from: 1, to: 1000 }).describe(
    "How many sandboxes of rollouts start at the same time. API keys take turns, and the groups of each.",
  ),
  memory_floor_mb: whole("MiB", { from: 0, to: 16_777_216 }).describe(
    "MiB that must stay available on the machine: with less, rollouts wait for others to end. Grading goes on down to half of it, and one grading at a time whatever is left.",
  ),
  pool_sandboxes: whole("sandboxes", { from: 0, to: 10_000 }).describe(
    "How many sandboxes may wait started for rollouts to come, of all environments together; 0 starts none ahead.",
  ),
  snapshots_max_gb: whole("gigabytes", { from: 1, to: 1_000_000 }).describe(
    "How much disk the snapshots and the images beneath them may take, in units of 10^9 bytes. What was used longest ago is evicted when they take more, and built again when it is wanted; nothing that is in use or was used in the last 10 minutes.",
  ),
  snapshots_max_age_days: whole("days", { from: 0, to: 36_500 }).describe(
    "Snapshots and images that nobody has used for so long are evicted; 0: never for their age.",
  ),
  mirrors_max_gb: whole("gigabytes", { from: 1, to: 1_000_000 }).describe(
    "How much disk the mirrors of repositories may take, in units of 10^9 bytes; as `snapshots_max_gb`.",
  ),
  mirrors_max_age_days: whole("days", { from: 0, to: 36_500 }).describe(
    "Mirrors that no build has used for so long are evicted; 0: never for their age.",
  ),
  retention_days: whole("days", { from: 0, to: 36_500 }).describe(
    "How long the records of a rollout are kept after its end: what it was, its trajectory, change set, verdict and egress; 0: for ever.",
  ),
  audit_days: whole("days", { from: 0, to: 36_500 }).describe(
    "How long the audit log remembers who created and destroyed what; 0: for ever.",
  ),
  tool_deadline_seconds: whole("seconds", { from: 1, to: 86_400 }).describe(
    "How long one tool call may take at most, whatever the call asks for.",
  ),
  drain_seconds: whole("seconds", { from: 1, to: 86_400 }).describe(
    "After SIGTERM: how long running calls may go on before the controller ends.",
  ),
  max_body_bytes: whole("bytes", { from: 1, to: 1_073_741_824 }).describe("The largest request body."),
  log_level: oneOf(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).describe(
    "The least severe message that is logged, to standard error.",
  ),
  log_pretty: trueOrFalse.describe("Logs for people instead of JSON lines."),
  ...kubernetesShape,
});

export type Config = Readonly<z.infer<typeof configSchema>>;
export type SettingName = keyof Config;

export const settingNames = Object.keys(configSchema.shape) as SettingName[];

/** Relative paths start from the configuration file's folder, or from the working directory. */
export const pathSettings: ReadonlySet<SettingName> = new Set([
  "data_dir",
  "guest_binary",
  "profiles_dir",
  "images_dir",
  "kubernetes_kubeconfig",
  "kubernetes_registry_credentials",
  "kubernetes_key_file",
]);

/** Never repeated, in no message and no log. */
export const secretSettings: ReadonlySet<SettingName> = new Set([
  "api_keys",
  "store_url",
  "judge_api_key",
  "embeddings_api_key",
]);

export const environmentVariable = (name: SettingName): string => `BERTH_${name.toUpperCase()}`;
export const flag = (name: SettingName): string => `--${name.replaceAll("_", "-")}`;
