import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { controllerKey } from "../../support/controller-process.ts";
import type { Fault } from "../fault.ts";
import { travel, type Journey, type Request, type Step } from "../journey.ts";
import type { Scene } from "../scene.ts";

const deadlineMs = 20_000;
const lookAgainMs = 10;

/** Sends a request and goes away without reading the answer. */
async function sendAndLeave(scene: Scene, { method, url, body }: Request): Promise<void> {
  const { hostname, port } = new URL(scene.controller.url);
  const text = body === undefined ? "" : JSON.stringify(body);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => {});
  await once(socket, "connect");
  const headers = [
    `${method} ${url} HTTP/1.1`,
    `host: ${hostname}`,
    `authorization: Bearer ${controllerKey}`,
    ...(body === undefined ? [] : ["content-type: application/json", `content-length: ${Buffer.byteLength(text)}`]),
  ];
  await new Promise<void>((sent) => socket.write(`${headers.join("\r\n")}\r\n\r\n${text}`, () => sent()));
  socket.end();
  socket.destroySoon();
}

/** The request has come so far that it will be carried out, whoever waits for it. */
const hasBegun: Readonly<Record<Step, (scene: Scene, journey: Journey) => Promise<boolean>>> = {
  create: async (scene, { path }) => (await scene.send("GET", path)).status === 200,
  call: async (scene, { path }) => (await scene.send("GET", `${path}/trajectory`)).body.records.length > 0,
  grade: async (scene, { path }) => (await scene.send("GET", path)).body.status !== "active",
  close: async (scene, { path }) => (await scene.send("GET", path)).body.status !== "active",
};

const cutAt = (step: Step, expected: string): Fault => ({
  id: `reply/${step}`,
  phase: step,
  what: "connection cut before the reply",
  expected,
  run: (scene) =>
    travel(scene, {
      at: step,
      ...(step === "close" ? { without: "grade" } : {}),
      before: {
        async [step](journey: Journey) {
          await sendAndLeave(scene, journey.request(step));
          const giveUpAt = Date.now() + deadlineMs;
          while (!(await hasBegun[step](scene, journey))) {
            if (Date.now() > giveUpAt) throw new Error("The request that was sent is not carried out.");
            await sleep(lookAgainMs);
          }
        },
      },
    }),
});

export const replies: readonly Fault[] = [
  cutAt("create", "active"),
  cutAt("call", "done, replayed"),
  cutAt("grade", "scored 1"),
  cutAt("close", "closed"),
];
