/** Values of the chart that belong together, and what they change of what it makes. */
export interface ChartValues {
  readonly what: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly adds?: readonly string[];
  readonly leavesOut?: readonly string[];
}

/** Made with the chart's own values. */
export const kindsOfDefaults = [
  "ConfigMap",
  "Deployment",
  "Namespace",
  "NetworkPolicy",
  "PodDisruptionBudget",
  "Role",
  "RoleBinding",
  "Service",
  "ServiceAccount",
];

const peer = { namespaceSelector: { matchLabels: { team: "training" } } };
const waiting = {
  type: "Pods",
  pods: { metric: { name: "berth_queue_waiting" }, target: { type: "AverageValue", averageValue: "200" } },
};

/** Together they set each value of the chart to something else than its default. */
export const chartValues: readonly ChartValues[] = [
  { what: "its own values", values: {} },
  {
    what: "an image by its digest, with a Secret of the nodes",
    values: {
      image: {
        repository: "registry.example/berth/controller",
        digest: `sha256:${"a".repeat(64)}`,
        pullPolicy: "Always",
        pullSecrets: ["pull"],
      },
    },
  },
  { what: "an image by its tag", values: { image: { tag: "0.1.0-rc.1" }, replicas: 3 } },
  {
    what: "Secrets that others made, with entries of other names",
    values: {
      secret: {
        name: "keys",
        apiKeys: "api",
        storeUrl: "database.url",
        guestKey: "guest.key",
        judgeApiKey: "judge",
        metricsKey: "metrics",
      },
      sandboxes: { registryCredentialsSecret: "registry", registryInsecure: true },
    },
  },
  {
    what: "a namespace of sandboxes that is there",
    values: { sandboxes: { createNamespace: false } },
    leavesOut: ["Namespace"],
  },
  {
    what: "a quota of sandboxes, and a level of pod security",
    values: { sandboxes: { podSecurity: "baseline", quota: { pods: "5000", "requests.memory": "1Ti" } } },
    adds: ["ResourceQuota"],
  },
  {
    what: "settings, and the time to drain",
    values: {
      settings: { max_starting: 77, drain_seconds: 60, kubernetes_runtime_classes: ["runsc=gvisor"] },
      drain: { preStopSeconds: 10, closingSeconds: 30 },
    },
  },
  {
    what: "a Service for others than the cluster",
    values: { service: { type: "LoadBalancer", port: 80, annotations: { "example.org/internal": "true" } } },
  },
  {
    what: "volumes of a storage class",
    values: { data: { storageClassName: "fast", sizeLimit: "50Gi" } },
  },
  {
    what: "pods of controllers in their place",
    values: {
      resources: { requests: { cpu: "2", memory: "2Gi" }, limits: { memory: "4Gi" } },
      podAnnotations: { "example.org/note": "yes" },
      podLabels: { "example.org/team": "training" },
      nodeSelector: { "example.org/pool": "control" },
      tolerations: [{ key: "control", operator: "Exists", effect: "NoSchedule" }],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: "kubernetes.io/arch", operator: "In", values: ["amd64"] }] },
            ],
          },
        },
      },
      priorityClassName: "system-cluster-critical",
      env: [{ name: "HTTPS_PROXY", value: "http://proxy.example:3128" }],
      serviceAccount: { name: "controllers", annotations: { "example.org/role": "berth" } },
      ipv6: true,
    },
  },
  {
    what: "another budget of disruptions",
    values: { podDisruptionBudget: { maxUnavailable: "50%" } },
  },
  {
    what: "no budget of disruptions",
    values: { podDisruptionBudget: { enabled: false } },
    leavesOut: ["PodDisruptionBudget"],
  },
  {
    what: "replicas by processor time",
    values: {
      autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 20, targetCPUUtilizationPercentage: 50 },
    },
    adds: ["HorizontalPodAutoscaler"],
  },
  {
    what: "replicas by what waits, and not by processor time",
    values: { autoscaling: { enabled: true, targetCPUUtilizationPercentage: 0, metrics: [waiting] } },
    adds: ["HorizontalPodAutoscaler"],
  },
  {
    what: "rules of who reaches controllers, and whom they reach",
    values: { networkPolicy: { from: [peer], egress: [{ to: [peer], ports: [{ port: 5432 }] }] } },
  },
  {
    what: "no rules of who reaches controllers",
    values: { networkPolicy: { enabled: false } },
    leavesOut: ["NetworkPolicy"],
  },
  {
    what: "a ServiceMonitor",
    values: { serviceMonitor: { enabled: true, interval: "30s", labels: { release: "prometheus" } } },
    adds: ["ServiceMonitor"],
  },
];
