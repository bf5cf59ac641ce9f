import { randomUUID } from "node:crypto";
import type { Item } from "../../../model/item.ts";
import { functionCallOutput, maxMessageBytes, score } from "../wire.ts";
import type { Address, Answer, StandInTrainer } from "./trainer.ts";

export interface Preflight {
  readonly trainer: StandInTrainer;
  readonly address: Address;
  /** A row whose rollouts have the tool `shell` and a grader. */
  readonly item: Item;
}

export interface Check {
  readonly id: string;
  readonly title: string;
  /** Resolves with what was seen. @throws Error saying what is wrong */
  readonly run: (preflight: Preflight) => Promise<string>;
}

const newTrace = (): string => `trace_${randomUUID().replaceAll("-", "")}`;

function must(holds: boolean, what: string, answer: Answer): void {
  if (!holds) throw new Error(`${what}; it was ${answer.status} ${answer.text.slice(0, 300)}`);
}

function outputOf(answer: Answer, callId: string): string {
  must(answer.status === 200, "a 200 was expected", answer);
  const parsed = functionCallOutput.safeParse(answer.body);
  must(parsed.success, "a function_call_output was expected", answer);
  const { call_id, output } = parsed.data ?? { call_id: null, output: "" };
  must(call_id === callId, `the call_id ${callId} was expected back`, answer);
  return output;
}

function scoreOf(answer: Answer): number {
  must(answer.status === 200, "a score was expected", answer);
  const parsed = score.safeParse(answer.body);
  must(parsed.success, "{score: number} was expected", answer);
  return parsed.data?.score ?? Number.NaN;
}

const shell = (command: string) => ({ name: "shell", arguments: JSON.stringify({ command }) });

