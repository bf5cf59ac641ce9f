"""SkyRL's environments: each episode of ``BerthEnv`` is a rollout, and its verdict is the reward of the last step.

``skyrl_gym.register(id="berth", entry_point="berth_client.adapters.skyrl:BerthEnv")``
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf
from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput

from ..blocking import Berth
from ..errors import BerthError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOG = logging.getLogger(__name__)
_MOST_TURNS = 50
_TEXT_ARGUMENT = {"shell": "command", "apply_patch": "patch", "run_cell": "code"}
_CALL = re.compile(r"<(\w+)>(.*)</\1>", re.DOTALL)
_HOW = "Use a tool with <tool><shell>ls</shell></tool>, or end with <solution>your answer</solution>."


@cache
def _controller(url: str | None, key: str | None) -> Berth:
    """One for all episodes of a process: making a client costs more than a call of it."""
    return Berth(url, key)


class BerthEnv(BaseTextEnv):  # type: ignore[misc]
    """An episode in a sandbox of its own.

    ``extras``, the row of the dataset, has ``environment`` (a registered name, or one in full) or ``item``, and may have
    ``group`` and ``max_turns`` (50). ``env_config`` has what the rows leave out, and ``url`` and ``key``, which default to
    BERTH_URL and BERTH_API_KEY.

    ``init`` and ``step`` raise the BerthError of whatever leaves the rollout unscored, and have removed the sandbox then.
    """

    def __init__(self, env_config: Any = None, extras: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        config = OmegaConf.to_container(env_config, resolve=True) if isinstance(env_config, DictConfig) else env_config or {}
        # A dataset fills the columns that a row lacks with None.
        row = {name: value for name, value in (extras or {}).items() if value is not None}
        given = {**config, **row}
        start = row if "environment" in row or "item" in row else given
        self.max_turns = int(given.get("max_turns", _MOST_TURNS))
        self._calls = 0
        self._mistakes = 0
        self._rollout = _controller(given.get("url"), given.get("key")).rollout(
            start.get("environment"), item=start.get("item"), group=given.get("group")
        )

    def init(self, prompt: list[dict[str, str]]) -> tuple[list[dict[str, str]], dict[str, Any]]:
        """The prompt as it is. The sandbox is asked for, so that it starts while the model thinks."""
        with self._closed_on_failure():
            self._rollout.begin()
        return prompt, {"rollout_id": self._rollout.id}

    def step(self, action: str) -> BaseTextEnvStepOutput:
        """Runs the ``<tool>`` blocks of a message in their order; grades after a ``<solution>`` and after the last turn."""
        self.turns += 1
        with self._closed_on_failure():
            told = [self._use(block) for block in _between(action, "tool")]
            answers = _between(action, "solution")
            if answers or self.turns >= self.max_turns:
                verdict = self._rollout.grade(answers[-1].strip() if answers else None)
                reward = verdict.reward_or_raise()
                metadata = {"rollout_id": self._rollout.id, "verdict": verdict.raw}
                return BaseTextEnvStepOutput(observations=[], reward=reward, done=True, metadata=metadata)
        said = "\n".join(told) if told else f"Error: the message has neither a tool nor a solution. {_HOW}"
        return BaseTextEnvStepOutput(
            observations=[{"role": "user", "content": said}],
            reward=0.0,
            done=False,
            metadata={"rollout_id": self._rollout.id},
        )

    def close(self) -> None:
        """Returns when the sandbox is gone. One that could not be removed is logged: Berth's own sweeper has it next."""
        try:
            self._rollout.close()
        except BerthError as thrown:
            _LOG.warning("rollout %s was not closed: %s", self._rollout.id, thrown)

    def get_metrics(self) -> dict[str, Any]:
        return {"turns": self.turns, "tool_calls": self._calls, "tool_mistakes": self._mistakes}

    def _use(self, block: str) -> str:
        self._calls += 1
        try:
            tool, arguments = _call_of(block)
            result = self._rollout.call_with(tool, arguments)
        except (PolicyError, _Unreadable) as thrown:
            self._mistakes += 1
            return f"Error: {thrown}"
        self._mistakes += result.error is not None
        return result.output

    @contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        # SkyRL's generator does not close an environment that raised.
        try:
            yield
        except BaseException:
            self.close()
            raise


class _Unreadable(ValueError):
    pass


def _between(text: str, tag: str) -> list[str]:
    """What stands in each pair of tags, in one pass: the text is the policy's."""
    opening, closing = f"<{tag}>", f"</{tag}>"
    found: list[str] = []
    at = 0
    while (start := text.find(opening, at)) >= 0 and (end := text.find(closing, start)) >= 0:
        found.append(text[start + len(opening) : end])
        at = end + len(closing)
    return found


def _call_of(block: str) -> tuple[str, Mapping[str, Any]]:
    """``<name>input</name>``: the input is a JSON object of arguments or, for a tool of one text, the text. :raises:"""
    match = _CALL.fullmatch(block.strip())
    if match is None:
        raise _Unreadable(f"there is no tool in the block. {_HOW}")
    tool, text = match[1], match[2].strip()
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if isinstance(given, dict):
        return tool, given
    if tool not in _TEXT_ARGUMENT:
        raise _Unreadable(f"the input of {tool} is no JSON object of its arguments.")
    return tool, {_TEXT_ARGUMENT[tool]: text}
