"""Episodes of SkyRL's gym on a running controller."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

skyrl_gym = pytest.importorskip("skyrl_gym")

from omegaconf import OmegaConf  # noqa: E402
from skyrl_gym.envs import deregister  # noqa: E402

from berth_client import Berth, InfraError, TaskError  # noqa: E402
from berth_client.deadlines import Deadlines  # noqa: E402

from .. import pages  # noqa: E402

CLIENT = "skyrl-gym"
PROMPT = [{"role": "user", "content": "Write 42 to answer."}]


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    skyrl_gym.register(id="berth", entry_point="berth_client.adapters.skyrl:BerthEnv")
    yield
    deregister("berth")


@pytest.mark.parametrize(("number", "expected"), [(42, 1.0), (41, 0.0)])
def test_the_reward_of_the_last_step_is_the_verdict(
    berth: Berth, environment: dict[str, Any], group: str, number: int, expected: float
) -> None:
    env = skyrl_gym.make("berth", env_config=OmegaConf.create({"group": group}), extras={"environment": environment})
    assert env.init(PROMPT)[0] == PROMPT
    first = env.step(f"I write it.\n<tool><shell>echo {number} >answer; cat answer</shell></tool>")
    assert (first["reward"], first["done"]) == (0.0, False)
    assert first["observations"][0]["role"] == "user"
    assert str(number) in first["observations"][0]["content"]
    last = env.step("<solution>It is written.</solution>")
    assert (last["reward"], last["done"], last["observations"]) == (expected, True, [])
    assert env.get_metrics() == {"turns": 2, "tool_calls": 1, "tool_mistakes": 0}
    env.close()
    env.close()
    [record] = berth.rollouts(group=group)
    assert record.status == "closed"


def test_a_message_runs_its_tools_in_their_order_before_it_is_graded(environment: dict[str, Any]) -> None:
    with skyrl_gym.make("berth", extras={"environment": environment}) as env:
        env.init(PROMPT)
        written = '<tool><write_file>{"path": "answer", "content": "41"}</write_file></tool>'
        mended = "<tool><shell>sed -i s/41/42/ answer</shell></tool>"
        assert env.step(f"{written} {mended} <solution>42</solution>")["reward"] == 1.0


def test_the_last_turn_is_graded_without_a_solution(environment: dict[str, Any]) -> None:
    with skyrl_gym.make("berth", extras={"environment": environment, "max_turns": 1, "item": None}) as env:
        env.init(PROMPT)
        last = env.step("<tool><shell>echo 42 >answer</shell></tool>")
        assert (last["reward"], last["done"]) == (1.0, True)


@pytest.mark.parametrize(
    "message",
    [
        "I do nothing.",
        "<tool>ls</tool>",
        "<tool><read_file>not JSON</read_file></tool>",
        '<tool><read_file>{"path": "nowhere"}</read_file></tool>',
        '<tool><read_file>{"wrong": 1}</read_file></tool>',
        "<tool><no_such_tool>{}</no_such_tool></tool>",
    ],
)
def test_the_model_reads_its_mistakes_and_goes_on(environment: dict[str, Any], message: str) -> None:
    with skyrl_gym.make("berth", extras={"environment": environment}) as env:
        env.init(PROMPT)
        step = env.step(message)
        assert not step["done"]
        assert "Error: " in step["observations"][0]["content"]


def test_tags_that_never_close_are_read_in_one_pass(environment: dict[str, Any]) -> None:
    with skyrl_gym.make("berth", extras={"environment": environment}) as env:
        env.init(PROMPT)
        assert not env.step("<tool>" * 200_000 + "<solution>" * 200_000)["done"]


def test_an_unscored_episode_raises_and_its_sandbox_is_gone(berth: Berth, environment: dict[str, Any], group: str) -> None:
    ungradable = {**environment, "graders": [{"type": "command", "command": "exit 3"}]}
    env = skyrl_gym.make("berth", extras={"environment": ungradable, "group": group})
    env.init(PROMPT)
    with pytest.raises(TaskError, match="finds no reward"):
        env.step("<solution>42</solution>")
    assert [record.status for record in berth.rollouts(group=group)] == ["closed"]


def test_an_environment_that_is_broken_and_a_controller_that_is_gone_raise(environment: dict[str, Any]) -> None:
    env = skyrl_gym.make("berth", extras={"environment": {**environment, "setup": ["exit 9"]}})
    env.init(PROMPT)
    with pytest.raises(TaskError, match="setup_failed"):
        env.step("<tool><shell>true</shell></tool>")
    gone = skyrl_gym.make("berth", env_config={"url": "http://127.0.0.1:1"}, extras={"environment": environment})
    gone._rollout._berth.deadlines = Deadlines(ask_s=0.5, close_s=0.5)
    with pytest.raises(InfraError, match="unreachable"):
        gone.init(PROMPT)


def test_the_example_of_the_page(tmp_path: Path) -> None:
    assert pages.run(pages.block("skyrl", "python"), tmp_path)[-1] == "reward 1.0"
