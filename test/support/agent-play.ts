import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chatCompletions } from "../../src/agent/model/chat-completions.ts";
import type { EndpointOptions } from "../../src/agent/model/endpoint.ts";
import { responses } from "../../src/agent/model/responses.ts";
import type { AgentTask } from "../../src/agent/agent-task.ts";
import type { SampleBudget } from "../../src/agent/budget.ts";
import { environmentTools } from "../../src/agent/environment-tools.ts";
import { Journal } from "../../src/agent/journal.ts";
import type { Price } from "../../src/agent/prices.ts";
import { runAgent, type AgentRun } from "../../src/agent/run-agent.ts";
import { BerthClient } from "../../src/client/index.ts";
import { builtinTools } from "../../src/tool/builtin-tools.ts";
import { ChatEndpoint, type Conduct } from "./chat-endpoint.ts";
import { apiKey, httpApp } from "./http-app.ts";
import { memoryController, smallEnvironment, type MemoryControllerOptions } from "./memory-controller.ts";

export interface PlayOptions {
  readonly tasks?: readonly AgentTask[];
  readonly samples?: number;
  readonly parallel?: number;
  readonly budget?: SampleBudget;
  readonly price?: Price;
  readonly totalCost?: number;
  readonly api?: "chat" | "responses";
  readonly endpoint?: Partial<EndpointOptions>;
  readonly signal?: AbortSignal;
  /** Another model than the one before it. */
  readonly model?: string;
}

const task: AgentTask = {
  id: "one",
  messages: [{ role: "user", content: "Write 1 into the file answer." }],
  start: { environment: "small" },
};

/** A controller on memory behind HTTP, a scripted model, and a folder that runs are journalled in. */
export async function agentPlay(conduct: Conduct, options: MemoryControllerOptions = {}) {
  await using made = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "berth-agent-"));
  made.defer(() => rm(folder, { recursive: true, force: true }));
  const controller = made.use(await memoryController(options));
  await controller.service.registerEnvironment(smallEnvironment(), null, "tests");
  const service = new Proxy(controller.service, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
  const { app } = made.use(httpApp({ service, tools: builtinTools }));
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const model = made.use(await ChatEndpoint.listen(conduct));
  const client = new BerthClient({ url, apiKey });
  const parts = made.move();

  return {
    client,
    controller,
    model,
    folder,
    async run(play: PlayOptions = {}): Promise<AgentRun> {
      const { tasks = [task], samples = 1, parallel = 4, api = "chat", budget = { turns: 10 }, price } = play;
      await using journal = await Journal.open(folder);
      const settings: EndpointOptions = {
        baseUrl: model.baseUrl,
        apiKey: "model-key",
        model: play.model ?? "policy-1",
        body: {},
        deadlineMs: 5_000,
        retries: 2,
        ...play.endpoint,
      };
      return await runAgent(
        {
          tasks,
          samples,
          parallel,
          totalCost: play.totalCost,
          model: settings.model,
          api,
          body: settings.body,
          parts: {
            client,
            model: api === "chat" ? chatCompletions(settings) : responses(settings),
            journal,
            instructions: "Work.",
            budget,
            price,
            toolsOf: environmentTools(client),
            readyWithinMs: 10_000,
          },
          onProgress: () => {},
        },
        play.signal ?? new AbortController().signal,
      );
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** A model's call that writes a reward into the file that the environment is graded by. */
export const writeAnswer = (reward: number) =>
  ({ calls: [["w1", "write_file", JSON.stringify({ path: "answer", content: `${reward}` })]] }) as const;

/** Writes once, then says that it is done. */
export const solves: Conduct = ({ messages }) =>
  messages.some(({ role }) => role === "tool") ? { content: "Done." } : writeAnswer(1);
