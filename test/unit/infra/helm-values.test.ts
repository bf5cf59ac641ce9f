import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { configSchema, secretSettings, settingNames, type SettingName } from "../../../src/config/schema.ts";

const chart = join(import.meta.dirname, "../../../infra/helm/berth");
const read = (name: string): string => readFileSync(join(chart, name), "utf8");
const schemaFile = join(chart, "values.schema.json");

interface ValuesSchema {
  readonly properties: Record<string, { properties?: object }>;
}

/** What the chart knows itself, from other values or from how it lays out a pod. */
const ownSettings: ReadonlySet<SettingName> = new Set([
  "data_dir",
  "host",
  "port",
  "advertise_url",
  "allow_anonymous_loopback",
  "provider",
  "runsc_platform",
  "docker_host",
  "guest_binary",
  "profiles_dir",
  "images_dir",
  "kubernetes_claims",
  "kubernetes_kubeconfig",
  "kubernetes_context",
  "kubernetes_connect",
  "kubernetes_namespace",
  "kubernetes_controller_namespace",
  "kubernetes_controller_labels",
  "kubernetes_guest_image",
  "kubernetes_registry",
  "kubernetes_registry_insecure",
  "kubernetes_registry_credentials",
  "kubernetes_key_file",
] satisfies SettingName[]);

/** Every other setting that is no secret, as JSON Schema: a misspelt one is refused before anything is installed. */
function settingsSchema(): object {
  const names = settingNames.filter((name) => !ownSettings.has(name) && !secretSettings.has(name));
  const properties = Object.fromEntries(
    names.map((name) => {
      const { $schema: _, ...schema } = z.toJSONSchema(configSchema.shape[name], { io: "input" });
      return [name, schema];
    }),
  );
  return { type: "object", additionalProperties: false, properties };
}

/** The paths of all values that are not objects themselves. */
const leaves = (value: unknown, path: readonly string[] = []): string[] =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
    ? Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]))
    : [path.join(".")];

describe("the values of the Helm chart", () => {
  it("take every setting that the chart does not know itself, and no other", () => {
    const schema = JSON.parse(readFileSync(schemaFile, "utf8")) as ValuesSchema;
    const wanted = { ...schema, properties: { ...schema.properties, settings: settingsSchema() } };
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(schemaFile, `${JSON.stringify(wanted, null, 2)}\n`);
    expect(JSON.parse(readFileSync(schemaFile, "utf8"))).toEqual(wanted);
  });

  it("stand in the README, each with what it means", () => {
    // Tables are padded when they are formatted.
    const readme = read("README.md").replaceAll(/ +\|/g, " |");
    const missing = leaves(parse(read("values.yaml")))
      .filter((path) => !path.startsWith("resources."))
      .filter((path) => !readme.includes(`| \`${path}\` |`));
    expect(missing).toEqual([]);
  });
});
