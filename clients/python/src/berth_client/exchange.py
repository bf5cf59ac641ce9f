"""How a request is sent until it is answered, without any I/O: the blocking and the asyncio client both drive it.

Every request of Berth's may be sent again: a rollout, a call and a grading are keyed by ids that the caller chose, and a
repetition is told what the first one did. So a reply that got lost is asked for again, within a deadline.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import BerthError, InfraError, error_of

MAX_REPLY_BYTES = 64 * 2**20
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 15.0


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Cut:
    """No whole reply came: refused, cut, or too slow."""

    error: Exception


@dataclass(frozen=True)
class Send:
    request: Request
    timeout_s: float


@dataclass(frozen=True)
class Pause:
    seconds: float


Exchange = Generator["Send | Pause", "Reply | Cut | None", Any]


def exchange(
    request: Request,
    deadline_s: float,
    *,
    now: Callable[[], float] = time.monotonic,
    jitter: Callable[[], float] = random.random,
) -> Exchange:
    """Yields what to do next and takes what came of it; returns the reply's JSON.

    Sent again, with pauses that double up to 15 s or as long as Retry-After says: what got no whole reply, and what Berth
    calls retryable. :raises BerthError: the last failure, once the next try would begin after the deadline.
    """
    end = now() + deadline_s
    pause = FIRST_PAUSE_S
    while True:
        answer = yield Send(request, max(end - now(), 0.001))
        if isinstance(answer, Reply):
            if answer.status < 400:
                return _json(answer)
            failure = _failure(answer)
        else:
            reason = answer.error if isinstance(answer, Cut) else "nothing came"
            failure = InfraError(
                "unreachable",
                f"{request.method} {request.path} got no whole reply: {reason}",
                remedy="Check the address and that the controller runs: GET /readyz.",
                retryable=True,
            )
        if not failure.retryable:
            raise failure
        wait = failure.retry_after_s if failure.retry_after_s is not None else pause * (0.5 + jitter() / 2)
        if now() + wait >= end:
            raise failure
        yield Pause(wait)
        pause = min(pause * 2, LONGEST_PAUSE_S)


def _json(reply: Reply) -> Any:
    try:
        return json.loads(reply.body)
    except ValueError as thrown:
        raise InfraError("bad_reply", "The reply is not JSON.", status=reply.status) from thrown


def _failure(reply: Reply) -> BerthError:
    after = reply.headers.get("retry-after", "")
    wait = float(after) if after.isdecimal() else None
    try:
        told = json.loads(reply.body)
        return error_of(told["error"], status=reply.status, request_id=told.get("request_id"), retry_after_s=wait)
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not Berth's own words: something between here and there answered.
        return InfraError(
            "bad_reply",
            f"HTTP {reply.status}: {reply.body[:200].decode(errors='replace')}",
            remedy="Check that the address is Berth's, and what stands before it.",
            retryable=reply.status in (429, 502, 503, 504),
            status=reply.status,
            retry_after_s=wait,
        )
