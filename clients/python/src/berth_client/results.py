"""What Berth answers, as immutable values. ``raw`` holds the whole reply for what has no field here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import BerthError, InfraError, error_of

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Stream:
    """One output stream of a command. Between ``head`` and ``tail`` bytes are missing when ``truncated``."""

    head: str
    tail: str
    total_bytes: int
    truncated: bool

    @property
    def text(self) -> str:
        """All of it, or head and tail around a line that says how many bytes are missing."""
        if not self.truncated:
            return self.head + self.tail
        missing = self.total_bytes - len(self.head.encode()) - len(self.tail.encode())
        return f"{self.head}\n[{missing} bytes left out]\n{self.tail}"


@dataclass(frozen=True)
class ToolResult:
    """One use of a tool. ``output`` is what the model reads, below 1 MB.

    ``error`` is set when the call failed for a reason that the model caused. ``exit_code`` is None unless a command
    ended by itself; ``outcome`` says how it ended: exited, signaled, timed_out, oom_killed, cancelled or lost.
    """

    call_id: str
    tool: str
    output: str
    error: BerthError | None
    outcome: str | None
    exit_code: int | None
    stdout: Stream | None
    stderr: Stream | None
    data: Json
    truncated: bool
    duration_ms: float
    replayed: bool
    raw: Json = field(repr=False)

    @property
    def ok(self) -> bool:
        """No error, and a command, if it was one, exited with 0."""
        return self.error is None and self.outcome in (None, "exited") and self.exit_code in (None, 0)


@dataclass(frozen=True)
class Part:
    """What one grader measured."""

    name: str
    type: str
    reward: float
    summary: str
    evidence: Json


@dataclass(frozen=True)
class Verdict:
    """What a rollout earned. ``reward`` is None when it is unscored, and ``reason`` says why: that is no zero."""

    reward: float | None
    parts: tuple[Part, ...]
    flags: tuple[str, ...]
    decision: str | None
    reason: BerthError | None
    duration_ms: float
    raw: Json = field(repr=False)

    @property
    def scored(self) -> bool:
        return self.reward is not None

    def reward_or_raise(self) -> float:
        """The reward, or the error that left the rollout unscored."""
        if self.reward is not None:
            return self.reward
        raise self.reason or InfraError("internal", "The rollout is unscored without a reason.")


@dataclass(frozen=True)
class RolloutRecord:
    """The state of a rollout; ``status`` is queued, preparing, active, grading, closed, failed or expired."""

    rollout_id: str
    status: str
    environment: str
    group: str | None
    labels: Mapping[str, str]
    tool_calls: int
    error: BerthError | None
    verdict: Verdict | None
    raw: Json = field(repr=False)

    @property
    def ended(self) -> bool:
        return self.status in ("closed", "failed", "expired")


def _stream(value: Any) -> Stream | None:
    if value is None:
        return None
    return Stream(value["head"], value["tail"], value["total_bytes"], value["truncated"])


def tool_result(raw: Json) -> ToolResult:
    outcome: Json = raw.get("outcome") or {}
    error = raw.get("error")
    return ToolResult(
        call_id=raw["call_id"],
        tool=raw["tool"],
        output=raw["output"],
        error=None if error is None else error_of(error),
        outcome=outcome.get("type"),
        exit_code=outcome.get("code"),
        stdout=_stream(raw.get("stdout")),
        stderr=_stream(raw.get("stderr")),
        data=raw.get("data") or {},
        truncated=raw.get("truncated", False),
        duration_ms=raw["duration_ms"],
        replayed=raw["replayed"],
        raw=raw,
    )


def verdict(raw: Json) -> Verdict:
    scored = raw["status"] == "scored"
    parts = tuple(Part(p["name"], p["type"], p["reward"], p["summary"], p["evidence"]) for p in raw.get("parts", ()))
    return Verdict(
        reward=float(raw["reward"]) if scored else None,
        parts=parts,
        flags=tuple(raw.get("flags", ())),
        decision=raw.get("decision"),
        reason=None if scored else error_of(raw["reason"]),
        duration_ms=raw["duration_ms"],
        raw=raw,
    )


def rollout_record(raw: Json) -> RolloutRecord:
    error, judged = raw.get("error"), raw.get("verdict")
    return RolloutRecord(
        rollout_id=raw["rollout_id"],
        status=raw["status"],
        environment=raw["environment"],
        group=raw.get("group"),
        labels=raw.get("labels") or {},
        tool_calls=raw["tool_calls"],
        error=None if error is None else error_of(error),
        verdict=None if judged is None else verdict(judged),
        raw=raw,
    )
