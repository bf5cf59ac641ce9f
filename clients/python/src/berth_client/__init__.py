"""Rollouts of coding agents in Berth's sandboxes."""

from .aio import AsyncBerth, AsyncRollout
from .blocking import Berth, Rollout
from .deadlines import Deadlines
from .errors import BerthError, CallerError, GraderError, InfraError, PolicyError, TaskError
from .results import Part, RolloutRecord, Stream, ToolResult, Verdict

__all__ = [
    "AsyncBerth",
    "AsyncRollout",
    "Berth",
    "BerthError",
    "CallerError",
    "Deadlines",
    "GraderError",
    "InfraError",
    "Part",
    "PolicyError",
    "Rollout",
    "RolloutRecord",
    "Stream",
    "TaskError",
    "ToolResult",
    "Verdict",
]
