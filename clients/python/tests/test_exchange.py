"""How a request is repeated, on answers that are made up and time that is simulated."""

from __future__ import annotations

import json
from typing import Any

import pytest

from berth_client import CallerError, InfraError, PolicyError
from berth_client.exchange import Cut, Pause, Reply, Request, Send, exchange

Answer = Reply | Cut


def reply(status: int, body: Any, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, headers or {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def refusal(status: int, code: str, cause: str, retryable: bool, headers: dict[str, str] | None = None) -> Reply:
    error = {"code": code, "cause": cause, "message": "So it is.", "remedy": "Do this.", "retryable": retryable}
    return reply(status, {"error": error, "request_id": "r1"}, headers)


class Played:
    """Plays an exchange over the answers given; time passes only in pauses."""

    def __init__(self, *answers: Answer, deadline_s: float = 60) -> None:
        self.time = 0.0
        self.pauses: list[float] = []
        self.sent = 0
        self._answers = list(answers)
        self._deadline_s = deadline_s

    def result(self) -> Any:
        steps = exchange(Request("GET", "/x"), self._deadline_s, now=lambda: self.time, jitter=lambda: 1.0)
        step: Send | Pause = next(steps)
        try:
            while True:
                if isinstance(step, Send):
                    self.sent += 1
                    step = steps.send(self._answers.pop(0))
                else:
                    self.pauses.append(step.seconds)
                    self.time += step.seconds
                    step = steps.send(None)
        except StopIteration as done:
            return done.value


def test_a_request_that_was_cut_is_sent_again_with_pauses_that_double() -> None:
    played = Played(Cut(OSError("cut")), Cut(OSError("cut")), Cut(OSError("cut")), reply(200, {"a": 1}))
    assert played.result() == {"a": 1}
    assert played.pauses == [0.25, 0.5, 1.0]


def test_a_refusal_that_is_retryable_is_repeated_when_it_says() -> None:
    busy = refusal(429, "overloaded", "infra", True, {"retry-after": "7"})
    played = Played(busy, reply(200, {}))
    played.result()
    assert played.pauses == [7.0]


def test_a_refusal_that_is_not_retryable_is_raised_at_once_by_its_cause() -> None:
    for cause, kind in (("policy", PolicyError), ("caller", CallerError), ("infra", InfraError), ("new", InfraError)):
        played = Played(refusal(409, "some_code", cause, False))
        with pytest.raises(kind) as caught:
            played.result()
        assert (caught.value.code, caught.value.remedy, caught.value.request_id) == ("some_code", "Do this.", "r1")
        assert played.sent == 1


def test_no_try_begins_after_the_deadline_and_the_last_failure_is_told() -> None:
    busy = refusal(503, "shutting_down", "infra", True, {"retry-after": "10"})
    played = Played(busy, busy, busy, busy, deadline_s=25)
    with pytest.raises(InfraError, match="shutting_down"):
        played.result()
    assert (played.sent, played.time) == (3, 20.0)


def test_what_something_else_on_the_way_answers_is_an_infrastructure_failure() -> None:
    with pytest.raises(InfraError, match="bad_reply"):
        Played(reply(404, b"<html>not here</html>")).result()
    played = Played(reply(502, b"<html>"), reply(200, {}))
    played.result()
    assert played.sent == 2


def test_a_reply_that_is_not_json_is_an_infrastructure_failure() -> None:
    with pytest.raises(InfraError, match="not JSON"):
        Played(reply(200, b"OK")).result()
