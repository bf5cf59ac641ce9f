import { z } from "zod";
import { egressHost } from "../model/egress.ts";

const path = z.string().min(1, { error: "must be a path" });

const positive = (unit: string, max: number) => {
  const error = `must be a whole number of ${unit} from 1 to ${max}`;
  return z.number({ error }).int({ error }).min(1, { error }).max(max, { error });
};

const orNever = (unit: string, max: number) => {
  const error = `must be a whole number of ${unit} from 0 to ${max}`;
  return z.number({ error }).int({ error }).min(0, { error }).max(max, { error });
};

const oneOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.enum(names, { error: `must be one of ${names.join(", ")}` });

const trueOrFalse = z.boolean({ error: "must be true or false" });

const floorError = "must be a whole number of MiB from 0 to 16777216";
const poolError = "must be a whole number of sandboxes from 0 to 10000";
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
  allow_anonymous_loopback: trueOrFalse.describe(
    "Lets requests from this machine in without a key. Only with a loopback `host`.",
  ),
  provider: oneOf(["auto", "oci", "docker", "memory"]).describe(
    "Where sandboxes run. `auto` takes `oci` when it works on this machine, else `docker`. `memory` runs nothing and isolates nothing: for tests.",
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
  guest_binary: path.describe("The static guest program, as `make guest` builds it."),
  profiles_dir: path.describe("The folder of isolation profiles."),
  images_dir: path.describe("The folder of image definitions, one folder each."),
  max_rollouts: positive("rollouts", 100_000).describe(
    "How many rollouts may hold a sandbox or wait for one; more are refused with `overloaded`.",
  ),
  max_starting: positive("sandboxes", 1000).describe(
    "How many sandboxes start at the same time. Groups of rollouts take turns.",
  ),
  memory_floor_mb: z
    .number({ error: floorError })
    .int({ error: floorError })
    .min(0, { error: floorError })
    .max(16_777_216, { error: floorError })
    .describe("MiB that must stay available on the machine: with less, rollouts wait for others to end."),
  pool_sandboxes: z
    .number({ error: poolError })
    .int({ error: poolError })
    .min(0, { error: poolError })
    .max(10_000, { error: poolError })
    .describe(
      "How many sandboxes may wait started for rollouts to come, of all environments together; 0 starts none ahead.",
    ),
  snapshots_max_gb: positive("gigabytes", 1_000_000).describe(
    "How much disk the snapshots and the images beneath them may take, in units of 10^9 bytes. What was used longest ago is evicted when they take more, and built again when it is wanted; nothing that is in use or was used in the last 10 minutes.",
  ),
  snapshots_max_age_days: orNever("days", 36_500).describe(
    "Snapshots and images that nobody has used for so long are evicted; 0: never for their age.",
  ),
  mirrors_max_gb: positive("gigabytes", 1_000_000).describe(
    "How much disk the mirrors of repositories may take, in units of 10^9 bytes; as `snapshots_max_gb`.",
  ),
  mirrors_max_age_days: orNever("days", 36_500).describe(
    "Mirrors that no build has used for so long are evicted; 0: never for their age.",
  ),
  retention_days: orNever("days", 36_500).describe(
    "How long the records of a rollout are kept after its end: what it was, its trajectory, change set, verdict and egress; 0: for ever.",
  ),
  tool_deadline_seconds: positive("seconds", 86_400).describe(
    "How long one tool call may take at most, whatever the call asks for.",
  ),
  drain_seconds: positive("seconds", 86_400).describe(
    "After SIGTERM: how long running calls may go on before the controller ends.",
  ),
  max_body_bytes: positive("bytes", 1_073_741_824).describe("The largest request body."),
  log_level: oneOf(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).describe(
    "The least severe message that is logged, to standard error.",
  ),
  log_pretty: trueOrFalse.describe("Logs for people instead of JSON lines."),
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
]);

/** Never repeated, in no message and no log. */
export const secretSettings: ReadonlySet<SettingName> = new Set(["api_keys", "store_url"]);

export const environmentVariable = (name: SettingName): string => `BERTH_${name.toUpperCase()}`;
export const flag = (name: SettingName): string => `--${name.replaceAll("_", "-")}`;
