import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import Docker from "dockerode";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { EnvironmentInput } from "../../../src/model/environment.ts";
import { environment as environmentSchema } from "../../../src/model/environment.ts";
import { containerName, label } from "../../../src/provider/docker/names.ts";
import { whyUnavailable } from "../../support/backend-availability.ts";
import { FixtureTask } from "../../support/graded-task.ts";
import { gitRepository } from "../../support/git-repository.ts";
import { localController } from "../../support/local-controller.ts";
import { codeOf, shell } from "../../support/memory-controller.ts";
import { dockerConnection } from "../../support/providers.ts";

type Controller = Awaited<ReturnType<typeof localController>>;

/** The host's process that is init of the sandbox in which `marker` is a running command's argument. */
async function guestAround(marker: string): Promise<number> {
  const cgroupOf = (pid: string) => readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  const depthOf = async (pid: string) =>
    (/^NSpid:(.*)$/m.exec(await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""))?.[1] ?? "")
      .trim()
      .split(/\s+/);
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const facts = await Promise.all(
    pids.map(async (pid) => ({
      pid,
      command: await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
      cgroup: await cgroupOf(pid),
      inner: await depthOf(pid),
    })),
  );
  const marked = facts.find(({ command, inner }) => command.includes(marker) && inner.length > 1);
  const init = facts.find(({ cgroup, inner }) => marked && cgroup === marked.cgroup && inner.at(-1) === "1");
  if (!init) throw new Error(`No sandbox runs ${marker}.`);
  return Number(init.pid);
}

