import type { OpenAiTool } from "../tool/formats.ts";
import type { Task } from "./task.ts";

/** A line of a hosted trainer's dataset: what the model is asked, with which tools, in which environment. Nothing that decides the reward. */
export const trainingRow = ({ environment, prompt }: Task, tools: readonly OpenAiTool[]) => ({
  messages: [{ role: "user", content: prompt }],
  tools,
  environment: environment.name,
});
