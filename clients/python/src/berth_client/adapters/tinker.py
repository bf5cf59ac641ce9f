"""Tinker's sandboxes: ``BerthSandbox`` is a SandboxInterface of tinker-cookbook, ``BerthReward`` a reward function for it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from tinker_cookbook.sandbox import SandboxResult, SandboxTerminatedError

from ..aio import AsyncBerth, AsyncRollout
from ..errors import BerthError, PolicyError
from ..machine import Completed, Machine

MOST_FILE_BYTES = 10 * 2**20
_OUTPUT_BYTES = 128 * 1024


class BerthSandbox:
    """One rollout. What leaves it unscored is raised as SandboxTerminatedError, and by ``reward`` again: the cookbook shows
    the model what a tool raises and goes on.

    A ``timeout`` is the command's, up to 600 s, and begins when the sandbox is there. Files travel in calls of 81,000 bytes,
    which count in the environment's budget.tool_calls. Every method but ``create`` may be called in parallel.
    """

    def __init__(self, berth: AsyncBerth, rollout: AsyncRollout) -> None:
        self.rollout = rollout
        self._berth = berth
        self._machine = Machine(rollout)
        self._failure: BerthError | None = None

    @classmethod
    async def create(
        cls,
        environment: str | Mapping[str, Any] | None = None,
        *,
        item: Mapping[str, Any] | None = None,
        group: str | None = None,
        url: str | None = None,
        key: str | None = None,
    ) -> BerthSandbox:
        """Asks for a sandbox without waiting for it. :raises SandboxTerminatedError:"""
        berth = AsyncBerth(url, key)
        rollout = berth.rollout(environment, item=item, group=group)
        try:
            await rollout.begin()
        except BaseException as thrown:
            try:
                await rollout.close()
            finally:
                await berth.close()
            if isinstance(thrown, BerthError):
                raise SandboxTerminatedError(str(thrown)) from thrown
            raise
        return cls(berth, rollout)

    @property
    def sandbox_id(self) -> str:
        return self.rollout.id

    async def send_heartbeat(self, timeout: int = 30) -> None:
        """Raises once the rollout has ended. Only calls keep a rollout alive: budget.idle_seconds is the environment's."""
        try:
            record = await self.rollout.record()
        except BerthError as thrown:
            raise SandboxTerminatedError(str(thrown)) from thrown
        if record.ended:
            raise SandboxTerminatedError(f"The rollout is {record.status}: {record.error or 'it was closed'}")

    async def run_command(
        self, command: str, workdir: str | None = None, timeout: int = 60, max_output_bytes: int | None = None
    ) -> SandboxResult:
        """Runs a command line with bash. One that takes too long has 124, one beyond the budget -1; ``metrics`` tells both."""
        limit = _OUTPUT_BYTES if max_output_bytes is None else max_output_bytes
        try:
            done = await self._machine.run(["bash", "-c", command], cwd=workdir, timeout_s=timeout, limit_bytes=limit)
        except BerthError as thrown:
            return self._refused(thrown)
        return _result(done, limit)

    async def read_file(self, path: str, max_bytes: int | None = None, timeout: int = 60) -> SandboxResult:
        """The file's text, with U+FFFD for what is no UTF-8; one beyond 10 MiB is refused unless ``max_bytes`` cuts it."""
        limit = MOST_FILE_BYTES if max_bytes is None else max_bytes
        command = f"head -c {limit + (max_bytes is None)} -- {shlex.quote(path)}"
        try:
            done = await self._machine.run(["sh", "-c", command], timeout_s=timeout, limit_bytes=limit + 1)
        except BerthError as thrown:
            return self._refused(thrown)
        if max_bytes is None and len(done.stdout.encode()) > limit:
            return SandboxResult(stdout="", stderr=f"{path} has more than {limit} bytes", exit_code=1)
        return _result(done, limit)

    async def write_file(self, path: str, content: str | bytes, executable: bool = False, timeout: int = 60) -> SandboxResult:
        """Writes a file, with the folders above it."""
        try:
            await self._machine.write(path, content.encode() if isinstance(content, str) else content)
            if executable:
                return _result(await self._machine.run(["chmod", "+x", "--", path], timeout_s=timeout), _OUTPUT_BYTES)
        except OSError as thrown:
            return SandboxResult(stdout="", stderr=str(thrown), exit_code=1)
        except BerthError as thrown:
            return self._refused(thrown)
        return SandboxResult(stdout="", stderr="", exit_code=0)

    async def reward(self, answer: str | None = None) -> float:
        """Berth's verdict; grading ends the rollout's turn. :raises SandboxTerminatedError: the rollout is unscored"""
        try:
            if self._failure is not None:
                raise self._failure
            return (await self.rollout.grade(answer)).reward_or_raise()
        except BerthError as thrown:
            raise SandboxTerminatedError(str(thrown)) from thrown

    async def cleanup(self) -> None:
        """Returns when the sandbox is gone. Once is enough, twice is fine."""
        try:
            await self.rollout.close()
        except BerthError as thrown:
            raise SandboxTerminatedError(str(thrown)) from thrown
        finally:
            await self._berth.close()

    def _refused(self, thrown: BerthError) -> SandboxResult:
        if isinstance(thrown, PolicyError):
            return SandboxResult(stdout="", stderr=str(thrown), exit_code=-1, metrics={"error": thrown.code})
        self._failure = self._failure or thrown
        raise SandboxTerminatedError(str(thrown)) from thrown


class BerthReward:
    """The reward function of one environment: ``build_agent_tool_env(…, reward_fn=BerthReward(sandbox))``.

    It raises where the rollout is unscored, and the cookbook's rollout strategy decides what becomes of the group.
    """

    def __init__(self, sandbox: BerthSandbox) -> None:
        self._sandbox = sandbox

    async def __call__(self, history: Sequence[Mapping[str, Any]]) -> tuple[float, dict[str, float]]:
        last = history[-1]["content"] if history else None
        reward = await self._sandbox.reward(last if isinstance(last, str) else None)
        return reward, {"reward": reward}


def _result(done: Completed, limit_bytes: int) -> SandboxResult:
    cut = done.stdout_cut or done.stderr_cut or max(len(done.stdout.encode()), len(done.stderr.encode())) > limit_bytes
    return SandboxResult(
        stdout=_within(done.stdout, limit_bytes),
        stderr=_within(done.stderr, limit_bytes),
        exit_code=124 if done.outcome == "timed_out" else done.code,
        metrics={"outcome": done.outcome, "truncated": cut},
    )


def _within(text: str, limit_bytes: int) -> str:
    return text.encode()[:limit_bytes].decode(errors="ignore")
