/** A kubeconfig, which is YAML and so may be JSON, for an API server that asks nobody who he is; the client speaks plain HTTP only when told not to verify. */
export const kubeconfigFor = (server: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "fake", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "nobody", user: {} }],
    contexts: [{ name: "fake", context: { cluster: "fake", user: "nobody" } }],
    "current-context": "fake",
  });