export const checks: readonly Check[] = [
  {
    id: "wrong-key",
    title: "a wrong key is a 401",
    run: async ({ trainer }) => {
      const answer = await trainer.send("/v1/agent-rft/tools", {}, { key: "not-the-key", keyInUrl: false });
      must(answer.status === 401, "a 401 was expected", answer);
      return "401";
    },
  },
  {
    id: "key-in-url",
    title: "the key may come in the URL",
    run: async ({ trainer }) => {
      const answer = await trainer.send("/v1/agent-rft/tools", "not json", { keyInUrl: true });
      must(answer.status === 400, "a 400 for the body was expected", answer);
      return "the key was accepted";
    },
  },
  {
    id: "malformed",
    title: "a malformed body and a trace that is none are a 400",
    run: async ({ trainer, item }) => {
      for (const body of ["{", "[]", { name: "shell" }, { ...shell("true"), trace_id: "tomorrow", item }]) {
        const answer = await trainer.send("/v1/agent-rft/tools", body);
        must(answer.status === 400, `a 400 was expected for ${JSON.stringify(body)}`, answer);
      }
      return "400, four times";
    },
  },
  {
    id: "too-large",
    title: "a body above 1 MB is a 413",
    run: async ({ trainer }) => {
      const answer = await trainer.send("/v1/agent-rft/tools", { pad: "x".repeat(maxMessageBytes) });
      must(answer.status === 413, "a 413 was expected", answer);
      return "413";
    },
  },
  {
    id: "first-call",
    title: "the first call of an unseen trace begins a rollout and is answered",
    run: async ({ trainer, item }) => {
      const answer = await trainer.call({
        ...shell("echo here"),
        traceId: newTrace(),
        item,
        callId: "call_1",
        id: "opaque/1",
      });
      const output = outputOf(answer, "call_1");
      must(output.includes("here"), "the command's output was expected", answer);
      must((answer.body as { id?: unknown }).id === "opaque/1", "the id was expected back", answer);
      return `${Math.round(answer.ms)} ms`;
    },
  },
  {
    id: "forms",
    title: "arguments may be text or an object, and later calls may come without an item",
    run: async ({ trainer, item }) => {
      const traceId = newTrace();
      outputOf(await trainer.call({ ...shell("echo 1 > kept"), traceId, item, callId: "call_1" }), "call_1");
      const asObject = { name: "shell", arguments: { command: "cat kept" }, traceId, callId: "call_2" };
      const second = await trainer.call({ ...asObject, item: {} });
      must(outputOf(second, "call_2").includes("1"), "the same sandbox was expected", second);
      outputOf(await trainer.call({ ...asObject, item: null, callId: "call_3" }), "call_3");
      return "three calls, one sandbox";
    },
  },
  {
    id: "item-comes-late",
    title: "the item may come with another of the first calls",
    run: async ({ trainer, item }) => {
      const traceId = newTrace();
      const answers = await Promise.all(
        [null, {}, item].map((row, at) =>
          trainer.call({ ...shell("echo in"), traceId, item: row, callId: `call_${at}` }),
        ),
      );
      for (const [at, answer] of answers.entries()) outputOf(answer, `call_${at}`);
      return "three at once, one with the item";
    },
  },
  {
    id: "parallel",
    title: "a policy may call several tools at once",
    run: async ({ trainer, item }) => {
      const traceId = newTrace();
      const calls = Array.from({ length: 8 }, (_, at) =>
        trainer.call({ ...shell(`echo ${at} >> all`), traceId, item, callId: `call_${at}` }),
      );
      for (const [at, answer] of (await Promise.all(calls)).entries())
        must(!outputOf(answer, `call_${at}`).startsWith("Error"), "no error was expected", answer);
      const last = await trainer.call({ ...shell("cat all; wc -l < all"), traceId, item, callId: "call_last" });
      must(/\b8\b/.test(outputOf(last, "call_last")), "eight lines were expected", last);
      return "eight at once, each ran once";
    },
  },
  {
    id: "once",
    title: "a call that is sent again runs once, and is answered alike",
    run: async ({ trainer, item }) => {
      const traceId = newTrace();
      const call = { ...shell("echo line >> log; wc -l < log"), traceId, item, callId: "call_1" };
      const [first, joined] = await Promise.all([trainer.call(call), trainer.call(call)]);
      const again = await trainer.call(call);
      const outputs = [first, joined, again].map((answer) => outputOf(answer, "call_1"));
      must(new Set(outputs).size === 1, "three equal outputs were expected", again);
      const count = await trainer.call({ ...shell("wc -l < log"), traceId, item, callId: "call_2" });
      must(/\b1\b/.test(outputOf(count, "call_2")), "one line was expected", count);
      return "sent three times, ran once";
    },
  },
  {
    id: "model-mistakes",
    title: "the model's mistakes are shown to it",
    run: async ({ trainer, item }) => {
      const traceId = newTrace();
      const mistakes = [
        { name: "no_such_tool", arguments: "{}" },
        { name: "shell", arguments: "{not json" },
        { name: "shell", arguments: { cmd: "ls" } },
      ];
      for (const [at, mistake] of mistakes.entries()) {
        const answer = await trainer.call({ ...mistake, traceId, item, callId: `call_${at}` });
        must(outputOf(answer, `call_${at}`).startsWith("Error: "), "an output `Error: …` was expected", answer);
      }
      return "three mistakes, three outputs";
    },
  },
  {
    id: "large-output",
    title: "an output of any size comes back below 1 MB",
    run: async ({ trainer, item }) => {
      const command = "head -c 3000000 /dev/zero | tr '\\0' '\\1'";
      const answer = await trainer.call({ ...shell(command), traceId: newTrace(), item, callId: "call_1" });
      outputOf(answer, "call_1");
      const bytes = Buffer.byteLength(answer.text);
      if (bytes > maxMessageBytes) throw new Error(`${bytes} bytes came back`);
      return `${bytes} bytes`;
    },
  },
  {
    id: "grade",
    title: "the grade is a number, and the same whenever it is asked for",
    run: async ({ trainer, item }) => {
      const traceId = newTrace();
      outputOf(await trainer.call({ ...shell("true"), traceId, item, callId: "call_1" }), "call_1");
      const [first, joined] = await Promise.all([
        trainer.grade(traceId, item, "done"),
        trainer.grade(traceId, item, "done"),
      ]);
      const again = await trainer.grade(traceId, null, "");
      const scores = [first, joined, again].map((answer) => scoreOf(answer));
      must(new Set(scores).size === 1, "three equal scores were expected", again);
      const late = await trainer.call({ ...shell("true"), traceId, item, callId: "call_2" });
      outputOf(late, "call_2");
      return `score ${scores[0]} in ${Math.round(first.ms)} ms`;
    },
  },
  {
    id: "grade-without-calls",
    title: "a rollout whose policy called no tool is graded",
    run: async ({ trainer, item }) => `score ${scoreOf(await trainer.grade(newTrace(), item, "I did nothing."))}`,
  },
  {
    id: "grade-without-trace",
    title: "a grader call by hand, without a trace, is a 400",
    run: async ({ trainer, item }) => {
      const answer = await trainer.send("/v1/agent-rft/grade", { sample: { output_text: "x" }, item });
      must(answer.status === 400, "a 400 was expected", answer);
      return "400";
    },
  },
];
