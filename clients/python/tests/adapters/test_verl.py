"""verl's tool classes on a running controller, called as verl's agent loop calls them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from . import verl_without_torch

try:
    verl_without_torch.load()
except ImportError:
    pytest.skip("verl is not installed", allow_module_level=True)

from verl.tools.base_tool import BaseTool
from verl.tools.schemas import OpenAIFunctionToolSchema
from verl.tools.tool_registry import initialize_tools_from_config

from berth_client import AsyncBerth, Berth, BerthError, CallerError, InfraError, TaskError
from berth_client.adapters.verl import ROLLOUT_ID, BerthTool, compute_score

from .. import pages

CLIENT = "verl"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def tools() -> AsyncIterator[dict[str, BerthTool]]:
    async with AsyncBerth() as berth:
        schemas = (await berth.tools())["tools"]
    made = [BerthTool({"type": "native"}, OpenAIFunctionToolSchema.model_validate(schema)) for schema in schemas]
    yield {tool.name: tool for tool in made}
    for tool in made:
        await tool.close()


class Trajectory:
    """The part of verl's agent loop that meets a tool, which needs torch to be imported: an instance for each call, and what a
    tool raises becomes a text and a reward of 0."""

    def __init__(self, environment: dict[str, Any], group: str | None = None) -> None:
        create = {"environment": environment} | ({} if group is None else {"group": group})
        self.data = SimpleNamespace(tools_kwargs={"shell": {"create_kwargs": create}, "read_file": {}}, extra_fields={})

    async def call(self, tool: BerthTool, parameters: Any) -> str:
        instance_id = None
        try:
            kwargs = self.data.tools_kwargs.get(tool.name, {})
            instance_id, _ = await tool.create(create_kwargs=kwargs.get("create_kwargs", {}))
            response, reward, _ = await tool.execute(instance_id, parameters, agent_data=self.data)
            assert reward == 0.0
            return str(response.text)
        except Exception as thrown:
            return f"raised {thrown}"
        finally:
            if instance_id is not None:
                await tool.release(instance_id)

    async def score(self) -> float:
        info = {"tools_kwargs": self.data.tools_kwargs, **self.data.extra_fields}
        return (await compute_score("berth", "It is written.", None, info))["score"]


async def test_every_tool_of_berth_has_a_schema_that_verl_takes(tools: dict[str, BerthTool]) -> None:
    assert all(isinstance(tool, BaseTool) for tool in tools.values())
    schema = tools["shell"].get_openai_tool_schema().model_dump(exclude_unset=True, exclude_none=True)
    assert schema["function"]["parameters"]["required"] == ["command"]


@pytest.mark.parametrize(("number", "expected"), [(42, 1.0), (41, 0.0)])
async def test_the_tools_of_a_trajectory_share_a_rollout_whose_verdict_is_the_score(
    tools: dict[str, BerthTool], environment: dict[str, Any], group: str, number: int, expected: float
) -> None:
    trajectory = Trajectory(environment, group)
    await trajectory.call(tools["shell"], {"command": f"echo {number} >answer"})
    assert str(number) in await trajectory.call(tools["read_file"], {"path": "answer"})
    assert await trajectory.score() == expected
    with Berth() as berth:
        [record] = berth.rollouts(group=group)
    assert (record.rollout_id, record.status, record.tool_calls) == (trajectory.data.extra_fields[ROLLOUT_ID], "closed", 2)


async def test_calls_of_one_message_run_in_parallel_in_one_rollout(
    tools: dict[str, BerthTool], environment: dict[str, Any], group: str
) -> None:
    trajectory = Trajectory(environment, group)
    said = await asyncio.gather(*(trajectory.call(tools["shell"], {"command": f"echo said {n}"}) for n in range(4)))
    assert [f"said {n}" in text for n, text in enumerate(said)] == [True] * 4
    await trajectory.score()
    with Berth() as berth:
        assert len(list(berth.rollouts(group=group))) == 1


async def test_a_trajectory_without_a_call_is_graded(environment: dict[str, Any], group: str) -> None:
    assert await Trajectory(environment, group).score() == 0.0
    with Berth() as berth:
        assert [record.status for record in berth.rollouts(group=group)] == ["closed"]


async def test_the_model_reads_its_mistakes(tools: dict[str, BerthTool], environment: dict[str, Any]) -> None:
    trajectory = Trajectory(environment)
    said = [
        await trajectory.call(tools["read_file"], parameters)
        for parameters in ({"path": "nowhere"}, {"wrong": 1}, ["no object"])
    ]
    assert [text.startswith("Error: ") for text in said] == [True] * 3
    await trajectory.call(tools["shell"], {"command": "echo 42 >answer"})
    assert await trajectory.score() == 1.0


async def test_a_failure_that_verl_swallows_in_a_call_is_raised_by_the_score(
    tools: dict[str, BerthTool], environment: dict[str, Any], group: str
) -> None:
    trajectory = Trajectory(environment, group)
    await trajectory.call(tools["shell"], {"command": "echo 42 >answer"})
    gone = BerthTool({"url": "http://127.0.0.1:1", "deadline_s": 0.5}, tools["shell"].tool_schema)
    assert "unreachable" in await trajectory.call(gone, {"command": "true"})
    await gone.close()
    with pytest.raises(InfraError, match="unreachable"):
        await trajectory.score()
    with Berth() as berth:
        assert [record.status for record in berth.rollouts(group=group)] == ["closed"]


async def test_what_cannot_be_graded_has_no_score(tools: dict[str, BerthTool], environment: dict[str, Any]) -> None:
    with pytest.raises(TaskError):
        await Trajectory({**environment, "graders": [{"type": "command", "command": "exit 3"}]}).score()
    broken = Trajectory({**environment, "setup": ["exit 9"]})
    assert "setup_failed" in await broken.call(tools["shell"], {"command": "true"})
    with pytest.raises(BerthError, match="setup_failed"):
        await broken.score()


async def test_a_row_without_an_environment_has_no_score(tools: dict[str, BerthTool], environment: dict[str, Any]) -> None:
    trajectory = Trajectory(environment)
    trajectory.data.tools_kwargs = {"read_file": None, "shell": {"create_kwargs": {"environment": None, "group": "g"}}}
    assert "environment or item" in await trajectory.call(tools["shell"], {"command": "true"})
    with pytest.raises(CallerError):
        await trajectory.score()
    trajectory.data.tools_kwargs["read_file"] = {"create_kwargs": {"environment": environment, "item": None}}
    with pytest.raises(InfraError, match="environment or item"):
        await trajectory.score()


async def test_an_instance_by_itself_is_rewarded_and_released(
    tools: dict[str, BerthTool], environment: dict[str, Any], group: str
) -> None:
    shell = tools["shell"]
    instance_id, _ = await shell.create(create_kwargs={"environment": environment, "group": group})
    await shell.execute(instance_id, {"command": "echo 42 >answer"})
    assert await shell.calc_reward(instance_id) == 1.0
    await shell.release(instance_id)
    await shell.release(instance_id)
    with Berth() as berth:
        assert [record.status for record in berth.rollouts(group=group)] == ["closed"]


async def test_the_example_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declared = tmp_path / "tools.yaml"
    declared.write_text(pages.block("verl", "yaml"))
    assert [tool.name for tool in initialize_tools_from_config(str(declared))] == ["shell", "read_file"]
    names: dict[str, Any] = {}
    exec(compile(pages.block("verl", "python"), "verl.md", "exec"), names)
    capsys.readouterr()
    await names["play"](str(declared))
    assert capsys.readouterr().out.splitlines()[-1] == "score 1.0"


@pytest.mark.xfail(run=False, reason="not installable: verl's agent loop and trainer need torch")
async def test_a_trajectory_of_verl_s_agent_loop() -> None:
    raise NotImplementedError
