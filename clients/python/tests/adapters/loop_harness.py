"""A harness of verifiers that plays in the tests' own process: 64 attempts would take minutes to start as programs."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from typing import Any

import verifiers.v1 as vf
from openai import AsyncOpenAI
from verifiers.v1.harnesses.utils.mcp import call_mcp, connect_mcp

__all__ = ["LoopHarness"]


class LoopHarness(vf.Harness[vf.HarnessConfig]):
    SUPPORTS_MCP = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: vf.ModelContext,
        trace: vf.Trace[Any, Any, Any],
        runtime: vf.Runtime,
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],
        data: vf.TaskData,
    ) -> vf.ProgramResult:
        messages: list[Any] = [{"role": "user", "content": data.prompt_text}]
        servers = {"mcpServers": {name: {"url": url} for name, url in mcp_urls.items()}}
        async with AsyncOpenAI(base_url=endpoint, api_key=secret, max_retries=0) as model, AsyncExitStack() as stack:
            tools, dispatch, connections = await connect_mcp(servers, stack)
            while True:
                given: Any = {"model": ctx.model, "messages": messages, "tools": tools}
                message = (await model.chat.completions.create(**given)).choices[0].message
                messages.append(message.model_dump(exclude_none=True))
                if not message.tool_calls:
                    return vf.ProgramResult(0, "", "")
                for call in message.tool_calls:
                    assert call.type == "function"
                    arguments = json.loads(call.function.arguments)
                    said = await call_mcp(connections, dispatch, call.function.name, arguments)
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": said})
