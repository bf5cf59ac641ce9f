import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/client";
import type { ToolOutputInput } from "../../../model/tool-call.ts";
import type { ToolServer } from "../../../model/tool-server.ts";
import { boundOutput } from "../../bounded-output.ts";
import { CellOutput } from "../../code/cell-output.ts";

/** Of what a tool gives for machines, in UTF-16 units as JSON. */
const mostStructured = 65_536;

/** What a server's result is to a model: its texts; pictures and the like come beside them, as those of cells do. */
export function answerOf(
  { content, isError = false, structuredContent }: CallToolResult,
  { max_output_bytes: mostBytes }: Pick<ToolServer, "max_output_bytes">,
): ToolOutputInput {
  const structured = structuredContent === undefined ? "" : JSON.stringify(structuredContent);
  const rich = new CellOutput();
  const texts = content.flatMap((block) => textOf(block, rich));
  if (content.length === 0 && structured !== "") texts.push(structured);
  const { output, truncated } = boundOutput(texts.map(endLine).join(""), mostBytes);
  const told = `${isError ? "[the tool says that it failed]\n" : ""}${output}${rich.text()}`;
  return {
    output: told === "" ? "[no output]\n" : told,
    data: {
      is_error: isError,
      ...(rich.outputs.length > 0 && { outputs: rich.outputs }),
      ...(structured !== "" && structured.length <= mostStructured && { structured: structuredContent }),
    },
    truncated: truncated || rich.truncated,
  };
}

function textOf(block: ContentBlock, rich: CellOutput): string[] {
  switch (block.type) {
    case "text":
      return [block.text];
    case "image":
    case "audio":
      show(rich, block.type, block.mimeType, block.data);
      return [];
    case "resource_link":
      return [`[resource] ${block.uri}`];
    case "resource":
      if ("text" in block.resource) return [`[resource] ${block.resource.uri}\n${block.resource.text}`];
      show(rich, block.resource.uri, block.resource.mimeType ?? "application/octet-stream", block.resource.blob);
      return [];
  }
}

/** Longer names are no media types. */
const mostMimeCharacters = 100;

const show = (rich: CellOutput, what: string, mime: string, base64: string): void =>
  rich.take({
    id: "",
    type: "display",
    forms: { "text/plain": what.slice(0, 1_000), [mime.slice(0, mostMimeCharacters)]: base64 },
  });

const endLine = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
