"""What NeMo Gym's agents do with a resources server, on a running controller. The package itself is not on PyPI."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

CLIENT = "nemo-gym"
PAGE = Path(__file__).resolve().parents[4] / "docs/trainers/nemo-gym.md"
RESPONSE = {"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "done"}]}]}


class Agent:
    """Sends with each request the cookies of the last reply and no others, as NeMo Gym's agents do."""

    def __init__(self, environment: str) -> None:
        key = os.environ["BERTH_API_KEY"]
        self._http = httpx.Client(
            base_url=os.environ["BERTH_URL"] + "/v1/nemo-gym/", headers={"Authorization": f"Bearer {key}"}, timeout=120
        )
        self.row = {"responses_create_params": {"input": "Write 42."}, "environment": environment, "id": 7}

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        reply = self._http.post(path, json=body)
        kept = dict(reply.cookies)
        self._http.cookies.clear()
        self._http.cookies.update(kept)
        return reply

    def seed(self) -> dict[str, Any]:
        seeded: dict[str, Any] = self.post("seed_session", self.row).raise_for_status().json()
        return seeded

    def verify(self) -> dict[str, Any]:
        sample: dict[str, Any] = self.post("verify", {**self.row, "response": RESPONSE}).raise_for_status().json()
        return sample

    def close(self) -> None:
        self._http.close()


def register(environment: dict[str, Any]) -> str:
    headers = {"Authorization": f"Bearer {os.environ['BERTH_API_KEY']}"}
    sent = httpx.post(os.environ["BERTH_URL"] + "/v1/environments", json={"environment": environment}, headers=headers)
    sent.raise_for_status()
    return str(environment["name"])


@pytest.fixture
def agent(environment: dict[str, Any]) -> Iterator[Agent]:
    made = Agent(register({**environment, "name": "nemo-gym-answer"}))
    yield made
    made.close()


@pytest.mark.parametrize(("answer", "reward"), [("42", 1.0), ("41", 0.0)])
def test_a_session_goes_from_the_seed_to_the_reward(agent: Agent, answer: str, reward: float) -> None:
    rollout = agent.seed()["rollout_id"]
    assert agent.post("write_file", {"path": "answer", "content": answer}).json()["done"] is False
    assert answer in agent.post("shell", {"command": "cat answer"}).json()["output"]
    sample = agent.verify()
    given = {**agent.row, "response": RESPONSE}
    assert {name: sample[name] for name in given} == given
    assert (sample["reward"], sample["mask_sample"], sample["rollout_id"]) == (reward, False, rollout)
    assert agent.verify() == sample


def test_two_sessions_have_a_sandbox_each(agent: Agent) -> None:
    other = Agent(str(agent.row["environment"]))
    for one, answer in ((agent, "42"), (other, "41")):
        one.seed()
        one.post("write_file", {"path": "answer", "content": answer})
    assert (agent.verify()["reward"], other.verify()["reward"]) == (1.0, 0.0)
    other.close()


def test_the_cookie_is_on_every_reply_those_to_mistakes_too(agent: Agent) -> None:
    agent.seed()
    for tool, body in (("teleport", {}), ("shell", {"comand": "ls"}), ("read_file", {"path": "nowhere"})):
        reply = agent.post(tool, body)
        assert "berth_session" in reply.cookies
        assert (reply.status_code, reply.json()["done"]) == (200, False)
        assert reply.json()["output"].startswith("Error: ")
    agent.post("write_file", {"path": "answer", "content": "42"})
    assert agent.verify()["reward"] == 1.0


def test_what_cannot_be_scored_is_masked_and_says_why(environment: dict[str, Any]) -> None:
    broken = [{"type": "command", "command": "exit 3"}]
    agent = Agent(register({**environment, "name": "nemo-gym-unscored", "graders": broken}))
    agent.seed()
    sample = agent.verify()
    assert sample["mask_sample"] is True
    assert sample["failure_kind"] == "berth:invalid_environment"
    assert sample["failure_reason"]
    agent.close()


def test_a_broken_environment_begins_no_session(environment: dict[str, Any]) -> None:
    agent = Agent(register({**environment, "name": "nemo-gym-broken", "setup": ["exit 7"]}))
    refused = agent.post("seed_session", agent.row)
    assert (refused.is_error, refused.json()["error"]["code"]) == (True, "setup_failed")
    assert "berth_session" not in refused.cookies
    agent.close()


def test_agents_that_speak_mcp_find_the_same_tools(agent: Agent) -> None:
    mcp = agent.seed()["mcp"]
    headers = {**mcp["headers"], "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    reply = httpx.post(os.environ["BERTH_URL"] + mcp["url_path"], json=asked, headers=headers, timeout=60)
    assert reply.status_code == 200
    assert '"shell"' in reply.text


def test_the_page_s_example_runs_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    [example] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    exec(compile(example, str(PAGE), "exec"), {})
    assert "reward 1" in capsys.readouterr().out


@pytest.mark.xfail(run=False, reason="not installable: nemo-gym is not on PyPI")
def test_nemo_gym_s_own_agent_plays_a_rollout() -> None:
    raise NotImplementedError
