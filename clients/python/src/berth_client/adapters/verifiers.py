"""verifiers (v1): tasks that are played in Berth's sandboxes by any harness that speaks MCP, and rewarded by Berth's verdict.

A taskset of yours yields ``BerthTask``s; its module exports it and ``BerthEnv`` in ``__all__``. Every attempt has a rollout
of its own, whose tools the harness finds as ``berth_shell`` and so on. An attempt that says nothing about the policy has an
error on its trace and no reward: read it with ``reward_of``.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

import verifiers.v1 as vf
from pydantic import SerializeAsAny

from ..aio import AsyncBerth, AsyncRollout
from ..errors import InfraError


class BerthTools(vf.Toolset[vf.ToolsetConfig, vf.State]):
    """A rollout's tools over MCP, served by Berth."""

    TOOL_PREFIX = "berth"


class BerthTaskConfig(vf.TaskConfig):
    """``url``: the controller's, BERTH_URL unless given; the key is BERTH_API_KEY. ``tools`` is set for each attempt."""

    url: str | None = None
    tools: vf.ToolsetConfig = vf.ToolsetConfig()


class BerthTasksetConfig(vf.TasksetConfig):
    """The configuration of a taskset of ``BerthTask``s."""

    task: SerializeAsAny[BerthTaskConfig] = BerthTaskConfig()


class BerthData(vf.TaskData):
    """What a rollout starts from: ``environment`` (a registered name, or one in full) or ``item`` (a row of a dataset).

    All of it is written to the trace: an environment with hidden tests belongs on the controller, under its name.
    """

    environment: str | dict[str, Any] | None = None
    item: dict[str, Any] | None = None


class BerthTask(vf.Task[BerthData, vf.State, BerthTaskConfig]):
    _berth: AsyncBerth | None = None
    _rollouts: AsyncExitStack
    _rollout: AsyncRollout | None = None

    @asynccontextmanager
    async def played(self) -> AsyncIterator[Self]:
        """A copy for one agent, whose rollouts are gone at the end, whatever happened. ``BerthEnv`` does this for you."""
        mine = copy.copy(self)
        async with AsyncBerth(self.config.url) as mine._berth, AsyncExitStack() as mine._rollouts:
            yield mine

    async def setup(self, trace: vf.Trace[Any, Any, Any], runtime: vf.Runtime) -> None:
        if self._berth is None:
            raise RuntimeError("The task has no controller: in an environment of your own, run `async with task.played()`.")
        self._rollout = None
        start: dict[str, Any] = {"environment": self.data.environment, "item": self.data.item}
        rollout = self._berth.rollout(**start, group=self.hash, labels={"verifiers_trace": trace.id})
        await self._rollouts.enter_async_context(rollout)
        try:
            tools = vf.ToolsetConfig(url=await rollout.mcp_url())
        except InfraError as thrown:
            raise vf.SandboxError(str(thrown)) from thrown
        self.config = self.config.model_copy(update={"tools": tools})
        self._rollout = rollout

    @classmethod
    def toolsets(cls, config: BerthTaskConfig) -> list[vf.Toolset[Any, Any]]:
        return [BerthTools(config.tools)]

    @vf.reward
    async def berth(self, trace: vf.Trace[Any, Any, Any]) -> float:
        """Berth's verdict; the answer is the last reply, and each grader's part is a metric of its name."""
        if self._rollout is None or trace.stop_condition == "setup_timeout":
            raise vf.SandboxError("There was no attempt to grade: its setup did not end.")
        try:
            verdict = await self._rollout.grade(trace.last_reply or None)
            reward = verdict.reward_or_raise()
        except InfraError as thrown:
            raise vf.SandboxError(str(thrown)) from thrown
        trace.record_metrics({part.name: part.reward for part in verdict.parts})
        return reward


class BerthEnv(vf.Env[vf.SingleAgentEnvConfig]):
    """One agent plays one task. Attempts that verifiers repeats (``agent.retries``) begin a new rollout each."""

    async def run(self, task: vf.Task[Any, Any, Any], agents: vf.Agents) -> None:
        if not isinstance(task, BerthTask):
            raise TypeError(f"{type(task).__name__} is no BerthTask.")
        async with task.played() as played:
            await agents.agent.run(played)

    async def finalize(self, task: vf.Task[Any, Any, Any], episode: vf.Episode[Any, Any, Any]) -> None:
        # A deadline of verifiers' own that ends the scoring leaves a trace that is ok and sums up to 0.
        for trace in episode.traces:
            if trace.ok and reward_of(trace) is None:
                trace.record_error(vf.SandboxError("The attempt was not graded in time."))
                trace.ok = False


def reward_of(trace: vf.Trace[Any, Any, Any]) -> float | None:
    """What the attempt earned, None if it says nothing about the policy: ``trace.reward`` is 0 for those."""
    unscored = not trace.ok or not trace.rewards or None in trace.rewards.values()
    return None if unscored else trace.reward
