import { randomBytes } from "node:crypto";
import { connectGuest } from "../../../src/guest/connect-guest.ts";
import type { ToolCallResult } from "../../../src/model/tool-call.ts";
import { berthOver } from "../../support/running-berth.ts";
import { memoryController, shell } from "../../support/memory-controller.ts";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack } from "../attack.ts";

/** What a tool call comes to: its output, or how it was refused. */
const told = (call: Promise<ToolCallResult>): Promise<string> =>
  call.then(
    ({ output }) => output,
    (thrown: unknown) => String(thrown),
  );

/** The controller, or one that knows calls by their ids alone: tool calls of two rollouts. */
async function twoRollouts(arena: Arena) {
  const controller = await memoryController();
  arena.defer(() => controller[Symbol.asyncDispose]());
  const ids = await Promise.all([0, 1].map(async () => (await controller.rollout()).rollout_id));
  const call = async (number: 0 | 1, tool: string, request: Parameters<typeof controller.service.callTool>[2]) =>
    controller.service.callTool(ids[number] ?? "", tool, request);
  if (arena.has("rollout_identity")) return { call, controller, ids };
  const known = new Map<string, Promise<ToolCallResult>>();
  return {
    controller,
    ids,
    call: async (number: 0 | 1, tool: string, request: Parameters<typeof controller.service.callTool>[2]) => {
      const given = request.arguments as Record<string, unknown>;
      const id =
        tool === "read_output" ? String(given["call_id"]) : (request.call_id ?? randomBytes(6).toString("hex"));
      const found = known.get(id) ?? call(number, tool, request);
      known.set(id, found);
      return found;
    },
  };
}

/** Ids that belong to somebody else, or to something that is no more. */
export const rollouts: readonly Attack[] = [
  {
    id: "rollouts/another's-call-id",
    title: "A call is sent under an id that another rollout has used, to be given that one's result",
    defences: ["rollout_identity"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const { call } = await twoRollouts(arena);
      await call(0, "shell", shell(`echo ${flag}`, "same"));
      const output = await told(call(1, "shell", shell("echo own", "same")));
      return reachedIf(output.includes(flag), output);
    },
  },
  {
    id: "rollouts/another's-output",
    title: "A tool reads on in the output of another rollout's call",
    defences: ["rollout_identity"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const { call } = await twoRollouts(arena);
      await call(0, "shell", shell(`echo ${flag}`, "theirs"));
      const page = (call_id: string) => told(call(1, "read_output", { arguments: { call_id } }));
      const [known, unknown] = [await page("theirs"), await page("nobodys")];
      const same = known.replaceAll("theirs", "") === unknown.replaceAll("nobodys", "");
      return reachedIf(known.includes(flag) || !same, `${known} / ${unknown}`);
    },
  },
  {
    id: "rollouts/a-recreated-id",
    title: "A call for a sandbox that is no more is answered by the next one under its id",
    defences: ["reply_validation"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const provider = await arena.provider();
      const first = await arena.sandbox();
      await first.sh("true");
      await provider.destroy(first.handle);
      const second = await arena.sandbox({ id: first.handle.id });
      await second.sh(`echo ${flag} >secret`);
      const asking = arena.has("reply_validation")
        ? first
        : berthOver(first.handle, await connectGuest({ open: () => provider.connect(second.handle) }), async () => {});
      arena.defer(() => asking.guest.close());
      const heard = await asking.sh("cat secret").then(
        ({ stdout }) => stdout.head,
        (thrown: unknown) => String(thrown),
      );
      return reachedIf(heard.includes(flag), heard);
    },
  },
];
