"""verifiers' own environment, agents, interception, traces and harness, over a running controller."""

from __future__ import annotations

import asyncio
import math
import statistics
import sys
from collections import defaultdict
from itertools import count
from pathlib import Path
from typing import Any

import pytest

vf = pytest.importorskip("verifiers.v1")

from verifiers.v1.runtimes import SubprocessRuntime  # noqa: E402

from berth_client import Berth  # noqa: E402
from berth_client.adapters.verifiers import reward_of  # noqa: E402

from ..pages import blocks  # noqa: E402
from .policy import Message, scripted  # noqa: E402
from .sandboxes import kill_sandbox  # noqa: E402

CLIENT = "verifiers"
SAMPLES = 8


@pytest.fixture(autouse=True)
def taskset(berth: Berth, environment: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module of the page, with the environment that it names."""
    berth.register({**environment, "name": "answer"})
    (tmp_path / "answers.py").write_text(blocks("verifiers", "python")[0])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.delitem(sys.modules, "answers", raising=False)


def play(script: Any, tasks: int, samples: int) -> list[list[Any]]:
    """The traces of ``samples`` episodes of each of the first tasks, through verifiers' own scheduler."""
    agent = {"harness": {"id": "loop_harness"}, "runtime": {"type": "subprocess"}}
    env: Any = vf.load_environment(vf.SingleAgentEnvConfig(taskset={"id": "answers"}, agent=agent))
    places = asyncio.Semaphore(8)

    async def main(url: str) -> list[list[Any]]:
        client = vf.EvalClientConfig(base_url=url, api_key_var="NO_KEY")
        context = vf.ModelContext(model="scripted", client=client)

        async def group(task: Any) -> list[Any]:
            episodes = await asyncio.gather(*(env.run_slot(slot, context, places) for slot in env.slots(task, samples)))
            return [trace for episode in episodes for trace in episode.traces]

        async with env.serving():
            return await asyncio.gather(*(group(task) for task in env.taskset.take(tasks)))

    with scripted(script) as url:
        return asyncio.run(main(url))


def advantages(rewards: list[float | None]) -> list[float]:
    """GRPO's: over the rewards that there are; what has none is learnt from in neither direction."""
    known = [reward for reward in rewards if reward is not None]
    mean, deviation = statistics.fmean(known), statistics.stdev(known)
    return [0.0 if reward is None else (reward - mean) / (deviation + 1e-4) for reward in rewards]


def test_eight_samples_of_eight_items_give_grpo_the_graders_rewards_and_leave_a_lost_sandbox_out(berth: Berth) -> None:
    broken: set[str] = set()
    written: dict[str, str] = {}
    sample_of: dict[int, Any] = defaultdict(count)

    def script(trace: str, messages: list[Message]) -> tuple[str, dict[str, Any]] | str:
        if len(messages) == 1:
            item = int(messages[0]["content"].split(":")[0].removeprefix("Task "))
            sample = next(sample_of[item])
            if (item, sample) == (3, 5):
                broken.add(trace)
            written[trace] = "42" if sample <= item else "41"
            return "berth_shell", {"command": f"echo {written[trace]} >answer"}
        if trace in broken:
            [rollout] = [one for one in berth.rollouts() if one.labels.get("verifiers_trace") == trace]
            if len(messages) == 3:
                kill_sandbox(rollout.rollout_id)
            return "berth_shell", {"command": "true"}
        return "Done."

    groups = play(script, 8, SAMPLES)

    assert [len(group) for group in groups] == [SAMPLES] * 8
    records = {record.labels["verifiers_trace"]: record for record in berth.rollouts() if "verifiers_trace" in record.labels}
    for item, group in enumerate(groups):
        rewards = [reward_of(trace) for trace in group]
        for trace, reward in zip(group, rewards, strict=True):
            record = records[trace.id]
            if trace.id in broken:
                assert (reward, trace.ok, record.status) == (None, False, "failed")
                assert record.verdict is None or not record.verdict.scored
            else:
                assert record.verdict is not None
                assert record.status == "closed"
                assert reward == record.verdict.reward == (1.0 if written[trace.id] == "42" else 0.0)
        assert rewards.count(None) == (1 if item == 3 else 0)
        learnt = advantages(rewards)
        assert math.isclose(sum(learnt), 0, abs_tol=1e-6)
        if item < 7:
            signs = {None: 0, 0.0: -1, 1.0: 1}
            assert [(value > 0) - (value < 0) for value in learnt] == [signs[reward] for reward in rewards]
        else:
            assert learnt == [0.0] * SAMPLES
    assert len(broken) == 1


def test_what_the_model_did_wrong_is_shown_to_it_and_scored() -> None:
    read: list[str] = []

    def script(trace: str, messages: list[Message]) -> tuple[str, dict[str, Any]] | str:
        if len(messages) == 1:
            return "berth_read_file", {"path": "nowhere"}
        read.append(str(messages[-1]["content"]))
        return "I give up."

    [[trace]] = play(script, 1, 1)
    assert "nowhere" in read[0]
    assert (trace.ok, reward_of(trace)) == (True, 0.0)


def test_an_environment_that_is_broken_leaves_no_reward(berth: Berth, environment: dict[str, Any]) -> None:
    berth.register({**environment, "name": "answer", "setup": ["exit 9"]})
    [[trace]] = play(lambda trace, messages: "Done.", 1, 1)
    assert (trace.ok, reward_of(trace)) == (False, None)
    assert trace.errors


def test_the_example_of_the_page_plays_with_verifiers_own_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    programs = count()

    async def prepared(self: Any, script: str, env: Any = None, *, activate: bool = True) -> list[str]:
        # What the program needs is here already, so that no second environment is installed for it.
        # A file for each: attempts begin at the same time.
        program = tmp_path / f"program-{next(programs)}.py"
        program.write_text(script)
        return [sys.executable, str(program)]

    def script(trace: str, messages: list[Message]) -> tuple[str, dict[str, Any]] | str:
        done = messages[-1]["role"] == "tool"
        return "Done." if done else ("berth_write_file", {"path": "answer", "content": "42"})

    monkeypatch.setattr(SubprocessRuntime, "prepare_uv_script", prepared)
    monkeypatch.setenv("MODEL", "scripted")
    with scripted(script) as url:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        exec(compile(blocks("verifiers", "python")[1], "verifiers.md", "exec"), {"__name__": "__main__"})
    assert [line[-5:] for line in capsys.readouterr().out.splitlines()] == ["[1.0]"] * 2
