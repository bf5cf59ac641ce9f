"""TRL's GRPOTrainer: ``GRPOTrainer(environment_factory=BerthEnvironment, reward_funcs=berth_reward, …)``.

A row of the dataset names what its rollout starts from: ``berth_environment`` (a registered name) or ``item`` (a dictionary).
TRL is not imported: it asks for a class with ``reset`` whose other public methods are the tools.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..blocking import Berth, Rollout
from ..errors import BerthError, InfraError, PolicyError, TaskError

_AT_ONCE = 32


class BerthTools:
    """An environment without tools: a subclass has a public method, with types and a docstring, for each that is offered.

    TRL uses an instance again and again; each ``reset`` begins a rollout, and removes the one before it.
    """

    def __init__(self) -> None:
        self._berth = Berth()
        self._rollout: Rollout | None = None
        self._failure: BerthError | None = None
        self._remove: weakref.finalize[..., Any] | None = None

    def reset(self, berth_environment: str | None = None, item: Mapping[str, Any] | None = None, **row: Any) -> None:
        if self._remove is not None:
            self._remove()
        self._failure = None
        rollout = self._berth.rollout(berth_environment, item=item)
        self._rollout = rollout
        # Also when the trainer drops the environment, or ends.
        self._remove = weakref.finalize(self, _remove, rollout)
        try:
            rollout.begin()
        except (InfraError, TaskError) as thrown:
            # One rollout that cannot begin is no reason to end the training: it stays without a reward.
            self._failure = thrown

    def _call(self, tool: str, **arguments: Any) -> str:
        """What the model reads. :raises BerthError: what is not its doing; the rollout then has no reward"""
        if self._failure is not None:
            raise self._failure
        assert self._rollout is not None, "reset begins the rollout"
        try:
            return self._rollout.call_with(tool, arguments).output
        except PolicyError as thrown:
            return f"Error: {thrown}"
        except BerthError as thrown:
            self._failure = thrown
            raise

    def _score(self) -> float | None:
        """The verdict, None where nothing is to be learnt. The sandbox is gone afterwards."""
        if self._rollout is None or self._remove is None:
            return None
        try:
            return None if self._failure is not None else self._rollout.grade().reward
        except BerthError as thrown:
            self._failure = thrown
            return None
        finally:
            self._remove()


class BerthEnvironment(BerthTools):
    """The tools that an environment of Berth's has unless it says otherwise."""

    def shell(self, command: str) -> str:
        """Runs a command in the workspace and waits for it.

        Args:
            command: The command, for sh.

        Returns:
            What it printed, and how it ended.
        """
        return self._call("shell", command=command)

    def read_file(self, path: str) -> str:
        """Reads a text file.

        Args:
            path: The file, relative to the workspace.

        Returns:
            Its lines.
        """
        return self._call("read_file", path=path)

    def write_file(self, path: str, content: str) -> str:
        """Writes a file, in place of what is there.

        Args:
            path: The file, relative to the workspace.
            content: All that shall be in it.

        Returns:
            What was written.
        """
        return self._call("write_file", path=path, content=content)

    def list_dir(self, path: str) -> str:
        """Lists a folder.

        Args:
            path: The folder, relative to the workspace.

        Returns:
            What is in it.
        """
        return self._call("list_dir", path=path)


def berth_reward(environments: Sequence[BerthTools], **columns: Any) -> list[float | None]:
    """Berth's verdicts. None, which TRL leaves out, for a rollout that says nothing about the policy: never 0."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda environment: environment._score(), environments))


def _remove(rollout: Rollout) -> None:
    # What cannot be removed now, Berth removes by itself when its idle time is over.
    with contextlib.suppress(BerthError):
        rollout.close()
