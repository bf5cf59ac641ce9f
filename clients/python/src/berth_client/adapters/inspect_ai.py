"""Inspect's sandboxes: a task with ``sandbox=("berth", "environment-name")`` runs each sample in a rollout of its own.

The environment wants a ``budget.tool_calls`` that is large enough: files travel in calls of 81,000 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Literal, overload

from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentLimits,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
    sandboxenv,
)
from pydantic import BaseModel

from ..aio import AsyncBerth, AsyncRollout
from ..errors import InfraError
from ..machine import Machine, TooLarge


class BerthConfig(BaseModel, frozen=True):
    """``environment``: a registered name, or an environment in full. Address and key default to BERTH_URL and BERTH_API_KEY."""

    environment: str | dict[str, Any] | None = None
    item: dict[str, Any] | None = None
    group: str | None = None
    url: str | None = None
    key: str | None = None

    def __hash__(self) -> int:
        return hash(self.model_dump_json())


@sandboxenv(name="berth")
class BerthSandbox(SandboxEnvironment):
    """One rollout. ``sandbox().as_type(BerthSandbox).rollout`` is there for a scorer that asks for Berth's verdict."""

    def __init__(self, berth: AsyncBerth, rollout: AsyncRollout) -> None:
        super().__init__()
        self.rollout = rollout
        self._berth = berth
        self._machine = Machine(rollout)

    @classmethod
    async def sample_init(
        cls, task_name: str, config: BaseModel | str | None, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        # Inspect takes a text for a file's name and puts the task's folder before it.
        name = PurePath(config).name if isinstance(config, str) else None
        given = config if isinstance(config, BerthConfig) else BerthConfig(environment=name)
        start: Mapping[str, Any] = {"item": given.item} if given.environment is None else {"environment": given.environment}
        berth = AsyncBerth(given.url, given.key)
        rollout = berth.rollout(**start, group=given.group, labels={"inspect_task": task_name[:256]})
        try:
            await rollout.begin()
        except BaseException:
            await rollout.close()
            await berth.close()
            raise
        return {"default": cls(berth, rollout)}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: BaseModel | str | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        for environment in environments.values():
            sandbox = environment.as_type(BerthSandbox)
            try:
                await sandbox.rollout.close()
            finally:
                await sandbox._berth.close()

    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:
        return BerthConfig(**config)

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        if user is not None:
            raise SandboxUserUnsupportedError("Commands of a rollout run as its tool user.")
        try:
            done = await self._machine.run(
                cmd,
                input=input.encode() if isinstance(input, str) else input,
                cwd=cwd,
                env=env,
                timeout_s=timeout,
                limit_bytes=SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE,
            )
        except InfraError as thrown:
            raise SandboxUnavailableError(str(thrown)) from thrown
        if done.outcome == "timed_out":
            raise TimeoutError(f"The command took more than {timeout} s.")
        if done.stdout_cut or done.stderr_cut:
            limit = SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE_STR
            raise OutputLimitExceededError(limit_str=limit, truncated_output=done.stdout + done.stderr)
        if done.code == 126 and "denied" in done.stderr:
            raise PermissionError(done.stderr.strip())
        return ExecResult(done.code == 0, done.code, done.stdout, done.stderr)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        await self._machine.write(file, contents.encode() if isinstance(contents, str) else contents)

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        try:
            content = await self._machine.read(file, limit_bytes=SandboxEnvironmentLimits.MAX_READ_FILE_SIZE)
        except TooLarge as thrown:
            limit = SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR
            raise OutputLimitExceededError(limit_str=limit, truncated_output=None) from thrown
        return content.decode() if text else content
