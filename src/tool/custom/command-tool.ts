import { BerthError } from "../../core/errors.ts";
import type { CustomTool } from "../../model/custom-tool.ts";
import { byShell } from "../shell/command-line.ts";
import { commandAnswer, runCommand } from "../shell/run-command.ts";
import type { Tool } from "../tool.ts";
import { declaredSchema } from "./declared-schema.ts";
import { fillTemplate, parseTemplate } from "./template.ts";

/** Linux takes no longer single argument, in bytes with the closing NUL. */
const maxArgumentBytes = 131_071;
const maxStdinBytes = 1024 * 1024;

/** A tool that an environment declares. @throws BerthError `invalid_environment` saying what is wrong with it */
export function commandTool(spec: CustomTool): Tool {
  const problem = (what: string): BerthError =>
    new BerthError("invalid_environment", `custom_tools: ${spec.name}: ${what}.`);
  const template = parseTemplate(spec.command);
  if ("problem" in template) throw problem(`command: ${template.problem}`);
  const properties = spec.parameters["properties"];
  const known = typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
  const unknown = template.names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw problem(`command: parameters has no property ${unknown.join(", ")}`);
  return {
    name: spec.name,
    description: spec.description,
    effect: spec.effect,
    arguments: declaredSchema(spec.parameters, (what) => problem(`parameters: ${what}`)),
    jsonSchema: spec.parameters,
    async run(context, given) {
      const values = given as Record<string, unknown>;
      const { command: line, args } = fillTemplate(template, values);
      const stdin = spec.stdin === "json" ? JSON.stringify(values) : "";
      assertFits(args, stdin);
      const command = {
        ...byShell(line, args),
        ...(stdin === "" ? {} : { stdin }),
        timeoutMs: spec.timeout_ms,
        maxBytes: spec.max_output_bytes,
      };
      return commandAnswer(context, command, await runCommand(context, command));
    },
  };
}

function assertFits(args: readonly string[], stdin: string): void {
  if (args.some((arg) => arg.includes("\0")))
    throw new BerthError("invalid_arguments", "An argument contains a NUL character.");
  if (Buffer.byteLength(stdin) > maxStdinBytes || args.some((arg) => Buffer.byteLength(arg) >= maxArgumentBytes)) {
    throw new BerthError("invalid_arguments", "An argument is too long.", {
      remedy: `Give at most ${maxArgumentBytes - 1} bytes for one, or write a file and name it.`,
    });
  }
}
