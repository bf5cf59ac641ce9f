import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { kubernetesOptions } from "../../../../../src/config/kubernetes-options.ts";
import { loadConfig } from "../../../../../src/config/load.ts";
import { examineCluster } from "../../../../../src/provider/kubernetes/examine.ts";
import { FakeApiServer } from "../../../../support/fake-api-server.ts";
import { kubeconfigFor } from "../../../../support/kubeconfig.ts";

const discovery = "/apis/extensions.agents.x-k8s.io/v1beta1";
const reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

interface Review {
  readonly resourceAttributes: { readonly verb: string; readonly resource: string };
}

/** What the doctor says of a cluster that has these of agent-sandbox, and allows what it is asked about unless it is denied. */
async function said({ claims = true, there = [] as string[], denied = "" }) {
  await using stack = new AsyncDisposableStack();
  const fake = stack.use(await FakeApiServer.start());
  fake.refuse = ({ path, body }) => {
    if (path === discovery && there.length === 0) return { status: 404, body: {} };
    if (path === discovery) return { status: 200, body: { resources: there.map((name) => ({ name })) } };
    if (path === "/version") return { status: 200, body: { gitVersion: "v1.34.4", major: "1", minor: "34" } };
    if (path !== reviews) return undefined;
    const asked = (body?.spec as Review | undefined)?.resourceAttributes;
    return { status: 201, body: { status: { allowed: `${asked?.verb} ${asked?.resource}` !== denied } } };
  };
  const folder = await mkdtemp(join(tmpdir(), "berth-doctor-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigFor(fake.url));
  const flags = { kubernetes_kubeconfig: kubeconfig, kubernetes_claims: String(claims) };
  const checks = await examineCluster(kubernetesOptions(loadConfig({ env: {}, flags })));
  return new Map(checks.map((check) => [check.name, check]));
}

const all = ["sandboxclaims", "sandboxtemplates", "sandboxwarmpools"];

describe("the doctor on a cluster whose sandboxes are claims", () => {
  it("finds the CRDs and the permissions", async () => {
    const checks = await said({ there: all });
    expect(checks.get("agent-sandbox")).toMatchObject({ result: "ok" });
    expect(checks.get("permissions")).toMatchObject({ result: "ok" });
  });

  it("says which CRDs are missing, and what mends it", async () => {
    expect((await said({})).get("agent-sandbox")).toMatchObject({
      result: "missing",
      detail: expect.stringContaining("sandboxclaims"),
      remedy: expect.stringContaining("kubernetes_claims"),
    });
    const one = (await said({ there: all.slice(0, 2) })).get("agent-sandbox");
    expect(one?.detail).toContain("no sandboxwarmpools of");
  });

  it("says what the role does not allow", async () => {
    const denied = "delete sandboxwarmpools";
    expect((await said({ there: all, denied })).get("permissions")?.detail).toBe(`not allowed: ${denied}`);
  });

  it("asks nothing of it where they are not", async () => {
    const checks = await said({ claims: false, denied: "create sandboxclaims" });
    expect(checks.has("agent-sandbox")).toBe(false);
    expect(checks.get("permissions")).toMatchObject({ result: "ok" });
  });
});
