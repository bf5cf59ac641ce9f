"""verl's tools: each ``BerthTool`` is one of Berth's, and those of one trajectory share a rollout; ``compute_score`` grades it.

verl makes and releases an instance for each call, and tells nobody when a trajectory ends. So the rollout's id travels in the
agent loop's ``extra_fields`` to the reward function, which grades and closes it; one that never gets there ends by its budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verl.tools.base_tool import BaseTool
from verl.tools.schemas import OpenAIFunctionToolSchema, ToolResponse

from ..aio import AsyncBerth, AsyncRollout
from ..deadlines import Deadlines
from ..errors import CallerError, InfraError, PolicyError
from ..requests import new_id

ROLLOUT_ID = "berth_rollout_id"
FAILURE = "berth_failure"
MOST_ANSWER = 1_000_000
"""Characters of the response that a grader may read: its end."""


class BerthTool(BaseTool):  # type: ignore[misc]
    """The tool that the schema names, for one event loop. ``config`` may have ``url`` and ``key``, else BERTH_URL and
    BERTH_API_KEY, and ``deadline_s``, within which a call is answered or given up (1,200).

    A row's ``extra_info.tools_kwargs`` names the environment in the ``create_kwargs`` of at least one tool:
    ``{"shell": {"create_kwargs": {"environment": "click-2697"}}}``, or ``item`` in its place, and ``group`` beside it.
    """

    def __init__(self, config: dict[str, Any], tool_schema: OpenAIFunctionToolSchema) -> None:
        super().__init__(config, tool_schema)
        self._client: AsyncBerth | None = None
        self._instances: dict[str, AsyncRollout | None] = {}

    async def create(
        self, instance_id: str | None = None, create_kwargs: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, ToolResponse]:
        """Sends nothing. Without ``agent_data`` in what follows, the instance has a rollout to itself until its release."""
        instance_id, response = await super().create(instance_id, **kwargs)
        start = _named(create_kwargs)
        self._instances[instance_id] = self._berth().rollout(**start) if start else None
        return instance_id, response

    async def execute(
        self, instance_id: str, parameters: dict[str, Any], agent_data: Any = None, **kwargs: Any
    ) -> tuple[ToolResponse, float, dict[str, Any]]:
        """Uses the tool; the reward of a step is 0, for a trajectory is rewarded as a whole.

        What the model did wrong is in the text. :raises BerthError: what leaves the trajectory unscored; verl shows it to the
        model and goes on, so it is kept in ``agent_data.extra_fields`` for ``compute_score`` to raise again
        """
        try:
            if not isinstance(parameters, dict):
                raise PolicyError("invalid_arguments", "The arguments are no JSON object.")
            result = await self._rollout(instance_id, agent_data).call_with(self.name, parameters)
        except PolicyError as thrown:
            return ToolResponse(text=f"Error: {thrown}"), 0.0, {"error": thrown.code}
        except Exception as thrown:
            if agent_data is not None:
                agent_data.extra_fields.setdefault(FAILURE, str(thrown))
            raise
        return ToolResponse(text=result.output), 0.0, {"duration_ms": result.duration_ms}

    async def calc_reward(self, instance_id: str, agent_data: Any = None, **kwargs: Any) -> float:
        """The verdict. :raises BerthError: the rollout is unscored"""
        return (await self._rollout(instance_id, agent_data).grade()).reward_or_raise()

    async def release(self, instance_id: str, **kwargs: Any) -> None:
        """Ends the rollout that the instance has to itself; the trajectory's goes on."""
        rollout = self._instances.pop(instance_id, None)
        if rollout is not None:
            await rollout.close()

    async def close(self) -> None:
        """Closes the connections; verl leaves that to the end of the process."""
        if self._client is not None:
            await self._client.close()

    def _berth(self) -> AsyncBerth:
        if self._client is None:
            longest = float(self.config.get("deadline_s", Deadlines.call_s))
            deadlines = Deadlines(ask_s=min(longest, Deadlines.ask_s), call_s=longest)
            self._client = AsyncBerth(self.config.get("url"), self.config.get("key"), deadlines=deadlines)
        return self._client

    def _rollout(self, instance_id: str, agent_data: Any) -> AsyncRollout:
        if agent_data is None:
            own = self._instances.get(instance_id)
            if own is None:
                raise CallerError("invalid_request", "The instance was created without an environment in create_kwargs.")
            return own
        # Another call of the trajectory may be here at the same time, so this names the id before anything is awaited.
        rollout_id = agent_data.extra_fields.setdefault(ROLLOUT_ID, new_id())
        return self._berth().rollout(**_start(agent_data.tools_kwargs), rollout_id=rollout_id)


async def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    *,
    url: str | None = None,
    key: str | None = None,
    **kwargs: Any,
) -> dict[str, float]:
    """verl's ``reward.custom_reward_function``: grades the trajectory's rollout and closes it.

    A trajectory that used no tool is graded as the environment stands. ``url`` and ``key`` come from ``reward_kwargs``.

    :raises BerthError: the trajectory is unscored; verl counts it as failed, and never as a score of 0
    """
    info = extra_info or {}
    async with AsyncBerth(url, key) as berth:
        rollout = berth.rollout(**_start(info.get("tools_kwargs") or {}), rollout_id=info.get(ROLLOUT_ID))
        async with rollout:
            # Joins the rollout, so that it is closed in any case.
            await rollout.begin()
            if failure := info.get(FAILURE):
                raise InfraError("rollout_failed", f"A tool call of the trajectory failed: {failure}")
            verdict = await rollout.grade(solution_str[-MOST_ANSWER:])
            return {"score": verdict.reward_or_raise()}


def _start(tools_kwargs: Mapping[str, Any]) -> dict[str, Any]:
    for given in tools_kwargs.values():
        if start := _named((given or {}).get("create_kwargs")):
            return start
    raise CallerError("invalid_request", "No tool of extra_info.tools_kwargs has environment or item in its create_kwargs.")


def _named(create_kwargs: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a rollout starts from, if it is there; a dataset fills what a row lacks with None."""
    start = {name: value for name, value in (create_kwargs or {}).items() if value is not None}
    return start if "environment" in start or "item" in start else None
