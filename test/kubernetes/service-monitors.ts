import { ApiextensionsV1Api, KubeConfig, type V1JSONSchemaProps } from "@kubernetes/client-node";

const name = "servicemonitors.monitoring.coreos.com";
const establishedMs = 30_000;
const lookAgainMs = 100;

const text: V1JSONSchemaProps = { type: "string" };
const duration: V1JSONSchemaProps = {
  type: "string",
  pattern: "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$",
};
const texts: V1JSONSchemaProps = { type: "object", additionalProperties: text };
const record = (properties: Record<string, V1JSONSchemaProps>, required: string[]): V1JSONSchemaProps => ({
  type: "object",
  properties,
  required,
});

/** Of the Prometheus operator's own, the fields that the chart writes; any other field is unknown. */
const schema = record(
  {
    spec: record(
      {
        selector: record({ matchLabels: texts }, []),
        endpoints: {
          type: "array",
          items: record(
            {
              port: text,
              path: text,
              interval: duration,
              authorization: record(
                { type: text, credentials: record({ name: text, key: text, optional: { type: "boolean" } }, ["key"]) },
                [],
              ),
            },
            [],
          ),
        },
      },
      ["endpoints", "selector"],
    ),
  },
  ["spec"],
);

/** The cluster knows ServiceMonitors until this is disposed of; one where the operator is installed knows them anyway, and keeps its own. */
export async function knowServiceMonitors(): Promise<AsyncDisposable> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const api = config.makeApiClient(ApiextensionsV1Api);
  const find = async () =>
    (await api.listCustomResourceDefinition({ fieldSelector: `metadata.name=${name}` })).items[0];
  if ((await find()) !== undefined) return { [Symbol.asyncDispose]: async () => undefined };
  await api.createCustomResourceDefinition({
    body: {
      metadata: {
        name,
      },
      spec: {
        group: "monitoring.coreos.com",
        scope: "Namespaced",
        names: {
          kind: "ServiceMonitor",
          listKind: "ServiceMonitorList",
          plural: "servicemonitors",
          singular: "servicemonitor",
        },
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    },
  });
  const remove = async () => void (await api.deleteCustomResourceDefinition({ name }));
  const giveUpAt = Date.now() + establishedMs;
  const isServed = async () =>
    (await find())?.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True");
  while (!(await isServed())) {
    if (Date.now() > giveUpAt) {
      await remove();
      throw new Error(`The cluster does not know ${name} after ${establishedMs / 1000} s.`);
    }
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
  return { [Symbol.asyncDispose]: remove };
}
