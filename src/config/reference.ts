import { z } from "zod";
import { defaults, machineDefaults, type Machine } from "./defaults.ts";
import { configSchema, environmentVariable, flag, settingNames, type SettingName } from "./schema.ts";

/** Nothing of it is printed: what depends on the machine is described in words. */
const nowhere: Machine = {
  arch: "x64",
  processors: 1,
  memoryBytes: 0,
  root: true,
  home: "/",
  xdgDataHome: undefined,
  dockerHost: undefined,
  terminal: false,
  berthDir: "/",
};

function values(name: SettingName): string {
  const type = configSchema.shape[name];
  if (type instanceof z.ZodEnum) return type.options.map((option) => `\`${option}\``).join(", ");
  if (type instanceof z.ZodBoolean) return "`true`, `false`";
  if (type instanceof z.ZodNumber) return `${type.minValue} to ${type.maxValue}`;
  if (type instanceof z.ZodArray) return "list";
  return "text";
}

function row(name: SettingName): string {
  const fallback = machineDefaults[name] ?? `\`${JSON.stringify(defaults(nowhere)[name])}\``;
  const cells = [`\`${name}\``, values(name), fallback, configSchema.shape[name].description ?? ""];
  return `| ${cells.join(" | ")} |`;
}

/** docs/configuration.md, from the schema. */
export function configurationPage(): string {
  const example = "port" satisfies SettingName;
  return `# Configuration

<!-- Made from src/config/schema.ts by \`UPDATE_DOCS=1 npx vitest run test/unit/config/reference.test.ts\`. -->

A setting comes from the first of these that names it: the command line, the environment, the configuration file, the
default. Settings are read once, when the process starts. A value that is not acceptable stops the start with one line
that names the setting, where it came from and what is expected.

- Command line: \`${flag(example)} 8000\`. Prefer the environment or the file for keys: others can see a command line.
- Environment: \`${environmentVariable(example)}=8000\`.
- File: YAML, named by \`--config FILE\` or \`BERTH_CONFIG\`: \`${example}: 8000\`. Relative paths start from the file's
  folder; elsewhere from the working directory.

| setting | values | default | meaning |
| --- | --- | --- | --- |
${settingNames.map(row).join("\n")}

## Keys

\`berth serve\` does not start without a key, unless it is told to let requests from this machine in without one:

\`\`\`sh
BERTH_API_KEYS="$(openssl rand -hex 24)" berth serve
berth serve --allow-anonymous-loopback true        # only with a loopback host
\`\`\`

## Commands that talk to a controller

| variable | flag | default | meaning |
| --- | --- | --- | --- |
| \`BERTH_URL\` | \`--url\` | \`http://127.0.0.1:7420\` | where the controller listens |
| \`BERTH_API_KEY\` | | none | the key that is sent |
`;
}
