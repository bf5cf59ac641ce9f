"""Failures, by who brought them about, so that a trainer can tell a lesson from an accident."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar


class BerthError(Exception):
    """A failure that Berth reports.

    ``code`` is one of Berth's error table, ``remedy`` one sentence that says what to do, ``retryable`` whether the same
    request may succeed later. ``status`` is the HTTP status, None where no reply came.
    """

    cause: ClassVar[str] = "infra"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        remedy: str = "",
        retryable: bool = False,
        status: int | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}" + (f" {remedy}" if remedy else ""))
        self.code = code
        self.message = message
        self.remedy = remedy
        self.retryable = retryable
        self.status = status
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[Any, ...]:
        # Trainers send errors from worker to driver by pickle, which would call the class with the one text of `args`.
        again = partial(
            type(self),
            remedy=self.remedy,
            retryable=self.retryable,
            status=self.status,
            request_id=self.request_id,
            retry_after_s=self.retry_after_s,
        )
        return again, (self.code, self.message)


class PolicyError(BerthError):
    """What the model did: show it to the model, or let it end the episode. It is a part of what is learnt."""

    cause = "policy"


class TaskError(BerthError):
    """The environment is broken: leave the item out and mend it."""

    cause = "task"


class InfraError(BerthError):
    """Berth, or what it stands on: the rollout says nothing about the policy, and is never a reward of 0."""

    cause = "infra"


class GraderError(BerthError):
    """The grader failed: the rollout is unscored."""

    cause = "grader"


class CallerError(BerthError):
    """A request that was refused before it touched any rollout."""

    cause = "caller"


_BY_CAUSE: Mapping[str, type[BerthError]] = {
    error.cause: error for error in (PolicyError, TaskError, InfraError, GraderError, CallerError)
}


def error_of(
    report: Mapping[str, Any],
    *,
    status: int | None = None,
    request_id: str | None = None,
    retry_after_s: float | None = None,
) -> BerthError:
    """The error that a report tells of; one of an unknown cause counts as infra, the side on which nothing is learnt."""
    kind = _BY_CAUSE.get(str(report.get("cause")), InfraError)
    return kind(
        str(report.get("code", "internal")),
        str(report.get("message", "")),
        remedy=str(report.get("remedy", "")),
        retryable=report.get("retryable") is True,
        status=status,
        request_id=request_id,
        retry_after_s=retry_after_s,
    )
