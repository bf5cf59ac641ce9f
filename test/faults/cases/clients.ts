import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { controllerKey } from "../../support/controller-process.ts";
import type { Fault, Outcome } from "../fault.ts";
import { travel, type Journey } from "../journey.ts";
import { heldBeyond, heldBy } from "../held.ts";
import type { Scene } from "../scene.ts";

const deadlineMs = 30_000;
const lookAgainMs = 50;
const many = 200;

/** Clients that ask, and do not wait for the end of the answer. */
class Clients {
  readonly #scene: Scene;
  readonly #leave = new AbortController();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Resolves when the answer begins. */
  follow(path: string): Promise<void> {
    return new Promise((begun, fail) => {
      const asked = this.#ask("GET", path);
      asked.once("response", (answer) => answer.once("data", () => begun()));
      asked.once("error", fail);
      asked.end();
    });
  }

  /** Resolves when it is sent. */
  call(path: string, body: unknown): Promise<void> {
    return new Promise((sent) => {
      const asked = this.#ask("POST", path);
      asked.setHeader("content-type", "application/json");
      asked.on("error", () => {});
      asked.end(JSON.stringify(body), () => sent());
    });
  }

  #ask(method: string, path: string) {
    const headers = { authorization: `Bearer ${controllerKey}` };
    const { signal } = this.#leave;
    const asked = request(this.#scene.controller.url + path, { method, headers, signal, agent: false });
    asked.on("error", () => {});
    return asked;
  }

  leave(): void {
    this.#leave.abort();
  }
}

/** While the rollout is active, many come and go; what the controller holds must be as before. */
async function comeAndGo(scene: Scene, come: (clients: Clients, journey: Journey) => Promise<void>): Promise<Outcome> {
  const clients = new Clients(scene);
  const left: string[] = [];
  const outcome = await travel(scene, {
    at: "call",
    before: {
      async call(journey) {
        const before = await heldBy(scene);
        await come(clients, journey);
        const giveUpAt = Date.now() + deadlineMs;
        while ((await heldBy(scene)).handles < before.handles + many) {
          if (Date.now() > giveUpAt) throw new Error("The clients never came.");
          await sleep(lookAgainMs);
        }
        clients.leave();
        left.push(...(await heldBeyond(scene, before)));
      },
    },
  });
  return { ...outcome, leaks: left };
}

export const clients: readonly Fault[] = [
  {
    id: "clients/event-streams",
    phase: "call",
    what: `${many} clients vanish from streams of events`,
    expected: "done",
    run: (scene) =>
      comeAndGo(scene, async (those, { path }) => {
        await Promise.all(Array.from({ length: many }, () => those.follow(`${path}/events`)));
      }),
  },
  {
    id: "clients/long-calls",
    phase: "call",
    what: `${many} clients vanish from one long call`,
    expected: "done",
    run: (scene) =>
      comeAndGo(scene, async (those, { path }) => {
        const body = { call_id: "long", arguments: { command: "sleep 5" } };
        await Promise.all(Array.from({ length: many }, () => those.call(`${path}/tools/shell`, body)));
      }),
  },
];
