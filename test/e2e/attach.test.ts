import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Attached } from "../support/attached.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { ControllerProcess, dataDirectory } from "../support/controller-process.ts";
import { cuttableWire } from "../support/cuttable-wire.ts";
import { ResidueCheck } from "../support/residue.ts";

const detachKey = "\u001d";
const environment = { name: "attach", image: "host", env: { PS1: "$ ", HISTFILE: "/dev/null" } };

describe("a terminal into a rollout", () => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let residue: ResidueCheck;

  beforeEach(async ({ skip }) => {
    unavailable = await whyUnavailable("oci");
    skip(unavailable !== undefined, unavailable);
    place = await dataDirectory();
    residue = await ResidueCheck.of(place.path);
  });

  afterEach(async () => {
    if (unavailable !== undefined) return;
    await residue.expectNothing();
    await place[Symbol.asyncDispose]();
  });

  const start = () => ControllerProcess.start({ backend: "oci", dataDir: place.path });

  async function activeRollout(controller: ControllerProcess): Promise<string> {
    const { body } = await controller.send("POST", "/v1/rollouts?wait_seconds=60", { environment });
    expect(body).toMatchObject({ status: "active", error: null });
    return body.rollout_id as string;
  }

  test("it survives cut connections and a killed controller: no line is lost or shown twice, no key typed twice", async () => {
    const first = await start();
    const id = await activeRollout(first);
    await using wire = await cuttableWire(first.url);
    await using attached = new Attached(wire.url, [id]);
    attached.type("cd /tmp; kept=yes; echo rea''dy\n");
    await attached.untilShown("ready");

    attached.type("for i in $(seq 1 3000); do echo line-$i.; done; echo fi''nished\n");
    for (const line of [1, 1000, 2000]) {
      await attached.untilShown(`line-${line}.`);
      wire.cut();
    }
    await attached.untilShown("finished");
    const lines = [...attached.shown.matchAll(/^line-(\d+)\.\r?$/gm)].map(([, number]) => Number(number));
    expect(lines).toEqual(Array.from({ length: 3000 }, (_, index) => index + 1));

    await first.end("SIGKILL");
    wire.leadTo(undefined);
    attached.type("echo x >> keys; echo $kept-$(wc -l < keys)-$PWD\n");
    await attached.untilNoted("the connection is lost; trying again");
    await using second = await start();
    wire.leadTo(second.url);
    await attached.untilShown("yes-1-/tmp");
    await attached.untilNoted("connected again");

    attached.type(detachKey);
    expect(await attached.ended()).toBe(0);
    await using again = new Attached(wire.url, [id]);
    await again.untilShown("yes-1-/tmp");
    again.type("echo $kept-st''ill; exit 7\n");
    await again.untilShown("yes-still");
    expect(await again.ended()).toBe(7);
  });

  test("what is done in it is no tool call, the audit log says who opened it, and it ends with its rollout", async () => {
    await using controller = await start();
    const id = await activeRollout(controller);
    await using attached = new Attached(controller.url, [id, "--name", "nap", "--", "echo begun; sleep 300"]);
    await attached.untilShown("begun");
    const terminals = await controller.send("GET", `/v1/rollouts/${id}/terminals`);
    expect(terminals.body.terminals).toMatchObject([{ name: "nap", state: "running", foreground: expect.any(String) }]);
    expect(await controller.trajectory(`/v1/rollouts/${id}`)).toEqual([]);
    const { stdout } = await controller.cli(["audit", "--data-dir", place.path]);
    expect(stdout).toContain("the terminal nap was opened in it");
    await controller.send("DELETE", `/v1/rollouts/${id}`);
    expect(await attached.ended()).not.toBe(0);
    const after = await controller.send("GET", `/v1/rollouts/${id}/terminals`);
    expect(after).toMatchObject({ status: 409, body: { error: { code: "rollout_closed" } } });
  });
});
