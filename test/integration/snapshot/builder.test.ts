import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { environment as environmentSchema, type EnvironmentInput } from "../../../src/model/environment.ts";
import { whyUnavailable } from "../../support/backend-availability.ts";
import { localController } from "../../support/local-controller.ts";
import { codeOf, shell } from "../../support/memory-controller.ts";
import { originRepository, type Content } from "../../support/origin-repository.ts";

type Controller = Awaited<ReturnType<typeof localController>>;

describe.each(["oci", "docker"] as const)("%s", (backend) => {
  let unavailable: string | undefined;

  beforeAll(async () => {
    unavailable = await whyUnavailable(backend);
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  /** Registers an environment whose snapshot goes with the data directory. */
  async function registered(controller: Controller, change: Partial<EnvironmentInput>): Promise<string> {
    const input = { name: "built", image: controller.image, env: { RUN: controller.dataDir }, ...change };
    await controller.service.registerEnvironment(environmentSchema.parse(input), null);
    return "built";
  }

  const build = (controller: Controller, name = "built", said: string[] = []) =>
    controller.service.buildEnvironment(name, (message) => said.push(message));

  async function active(controller: Controller): Promise<string> {
    const { rollout } = await controller.service.create({ environment: "built" });
    const settled = await controller.service.waitUntilSettled(rollout.rollout_id, 90_000);
    expect(settled).toMatchObject({ status: "active", error: null });
    return rollout.rollout_id;
  }

  const run = async (controller: Controller, id: string, command: string) => {
    const { stdout, stderr, outcome } = await controller.service.callTool(id, "shell", shell(command));
    expect({ outcome, stderr: stderr?.head }).toEqual({ outcome: { type: "exited", code: 0 }, stderr: "" });
    return stdout?.head ?? "";
  };

  test("ten that ask at the same time get one build, and its setup ran once", async () => {
    await using controller = await localController(backend);
    const name = await registered(controller, { setup: ["echo built >> /workspace/log; sleep 0.5"] });
    const said: string[] = [];
    const built = await Promise.all(Array.from({ length: 10 }, () => build(controller, name, said)));
    expect(new Set(built.map(({ snapshot }) => snapshot)).size).toBe(1);
    expect(said.filter((message) => message.startsWith("setup 1 of 1: "))).toHaveLength(1);
    expect(await build(controller)).toMatchObject({ built: false });
    const id = await active(controller);
    expect(await run(controller, id, "cat log")).toBe("built\n");
    await controller.service.close(id);
    expect(await controller.service.removeSnapshot(name)).toBe(true);
    expect(await controller.service.removeSnapshot(name)).toBe(false);
  });

  test("setup that fails says what it said, leaves nothing, and is tried anew", async () => {
    await using controller = await localController(backend);
    const name = await registered(controller, { setup: ["true", "echo the reason >&2; exit 7"] });
    for (let n = 0; n < 2; n++) {
      const error: unknown = await build(controller, name).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "setup_failed", causedBy: "task" });
      expect((error as Error).message).toMatch(/step 2 .*exit status 7:[^]*the reason/);
    }
    expect(await readdir(join(controller.dataDir, "manifests", backend)).catch(() => [])).toEqual([]);
    expect(await controller.service.removeSnapshot(name)).toBe(false);
    await controller.residue.expectNothing();
  });

  test("setup that takes too long is ended, with all that it started", async () => {
    await using controller = await localController(backend);
    const name = await registered(controller, { setup: ["(setsid sleep 1000 &) ; sleep 1000"], setup_seconds: 1 });
    expect(await codeOf(build(controller, name))).toBe("setup_failed");
    await controller.residue.expectNothing();
  });

  test("setup without a network sees none; root inside fills the workspace for the tool user", async () => {
    await using controller = await localController(backend);
    const setup = [
      "ls /sys/class/net > nets 2>/dev/null || true",
      "id -u > who",
      "mkdir -m 700 closed && echo x > closed/f",
    ];
    await registered(controller, { setup, setup_network: false });
    const id = await active(controller);
    expect((await run(controller, id, "grep -v lo nets | wc -l")).trim()).toBe("0");
    expect(await run(controller, id, "cat who; cat closed/f; echo more >> closed/f; id -u")).toBe("0\nx\n1000\n");
    await controller.service.close(id);
    await controller.service.removeSnapshot("built");
  });

  test("a snapshot outlives the controller, and the next one builds nothing", async () => {
    await using controller = await localController(backend);
    const name = await registered(controller, { setup: ["date +%s%N > stamp"] });
    const { snapshot } = await build(controller, name);
    await controller.restart();
    expect(await build(controller, name)).toMatchObject({ snapshot, built: false });
    await controller.service.removeSnapshot(name);
  });

  test("a repository with links, executables and odd names arrives as it is", async () => {
    await using controller = await localController(backend);
    await using origin = await originRepository();
    const files: Record<string, Content> = {
      "plain.txt": "plain\n",
      "run.sh": { executable: "#!/bin/sh\necho ran\n" },
      link: { link: "plain.txt" },
      "dir/up": { link: "../plain.txt" },
      dangling: { link: "nowhere" },
      "with space": "space",
      "new\nline": "newline",
      "tab\there": "tab",
      "quote'\"$(touch owned)`": "quote",
      "-rf": "dash",
      "\u00fcn\u00efc\u00f6d\u00e9 \u{1f600}": "unicode",
      "*": "star",
      [`long/${"n".repeat(200)}/${"m".repeat(200)}`]: "long",
      "\\back\\slash": "backslash",
      empty: "",
      ".hidden/.file": "hidden",
      "node_modules/kept/index.js": "kept",
    };
    const commit = await origin.commit(files);
    await registered(controller, { repo: { url: origin.url, commit } });
    const id = await active(controller);
    const expected = await origin.git("ls-tree", "-r", "-z", "--name-only", commit);
    const names = (text: string) => text.split("\0").filter(Boolean).toSorted();
    const found = await run(controller, id, "find . -path ./.git -prune -o ! -type d -printf '%P\\0'");
    expect(names(found)).toEqual(names(expected));
    expect(await run(controller, id, "./run.sh; cat link dir/up; readlink dangling; cat ./-rf")).toBe(
      "ran\nplain\nplain\nnowhere\ndash",
    );
    const status = await controller.service.callTool(
      id,
      "shell",
      shell("git status --porcelain; git log --oneline | wc -l"),
    );
    if (status.outcome?.type === "exited" && status.outcome.code === 0) expect(status.output.trim()).toBe("1");
    await controller.service.close(id);
    await controller.service.removeSnapshot("built");
  });
});
