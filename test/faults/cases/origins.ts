import { createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../fault.ts";
import { travel } from "../journey.ts";

const deadlineMs = 20_000;
const lookAgainMs = 50;

/** Takes connections and never says a word. */
async function blackHole() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/origin.git`,
    connections: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + deadlineMs;
  while (!holds()) {
    if (Date.now() > giveUpAt) throw new Error(what);
    await sleep(lookAgainMs);
  }
}

const commit = "0123456789".repeat(4);

export const origins: readonly Fault[] = [
  {
    id: "origin/silent-and-closed",
    phase: "build",
    what: "origin that takes the connection and never answers; the rollout is closed meanwhile",
    expected: "closed",
    async run(scene) {
      await using hole = await blackHole();
      const environment = scene.environment({ repo: { url: hole.url, commit } });
      const { body } = await scene.send("POST", "/v1/rollouts", { environment });
      await until("git never asked the origin", () => hole.connections() > 0);
      const closed = await scene.send("DELETE", `/v1/rollouts/${body.rollout_id}`);
      await until("git still holds its connection", () => hole.connections() === 0);
      return { result: String(closed.body.status), lost: [], doubled: [] };
    },
  },
  {
    id: "origin/silent",
    phase: "build",
    what: "origin that takes the connection and never answers",
    expected: [
      "failed: repository_unreachable",
      "call: repository_unreachable",
      "grade: unscored: repository_unreachable",
      "close: failed: repository_unreachable",
    ].join("; "),
    seconds: 500,
    slow: true,
    async run(scene) {
      await using hole = await blackHole();
      const environment = scene.environment({ repo: { url: hole.url, commit } });
      return await travel(scene, { at: "create", environment, settleSeconds: 480 });
    },
  },
];