describe.each(["oci", "docker"] as const)("%s", (backend) => {
  let unavailable: string | undefined;

  beforeAll(async () => {
    unavailable = await whyUnavailable(backend);
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  const environmentOf = (controller: Controller, change: Partial<EnvironmentInput> = {}) =>
    environmentSchema.parse({
      name: "integration",
      image: controller.image,
      // A snapshot of its own, which goes with the data directory.
      env: { RUN: controller.dataDir },
      ...change,
    });

  async function active(controller: Controller, change: Partial<EnvironmentInput> = {}): Promise<string> {
    const { rollout } = await controller.service.create({ environment: environmentOf(controller, change) });
    const settled = await controller.service.waitUntilSettled(rollout.rollout_id, 90_000);
    expect(settled).toMatchObject({ status: "active", error: null });
    return rollout.rollout_id;
  }

  test("a rollout is used and graded from end to end: the solution earns 1, nothing earns 0", async () => {
    const task = new FixtureTask("node");
    await using origin = await gitRepository([{ folders: [task.base] }]);
    await using controller = await localController(backend);
    const { service } = controller;
    const change = {
      repo: { url: origin.url, commit: origin.commits[0]! },
      graders: [{ ...(await task.spec()), files: join(task.base, "../hidden") }],
    };
    const [solver, idler] = [await active(controller, change), await active(controller, change)];
    expect((await service.callTool(solver, "list_dir", { arguments: {} })).output).toContain("src");
    const history = await service.callTool(solver, "shell", shell("git log --oneline | wc -l; git status --porcelain"));
    if (history.outcome?.type === "exited" && history.outcome.code === 0) expect(history.stdout?.head.trim()).toBe("1");
    for (const { path, content } of (await task.solution()).written) {
      const text = Buffer.from(content, "base64").toString("utf8");
      const { error } = await service.callTool(solver, "write_file", { arguments: { path, content: text } });
      expect(error).toBeUndefined();
    }
    const [solved, idle] = [await service.grade(solver, {}), await service.grade(idler, {})];
    expect(solved).toMatchObject({ status: "scored", reward: 1, flags: [] });
    expect(idle).toMatchObject({ status: "scored", reward: 0 });
    expect(await service.grade(solver, {})).toEqual(solved);
    expect((await service.get(solver)).status).toBe("closed");
    await controller.residue.expectNothing();
  });

  test("a call that is sent again runs once, at the same time and later", async () => {
    await using controller = await localController(backend);
    const { service } = controller;
    const id = await active(controller);
    const send = () => service.callTool(id, "shell", shell("echo line >> f; sleep 0.2; cat f", "once"));
    const results = [...(await Promise.all([send(), send(), send()])), await send()];
    expect(results.map(({ output }) => output)).toEqual(["line\n", "line\n", "line\n", "line\n"]);
    expect(results.map(({ replayed }) => replayed)).toEqual([false, true, true, true]);
  });

  test("calls at the same time get their own answers, reads beside each other and writes in order", async () => {
    await using controller = await localController(backend);
    const { service } = controller;
    const id = await active(controller);
    await service.callTool(id, "shell", shell("for n in $(seq 40); do echo $n > file$n; done"));
    const reads = Array.from({ length: 40 }, (_, n) =>
      service.callTool(id, "read_file", { arguments: { path: `file${n + 1}` } }),
    );
    const writes = Array.from({ length: 10 }, (_, n) => service.callTool(id, "shell", shell(`echo ${n} >> order`)));
    for (const [n, { output }] of (await Promise.all(reads)).entries()) expect(output).toContain(String(n + 1));
    await Promise.all(writes);
    const { output } = await service.callTool(id, "shell", shell("cat order | tr -d '\\n'"));
    expect(output.trim()).toBe("0123456789");
  });

  test("a memory bomb is killed as such, and the rollout lives on", async () => {
    await using controller = await localController(backend);
    const { service } = controller;
    const id = await active(controller, { resources: { memory_mb: 128 } });
    await service.callTool(id, "shell", shell("echo kept > f"));
    const bomb = await service.callTool(id, "shell", shell("exec tail /dev/zero"));
    expect(bomb.outcome).toEqual({ type: "oom_killed" });
    expect((await service.callTool(id, "shell", shell("cat f"))).output).toBe("kept\n");
    expect((await service.get(id)).status).toBe("active");
  });

  test("a guest that is killed from outside fails the rollout as infra's doing, and it stays unscored", async () => {
    await using controller = await localController(backend);
    const { service } = controller;
    const graders: EnvironmentInput["graders"] = [{ type: "tests", command: "node --test" }];
    const id = await active(controller, { graders });
    const seconds = String(100_000 + Math.floor(Math.random() * 900_000));
    const running = codeOf(service.callTool(id, "shell", shell(`sleep ${seconds}`, "cut")));
    const guest = await vi.waitFor(() => guestAround(`sleep\0${seconds}`), { timeout: 10_000, interval: 50 });
    process.kill(guest, "SIGKILL");
    expect(await running).toBe("sandbox_lost");
    await vi.waitFor(async () => expect((await service.get(id)).status).toBe("failed"));
    expect((await service.get(id)).error).toMatchObject({ code: "sandbox_lost", cause: "infra" });
    expect(await codeOf(service.callTool(id, "shell", shell("true")))).toBe("sandbox_lost");
    expect(await codeOf(service.callTool(id, "shell", shell(`sleep ${seconds}`, "cut")))).toBe("outcome_unknown");
    expect(await service.grade(id, {})).toMatchObject({
      status: "unscored",
      reward: null,
      reason: { code: "sandbox_lost" },
    });
    await controller.residue.expectNothing();
  });

  test("a controller that starts again takes up its rollouts with their files, and no call runs twice", async () => {
    await using controller = await localController(backend);
    const id = await active(controller);
    await controller.service.callTool(id, "shell", shell("echo line >> f", "done"));
    await controller.restart();
    const { service } = controller;
    expect((await service.get(id)).status).toBe("active");
    expect((await service.callTool(id, "shell", shell("echo line >> f", "done"))).replayed).toBe(true);
    expect((await service.callTool(id, "shell", shell("cat f"))).output).toBe("line\n");
  });

  test("a rollout that is closed in the middle of a call leaves nothing", async () => {
    await using controller = await localController(backend);
    const { service } = controller;
    const id = await active(controller);
    const running = codeOf(service.callTool(id, "shell", shell("(setsid sleep 1000 &) ; sleep 1000", "cut")));
    await vi.waitFor(async () => expect((await service.trajectory(id)).records).toHaveLength(1));
    expect((await service.close(id)).status).toBe("closed");
    expect(await running).toBe("rollout_closed");
    await controller.residue.expectNothing();
  });
});

describe("controllers beside each other", () => {
  let unavailable: string | undefined;
  beforeAll(async () => {
    unavailable = await whyUnavailable("docker");
  });

  test(
    "another installation's sandboxes on one daemon survive a start, orphans of one's own do not",
    { meta: { backend: "docker" } },
    async ({ skip }) => {
      skip(unavailable !== undefined, unavailable);
      await using mine = await localController("docker");
      await using theirs = await localController("docker");
      const id = async (controller: Controller) => {
        const environment = environmentSchema.parse({
          name: "beside",
          image: "node",
          env: { RUN: controller.dataDir },
        });
        const { rollout } = await controller.service.create({ environment });
        expect((await controller.service.waitUntilSettled(rollout.rollout_id, 90_000)).status).toBe("active");
        return rollout.rollout_id;
      };
      const [my, their] = [await id(mine), await id(theirs)];
      const docker = new Docker(dockerConnection);
      const [own] = await docker.listContainers({ filters: JSON.stringify({ label: [`${label.purpose}=${my}`] }) });
      expect(own).toBeDefined();
      const orphanId = `b-orphan-${randomUUID().slice(0, 8)}`;
      const orphan = await docker.createContainer({
        name: containerName(orphanId),
        Image: own!.Image,
        Cmd: ["sleep", "600"],
        Labels: { ...own!.Labels, [label.purpose]: randomUUID(), [label.sandbox]: orphanId },
      });
      await mine.restart();
      await expect(orphan.inspect()).rejects.toMatchObject({ statusCode: 404 });
      expect((await mine.service.callTool(my, "shell", shell("echo mine"))).output).toBe("mine\n");
      expect((await theirs.service.callTool(their, "shell", shell("echo theirs"))).output).toBe("theirs\n");
    },
  );
});
