"""What TRL does with an environment, from the source of the installed package, over a running controller.

Its trainer needs torch, whose wheel for x86 is larger than everything else that these tests install together.
"""

from __future__ import annotations

import ast
import inspect
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from berth_client import Berth
from berth_client.adapters.trl import BerthEnvironment, BerthTools, berth_reward

from ..pages import blocks
from .sandboxes import kill_sandbox

CLIENT = "trl"

try:
    SOURCE = Path(str(distribution("trl").locate_file("trl/trainer/grpo_trainer.py"))).read_text()
except PackageNotFoundError:
    pytest.skip("trl is not installed", allow_module_level=True)


def run_of_trl(kind: type[ast.stmt], begins: str, names: dict[str, Any]) -> dict[str, Any]:
    """Runs the one statement of TRL's GRPOTrainer that begins so, on these names; returns them."""
    [found] = [node for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, kind) and ast.unparse(node).startswith(begins)]
    exec(compile(ast.Module([found], []), "grpo_trainer.py", "exec"), names)
    return names


def rollouts_of_trl(inputs: list[dict[str, Any]], factory: type[BerthTools] = BerthEnvironment) -> list[Any]:
    """As TRL resets its environments, one for each input."""
    environments = [factory() for _ in inputs]
    names = {
        "self": SimpleNamespace(environments=environments, _multi_environment=False),
        "prompts": [[{"role": "user", "content": "Write 42."}] for _ in inputs],
        "inputs": inputs,
    }
    run_of_trl(ast.For, "for i, (prompt, environment, x) in enumerate(zip(prompts, self.environments, inputs", names)
    return environments


def test_trl_finds_the_tools_and_reads_their_schemas() -> None:
    chat = pytest.importorskip("transformers.utils.chat_template_utils")
    names = {"inspect": inspect, "instance": BerthEnvironment(), "methods": [], "has_reset": False, "has_reward": False}
    found = run_of_trl(ast.For, "for member_name, _ in inspect.getmembers(type(instance)", names)
    assert (found["has_reset"], found["has_reward"]) == (True, False)
    schemas = [chat.get_json_schema(method)["function"] for method in found["methods"]]
    assert [one["name"] for one in schemas] == ["list_dir", "read_file", "shell", "write_file"]
    with Berth() as berth:
        served = {tool["function"]["name"]: tool["function"]["parameters"] for tool in berth.tools()["tools"]}
    for schema in schemas:
        assert set(schema["parameters"]["properties"]) <= set(served[schema["name"]]["properties"])
        assert set(served[schema["name"]].get("required", [])) <= set(schema["parameters"]["required"])


def test_rewards_are_the_graders_and_a_lost_sandbox_has_none(berth: Berth, environment: dict[str, Any]) -> None:
    berth.register({**environment, "name": "trl-answer"})
    environments = rollouts_of_trl([{"prompt": "", "berth_environment": "trl-answer"}] * 3)
    for one, answer in zip(environments, ("42", "41", "42"), strict=True):
        one.shell(f"echo {answer} >answer")
    assert environments[1].read_file("nowhere") != ""
    kill_sandbox(environments[2]._rollout.id)
    rewards = berth_reward(environments)
    assert rewards == [1.0, 0.0, None]
    names = {"output_reward_func": rewards, "torch": SimpleNamespace(nan="left out")}
    begins = "output_reward_func = [reward if reward is not None else torch.nan"
    assert run_of_trl(ast.Assign, begins, names)["output_reward_func"] == [1.0, 0.0, "left out"]
    assert [one._rollout.record().status for one in environments] == ["closed", "closed", "failed"]


def test_an_environment_that_is_broken_has_no_reward(berth: Berth, environment: dict[str, Any]) -> None:
    berth.register({**environment, "name": "trl-broken", "setup": ["exit 9"]})
    [broken] = rollouts_of_trl([{"prompt": "", "berth_environment": "trl-broken"}])
    assert berth_reward([broken]) == [None]


@pytest.mark.not_installable("torch's wheel for x86 is 539 MB, and it needs more")
def test_the_trainer_itself_trains() -> None: ...


def test_the_example_of_the_page_is_played_and_names_what_the_trainer_takes(berth: Berth, environment: dict[str, Any]) -> None:
    berth.register({**environment, "name": "answer"})
    made: dict[str, Any] = {}
    first, second = blocks("trl", "python")
    exec(compile(first, "trl.md", "exec"), made)
    environments = rollouts_of_trl(made["rows"], made["Tools"])
    assert environments[0].shell("echo 42 >answer; echo needle >hay") != ""
    assert "needle" in environments[0].grep("nee.le", ".")
    assert made["berth_reward"](environments) == [1.0]
    [init] = [
        node.args
        for trainer in ast.walk(ast.parse(SOURCE))
        if isinstance(trainer, ast.ClassDef) and trainer.name == "GRPOTrainer"
        for node in trainer.body
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    ]
    taken = {argument.arg for argument in [*init.args, *init.kwonlyargs]}
    [call] = [
        node for node in ast.walk(ast.parse(second)) if isinstance(node, ast.Call) and ast.unparse(node.func) == "GRPOTrainer"
    ]
    assert {str(keyword.arg) for keyword in call.keywords} <= taken
