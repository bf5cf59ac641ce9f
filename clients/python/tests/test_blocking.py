"""The blocking client on a running controller."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from berth_client import Berth, CallerError, InfraError, PolicyError, TaskError
from berth_client.deadlines import Deadlines


def test_a_rollout_is_begun_by_its_first_use_called_graded_and_gone(
    berth: Berth, environment: dict[str, Any], group: str
) -> None:
    with berth.rollout(environment, group=group) as rollout:
        assert list(berth.rollouts(group=group)) == []
        said = rollout.call("shell", command="echo 42 >answer; echo done; exit 3")
        assert (said.outcome, said.exit_code, said.ok) == ("exited", 3, False)
        assert said.stdout is not None
        assert said.stdout.text == "done\n"
        verdict = rollout.grade()
        assert verdict.reward_or_raise() == 1.0
        assert rollout.grade().raw == verdict.raw
    record = rollout.record()
    assert (record.status, record.tool_calls, record.group) == ("closed", 1, group)
    assert record.verdict is not None
    assert record.verdict.reward == 1.0
    assert [one.rollout_id for one in berth.rollouts(group=group)] == [rollout.id]
    assert len(list(berth.export(group=group))) == 1


def test_work_that_is_wrong_earns_nothing(berth: Berth, environment: dict[str, Any]) -> None:
    with berth.rollout(environment) as rollout:
        assert rollout.grade().reward == 0.0


def test_a_call_that_is_repeated_under_its_id_runs_once(berth: Berth, environment: dict[str, Any]) -> None:
    with berth.rollout(environment) as rollout:
        first = rollout.call("shell", call_id="once", command="echo x >>lines; wc -l <lines")
        again = rollout.call("shell", call_id="once", command="echo x >>lines; wc -l <lines")
        assert (first.replayed, again.replayed) == (False, True)
        assert first.output == again.output


def test_calls_in_parallel_come_back_in_their_order(berth: Berth, environment: dict[str, Any]) -> None:
    with berth.rollout(environment) as rollout:
        rollout.call_all([("write_file", {"path": f"f{n}", "content": str(n)}) for n in range(8)])
        read = rollout.call_all([("read_file", {"path": f"f{n}"}) for n in range(8)])
        assert [str(n) in one.output for n, one in enumerate(read)] == [True] * 8


def test_the_model_s_mistakes_are_told_apart_from_failures_of_ours(berth: Berth, environment: dict[str, Any]) -> None:
    with berth.rollout(environment) as rollout:
        missing = rollout.call("read_file", path="nowhere")
        assert isinstance(missing.error, PolicyError)
        assert missing.error.code == "file_not_found"
        with pytest.raises(PolicyError, match="invalid_arguments"):
            rollout.call("read_file", wrong=1)
        with pytest.raises(PolicyError, match="unknown_tool"):
            rollout.call("no such tool")


def test_an_environment_that_is_broken_is_the_task_s_failure(berth: Berth, environment: dict[str, Any]) -> None:
    with berth.rollout({**environment, "setup": ["exit 9"]}) as rollout, pytest.raises(TaskError, match="setup_failed"):
        rollout.call("shell", command="true")


def test_a_rollout_that_was_refused_closes_without_another_failure(berth: Berth) -> None:
    with pytest.raises(CallerError, match="unknown_environment"), berth.rollout("nowhere") as rollout:
        rollout.call("shell", command="true")


def test_an_environment_is_kept_under_its_name(berth: Berth, environment: dict[str, Any]) -> None:
    berth.register({**environment, "name": "python-kept"})
    assert "python-kept" in [one["name"] for one in berth.environments()]
    with berth.rollout("python-kept") as rollout:
        assert rollout.call("shell", command="echo 1").ok
    assert any(tool["function"]["name"] == "shell" for tool in berth.tools()["tools"])


def test_the_address_of_the_tools_opens_them_and_nothing_else(berth: Berth, environment: dict[str, Any]) -> None:
    with berth.rollout(environment) as rollout:
        address = rollout.mcp_url()
        accepts = {"accept": "application/json, text/event-stream"}
        listed = httpx.post(address, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=accepts)
        assert listed.status_code == 200
        assert '"shell"' in listed.text
        key = httpx.URL(address).params["key"]
        other = httpx.post(f"{berth.url}/v1/rollouts/{rollout.id}/grade", headers={"authorization": f"Bearer {key}"}, json={})
        assert other.status_code in (401, 403)


def test_the_trajectory_tells_every_call(berth: Berth, environment: dict[str, Any]) -> None:
    with berth.rollout(environment) as rollout:
        rollout.call("shell", call_id="a", command="true")
        rollout.call("list_dir", call_id="b", path=".")
        assert [record["call_id"] for record in rollout.trajectory()["records"]] == ["a", "b"]


def test_a_controller_that_is_not_there_is_an_infrastructure_failure(environment: dict[str, Any]) -> None:
    with Berth("http://127.0.0.1:1", deadlines=Deadlines(ask_s=0.5)) as nobody, pytest.raises(InfraError, match="unreachable"):
        nobody.rollout(environment).call("shell", command="true")


class Lossy(httpx.BaseTransport):
    """Loses the first reply to each path after the controller has sent it."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self._lost: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        if request.url.path in self._lost:
            return response
        self._lost.add(request.url.path)
        response.read()
        raise httpx.ReadError("the reply was lost", request=request)


def test_when_every_reply_is_lost_once_nothing_runs_twice(environment: dict[str, Any]) -> None:
    with Berth(transport=Lossy()) as lossy, lossy.rollout(environment) as rollout:
        said = rollout.call("shell", command="echo x >>lines; wc -l <lines; echo 42 >answer")
        assert said.replayed
        assert said.stdout is not None
        assert said.stdout.text.strip() == "1"
        assert rollout.grade().reward == 1.0
