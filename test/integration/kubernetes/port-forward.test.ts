import { beforeEach, describe, expect, it } from "vitest";
import { environment as environmentSchema } from "../../../src/model/environment.ts";
import { controllerOnCluster } from "../../support/controller-on-cluster.ts";
import { whyNoCluster } from "../../support/kubernetes-cluster.ts";

const why = whyNoCluster();

const environment = environmentSchema.parse({
  name: "forwarded",
  image: "base",
  profile: "standard-unlimited-disk",
  resources: { cpus: 0.5, memory_mb: 128, pids: 64 },
  graders: [{ type: "command", command: 'test "$(cat answer)" = 42 && reward 1' }],
});

describe("a controller outside of the cluster", () => {
  beforeEach((context) => {
    if (why !== undefined) context.skip(why);
  });

  it("plays a rollout through the API server, from its calls to its verdict", async () => {
    await using here = await controllerOnCluster({ kubernetes_connect: "port_forward" });
    const { service, namespace } = here;
    const { rollout } = await service.create({ environment });
    const id = rollout.rollout_id;
    const settled = await service.waitUntilSettled(id, 90_000);
    expect(settled.error).toBeNull();
    expect(settled.status).toBe("active");
    const said = await service.callTool(id, "shell", {
      call_id: "a",
      arguments: { command: "echo 42 > answer; id -u" },
    });
    expect(said.output).toContain("1000");
    expect(await service.grade(id, {})).toMatchObject({ status: "scored", reward: 1 });
    await service.close(id);
    expect(await namespace.thingsAfter(60_000)).toEqual([]);
  });

  it("loses no byte of a snapshot that is larger than what the streams on its way hold", async () => {
    await using here = await controllerOnCluster({ kubernetes_connect: "port_forward" });
    const { service } = here;
    const random = `head -c ${24 * 1024 ** 2} /dev/urandom > random && sha256sum random > sum`;
    const large = { ...environment, name: "large", setup: [random], setup_network: false };
    const { rollout } = await service.create({ environment: large });
    const id = rollout.rollout_id;
    expect((await service.waitUntilSettled(id, 110_000)).error).toBeNull();
    const said = await service.callTool(id, "shell", { call_id: "a", arguments: { command: "sha256sum -c sum" } });
    expect(said.output).toContain("random: OK");
    await service.close(id);
  });
});
