"""Inspect's own checks of a sandbox, and an eval of its own, on a running controller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

inspect_ai = pytest.importorskip("inspect_ai")

from inspect_ai import Task, eval_async  # noqa: E402
from inspect_ai.dataset import Sample  # noqa: E402
from inspect_ai.model import ModelOutput, ModelUsage, get_model  # noqa: E402
from inspect_ai.scorer import Score, Target, accuracy, scorer  # noqa: E402
from inspect_ai.solver import Generate, TaskState, solver  # noqa: E402
from inspect_ai.util import SandboxEnvironment, SandboxEnvironmentSpec, sandbox  # noqa: E402
from inspect_ai.util._sandbox.self_check import *  # noqa: E402, F403

from berth_client import Berth  # noqa: E402
from berth_client.adapters.inspect_ai import BerthConfig, BerthSandbox  # noqa: E402

from ..pages import block  # noqa: E402

CLIENT = "inspect_ai"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


ABSENT = {"test_exec_as_user": "commands of a rollout run as its tool user alone"}


@pytest.fixture
async def sandbox_env(environment: dict[str, Any], request: pytest.FixtureRequest) -> AsyncIterator[SandboxEnvironment]:
    if reason := ABSENT.get(request.node.originalname):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    roomy = {**environment, "budget": {"tool_calls": 100_000}}
    config = BerthConfig(environment=roomy)
    made = await BerthSandbox.sample_init("self_check", config, {})
    yield made["default"]
    await BerthSandbox.sample_cleanup("self_check", config, made, False)


@solver
def writes(answer: str):  # type: ignore[no-untyped-def]
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        await sandbox().write_file("answer", answer)
        return state

    return solve


@scorer(metrics=[accuracy()])
def verdict():  # type: ignore[no-untyped-def]
    async def score(state: TaskState, target: Target) -> Score:
        judged = await sandbox().as_type(BerthSandbox).rollout.grade()
        return Score(value=judged.reward_or_raise())

    return score


@pytest.mark.parametrize(("answer", "expected"), [("42", 1.0), ("41", 0.0)])
async def test_an_eval_is_scored_by_berth(environment: dict[str, Any], answer: str, expected: float, tmp_path: Any) -> None:
    task = Task(
        dataset=[Sample(input="Write 42 to answer.", target="42")],
        solver=writes(answer),
        scorer=verdict(),
        sandbox=SandboxEnvironmentSpec("berth", BerthConfig(environment=environment)),
    )
    [log] = await eval_async(task, model="mockllm/model", log_dir=str(tmp_path))
    assert log.status == "success", log.error
    assert log.results is not None
    assert log.results.scores[0].metrics["accuracy"].value == expected


@pytest.mark.parametrize(("answer", "expected"), [("42", 1.0), ("41", 0.0)])
async def test_the_example_of_the_page(
    berth: Berth, environment: dict[str, Any], answer: str, expected: float, tmp_path: Any
) -> None:
    berth.register({**environment, "name": "answer"})
    module: dict[str, Any] = {}
    exec(compile(block("inspect", "python"), "inspect.md", "exec"), module)
    writes_it = ModelOutput.for_tool_call("mockllm", "bash", {"command": f"echo {answer} >answer"})
    outputs = [writes_it, ModelOutput.from_content("mockllm", "Done.")]
    for output in outputs:
        # What the model tells of its tokens is not counted, for which Inspect would fetch a vocabulary.
        output.usage = ModelUsage()
    model = get_model("mockllm/model", custom_outputs=outputs)
    [log] = await eval_async(module["answers"](), model=model, log_dir=str(tmp_path))
    assert log.status == "success", log.error
    assert log.results is not None
    assert log.results.scores[0].metrics["accuracy"].value == expected


async def test_what_is_unscored_has_an_error_and_no_score(environment: dict[str, Any], tmp_path: Any) -> None:
    broken = {**environment, "graders": [{"type": "command", "command": "exit 9"}]}
    task = Task(
        dataset=[Sample(input="Write 42 to answer.", target="42")],
        solver=writes("42"),
        scorer=verdict(),
        sandbox=SandboxEnvironmentSpec("berth", BerthConfig(environment=broken)),
    )
    [log] = await eval_async(task, model="mockllm/model", log_dir=str(tmp_path), fail_on_error=False)
    assert log.samples is not None
    assert log.samples[0].error is not None
    assert not log.samples[0].scores
