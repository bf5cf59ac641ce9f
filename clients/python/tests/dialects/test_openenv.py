"""The clients of OpenEnv's own package, on a running controller."""

from __future__ import annotations

import asyncio
import os
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

openenv_core = pytest.importorskip("openenv.core")

from openenv.core import GenericEnvClient  # type: ignore[import-untyped]  # noqa: E402
from openenv.core.env_server.mcp_types import (  # type: ignore[import-untyped]  # noqa: E402
    CallToolAction,
    CallToolObservation,
)
from openenv.core.mcp_client import MCPToolClient  # type: ignore[import-untyped]  # noqa: E402

CLIENT = "openenv-core"
PAGE = Path(__file__).resolve().parents[4] / "docs/trainers/openenv.md"
SUBMIT = {"type": "submit"}


def api() -> httpx.Client:
    return httpx.Client(
        base_url=os.environ["BERTH_URL"], headers={"Authorization": f"Bearer {os.environ['BERTH_API_KEY']}"}, timeout=60
    )


def address(name: str, key: str | None = None) -> str:
    password = quote(os.environ["BERTH_API_KEY"] if key is None else key)
    return os.environ["BERTH_URL"].replace("://", f"://berth:{password}@") + f"/v1/openenv/{name}"


def register(environment: dict[str, Any]) -> str:
    with api() as http:
        http.post("/v1/environments", json={"environment": environment}).raise_for_status()
    return str(environment["name"])


def record(rollout: str) -> dict[str, Any]:
    with api() as http:
        read: dict[str, Any] = http.get(f"/v1/rollouts/{rollout}").raise_for_status().json()
    return read


def until_ended(rollout: str) -> dict[str, Any]:
    patience = time.monotonic() + 60
    while (read := record(rollout))["ended_at"] is None:
        assert time.monotonic() < patience, read
        time.sleep(0.1)
    return read


@pytest.fixture
def name(environment: dict[str, Any]) -> str:
    return register({**environment, "name": "openenv-answer"})


def writes(answer: str) -> dict[str, Any]:
    return {"tool": "write_file", "arguments": {"path": "answer", "content": answer}}


@pytest.mark.parametrize(("answer", "reward"), [("42", 1.0), ("41", 0.0)])
def test_the_blocking_client_plays_an_episode_that_ends_with_its_reward(name: str, answer: str, reward: float) -> None:
    with GenericEnvClient(address(name), message_timeout_s=120).sync() as env:
        begun = env.reset(seed=1, group="openenv")
        assert (begun.reward, begun.done) == (None, False)
        wrote = env.step(writes(answer))
        assert (wrote.reward, wrote.done, wrote.observation["error"]) == (None, False, None)
        state = env.state()
        assert (state["step_count"], state["episode_id"]) == (1, begun.observation["episode_id"])
        last = env.step(SUBMIT)
        assert (last.reward, last.done) == (reward, True)
    read = until_ended(str(state["episode_id"]))
    assert (read["status"], read["group"], read["verdict"]["reward"]) == ("closed", "openenv", reward)


def test_asynchronous_clients_play_at_once_each_in_a_sandbox_of_its_own(name: str) -> None:
    async def play(answer: str) -> float | None:
        async with GenericEnvClient(address(name), message_timeout_s=120) as env:
            await env.reset()
            await env.step(writes(answer))
            reward: float | None = (await env.step(SUBMIT)).reward
            return reward

    async def all_of_them() -> list[float | None]:
        return list(await asyncio.gather(*(play(answer) for answer in ("42", "41", "42"))))

    assert asyncio.run(all_of_them()) == [1.0, 0.0, 1.0]


def test_the_client_for_tools_finds_them_calls_them_and_is_told_of_mistakes(name: str) -> None:
    with MCPToolClient(address(name), message_timeout_s=120).sync() as env:
        tools = {tool.name: tool for tool in env.list_tools()}
        assert tools["shell"].input_schema["required"] == ["command"]
        assert "hello" in env.call_tool("shell", command="echo hello; echo 42 >answer")
        assert "nowhere" in env.call_tool("read_file", path="nowhere")
        with pytest.raises(RuntimeError, match="tool_not_found"):
            env.call_tool("teleport")
        with pytest.raises(RuntimeError, match="invalid_args"):
            env.call_tool("shell", comand="ls")
        last = env.step(CallToolAction(tool_name="submit", arguments={}))
        assert isinstance(last.observation, CallToolObservation)
        assert (last.reward, last.done, last.observation.result) == (1.0, True, "submitted\n")


def test_an_episode_that_cannot_be_scored_has_no_reward_and_says_why(environment: dict[str, Any]) -> None:
    broken = [{"type": "command", "command": "exit 3"}]
    unscored = register({**environment, "name": "openenv-unscored", "graders": broken})
    with MCPToolClient(address(unscored), message_timeout_s=120).sync() as env:
        env.reset()
        last = env.step(CallToolAction(tool_name="submit", arguments={}))
        assert (last.reward, last.done) == (None, True)
        assert last.observation.metadata["verdict"]["status"] == "unscored"
        assert last.observation.metadata["verdict"]["reason"]["cause"] == "task"


def test_a_used_up_budget_ends_the_episode_with_the_reward_of_what_was_left(environment: dict[str, Any]) -> None:
    short = register({**environment, "name": "openenv-short", "budget": {"tool_calls": 1}})
    with GenericEnvClient(address(short), message_timeout_s=120).sync() as env:
        env.reset()
        env.step(writes("42"))
        last = env.step(writes("41"))
        assert (last.reward, last.done) == (1.0, True)


def test_an_environment_that_is_broken_is_an_error_and_never_a_reward(environment: dict[str, Any]) -> None:
    broken = register({**environment, "name": "openenv-broken", "setup": ["exit 7"]})
    with (
        GenericEnvClient(address(broken), message_timeout_s=120).sync() as env,
        pytest.raises(RuntimeError, match="FACTORY_ERROR"),
    ):
        env.reset()


def test_the_rollout_ends_with_its_socket(name: str) -> None:
    with GenericEnvClient(address(name), message_timeout_s=120).sync() as env:
        rollout = env.reset().observation["episode_id"]
        assert record(rollout)["status"] == "active"
    read = until_ended(rollout)
    assert (read["status"], read["verdict"]) == ("closed", None)


def test_a_wrong_key_and_an_unknown_environment_let_nobody_in(name: str) -> None:
    for wrong in (address(name, key="wrong"), address("openenv-nowhere")):
        with pytest.raises(ConnectionError, match=r"HTTP 40[14]"):
            GenericEnvClient(wrong).sync().connect()


def test_the_page_s_example_runs_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    [example] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    exec(compile(example, str(PAGE), "exec"), {})
    assert "reward 1" in capsys.readouterr().out
