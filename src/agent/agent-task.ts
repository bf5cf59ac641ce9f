import { z } from "zod";
import { BerthError } from "../core/errors.ts";
import { readRows } from "../dataset/read-rows.ts";
import { item } from "../model/item.ts";
import type { Message } from "./model/agent-model.ts";

/** What a model is asked, and where it works. */
export interface AgentTask {
  /** Of its own within the data set. */
  readonly id: string;
  readonly messages: readonly Message[];
  /** What its rollouts are created from. */
  readonly start: { readonly environment: string } | { readonly item: Record<string, unknown> };
}

const name = z.string().min(1).max(256);
const asked = z.object({
  id: name.optional(),
  instance_id: name.optional(),
  environment: name.optional(),
  item: item.optional(),
  prompt: z.string().min(1).optional(),
  messages: z
    .array(z.object({ role: z.enum(["system", "developer", "user", "assistant"]), content: z.string() }))
    .min(1)
    .optional(),
});

const mostTasks = 100_000;

function refuse(path: string, line: number, why: string): never {
  throw new BerthError("invalid_request", `${path}, line ${line}: ${why}.`, {
    remedy:
      "Each line is a JSON object with `environment`, and `prompt` or `messages`; docs/agent-run.md has the fields.",
  });
}

/**
 * The rows of a JSONL file as tasks: those that `berth env import` writes, those of hosted trainers, or `{id, prompt, environment}`. A row that names no
 * environment is itself the item that stands for one.
 * @throws BerthError `invalid_request` naming the line; two rows of one id are refused, and more than 100,000
 */
export async function readTasks(path: string): Promise<AgentTask[]> {
  const tasks = new Map<string, AgentTask>();
  for await (const { line, row } of readRows(path)) {
    if (tasks.size >= mostTasks) refuse(path, line, `there are more than ${mostTasks} rows`);
    const parsed = asked.safeParse(row);
    if (!parsed.success) refuse(path, line, parsed.error.issues[0]?.message ?? "it is no object");
    const { id, instance_id, environment, item: named, prompt, messages } = parsed.data;
    if (prompt === undefined && messages === undefined) refuse(path, line, "it has neither prompt nor messages");
    const own = id ?? instance_id ?? environment ?? `line-${line}`;
    if (tasks.has(own)) refuse(path, line, `an earlier row is named ${own} too`);
    const { messages: _, tools: __, ...rest } = row ?? {};
    tasks.set(own, {
      id: own,
      messages: messages ?? [{ role: "user", content: prompt ?? "" }],
      start: environment === undefined ? { item: named ?? rest } : { environment },
    });
  }
  return [...tasks.values()];
}
