"""A rollout's sandbox as a machine that runs argument lists and holds binary files, for the interfaces of other projects.

All of it goes through the tool ``shell``, so it is in the trajectory, and every call counts in the budget's tool_calls.
Needs ``base64`` and ``sh`` in the image.
"""

from __future__ import annotations

import base64
import shlex
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .aio import AsyncRollout
from .errors import InfraError
from .requests import new_id
from .results import Stream, ToolResult

MOST_TIMEOUT_S = 600.0
"""The longest that the tool shell lets a command run."""

_MOST_COMMAND_BYTES = 120_000
"""Below Linux's limit of one argument (131,072), with room for what is put around it."""

_PART_BYTES = 81_000
"""Bytes of a file in one call, before base64."""

_MOST_OUTPUT_BYTES = 131_072


@dataclass(frozen=True)
class Completed:
    """``outcome``: exited, signaled, timed_out or oom_killed. ``code``: as a shell tells it, 128 + signal and 137 among them.

    Output beyond ``limit_bytes`` is cut at its end, and the flags say so. What is no UTF-8 is replaced by U+FFFD.
    """

    outcome: str
    code: int
    stdout: str
    stderr: str
    stdout_cut: bool
    stderr_cut: bool


class Machine:
    def __init__(self, rollout: AsyncRollout) -> None:
        self._rollout = rollout

    async def run(
        self,
        argv: Sequence[str],
        *,
        input: bytes | None = None,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        limit_bytes: int = 10 * 2**20,
    ) -> Completed:
        """Runs a program and waits for it. ``cwd``: absolute, or relative to the workspace. No command runs longer than 600 s.

        :raises BerthError: no answer about the command; a command that fails or ends in time is none
        """
        command = shlex.join(argv)
        if cwd is not None:
            command = f"cd -- {shlex.quote(cwd)} && {command}"
        if env:
            command = f"export {' '.join(f'{name}={shlex.quote(value)}' for name, value in env.items())}; {command}"
        staged: str | None = None
        if input or len(command.encode()) > _MOST_COMMAND_BYTES:
            staged = f"/tmp/.berth-{new_id()}"
            await self._shell(f"mkdir -m 700 {staged}")
        try:
            if staged and input:
                await self._put(f"{staged}/input", input)
                command = f"{{ {command}\n}} <{staged}/input"
            if staged and len(command.encode()) > _MOST_COMMAND_BYTES:
                await self._put(f"{staged}/command", command.encode())
                command = f". {staged}/command"
            return await self._completed(command, timeout_s, limit_bytes)
        finally:
            if staged:
                await self._shell(f"rm -rf {staged}")

    async def write(self, path: str, content: bytes) -> None:
        """Writes a file, with the folders above it. :raises PermissionError: :raises IsADirectoryError: :raises OSError:"""
        quoted = shlex.quote(path)
        script = (
            f"set -e; if [ -d {quoted} ]; then exit 41; fi; if [ -e {quoted} ] && ! [ -w {quoted} ]; then exit 43; fi; "
            f'd=$(dirname -- {quoted}); mkdir -p -- "$d" || exit 43; : >{quoted} || exit 43'
        )
        _raise_for(await self._shell(script), path)
        await self._put(path, content)

    async def read(self, path: str, *, limit_bytes: int = 100 * 2**20) -> bytes:
        """A file's bytes. :raises FileNotFoundError: :raises IsADirectoryError: :raises PermissionError: :raises TooLarge:"""
        quoted = shlex.quote(path)
        script = (
            f"if [ -d {quoted} ]; then exit 41; fi; if ! [ -e {quoted} ]; then exit 42; fi; "
            f"if ! [ -r {quoted} ]; then exit 43; fi; wc -c <{quoted}"
        )
        told = await self._shell(script)
        _raise_for(told, path)
        size = int(_text(told.stdout))
        if size > limit_bytes:
            raise TooLarge(path, size)
        parts: list[bytes] = []
        for start in range(0, size, _PART_BYTES):
            part = await self._shell(f"tail -c +{start + 1} -- {quoted} | head -c {_PART_BYTES} | base64 -w 0")
            _raise_for(part, path)
            parts.append(base64.b64decode(_text(part.stdout)))
        return b"".join(parts)

    async def _put(self, path: str, content: bytes) -> None:
        quoted = shlex.quote(path)
        for start in range(0, max(len(content), 1), _PART_BYTES):
            text = base64.b64encode(content[start : start + _PART_BYTES]).decode()
            redirect = ">" if start == 0 else ">>"
            _raise_for(await self._shell(f"printf %s {text} | base64 -d {redirect}{quoted}"), path)

    async def _shell(self, command: str) -> ToolResult:
        return await self._rollout.call("shell", command=command, max_output_bytes=_MOST_OUTPUT_BYTES)

    async def _completed(self, command: str, timeout_s: float | None, limit_bytes: int) -> Completed:
        wait_ms = int(min(timeout_s or MOST_TIMEOUT_S, MOST_TIMEOUT_S) * 1000)
        result = await self._rollout.call(
            "shell", command=command, timeout_ms=max(wait_ms, 1), max_output_bytes=_MOST_OUTPUT_BYTES
        )
        if result.error is not None or result.outcome is None:
            raise result.error or InfraError("bad_reply", "A command came back without an outcome.")
        stdout, stdout_cut = await self._whole(result, "stdout", result.stdout, limit_bytes)
        stderr, stderr_cut = await self._whole(result, "stderr", result.stderr, limit_bytes)
        return Completed(result.outcome, _code(result), stdout, stderr, stdout_cut, stderr_cut)

    async def _whole(self, result: ToolResult, name: str, stream: Stream | None, limit_bytes: int) -> tuple[str, bool]:
        if stream is None:
            return "", False
        if not stream.truncated:
            return stream.head + stream.tail, False
        pages: list[str] = []
        offset = 0
        while offset < min(stream.total_bytes, limit_bytes):
            page = await self._page(result.call_id, name, offset)
            end = int(page.data.get("end_offset", offset))
            if page.error is not None or end <= offset:
                return "".join(pages), True
            pages.append(_without_note(page.output, end - offset))
            offset = end
        return "".join(pages), offset < stream.total_bytes

    async def _page(self, call_id: str, stream: str, offset: int) -> ToolResult:
        arguments = {"call_id": call_id, "stream": stream, "offset": offset, "limit": _MOST_OUTPUT_BYTES}
        return await self._rollout.call_with("read_output", arguments)


class TooLarge(OSError):
    """A file that is larger than was asked for."""

    def __init__(self, path: str, size: int) -> None:
        super().__init__(f"{path} has {size} bytes")
        self.size = size


def _without_note(output: str, page_bytes: int) -> str:
    """The page itself: behind it stands a line in brackets, after a newline of its own where the page ends without one."""
    text = output[: output.rstrip("\n").rindex("[")]
    return text[:-1] if len(text.encode()) == page_bytes + 1 else text


def _code(result: ToolResult) -> int:
    if result.outcome == "exited" and result.exit_code is not None:
        return result.exit_code
    name = str((result.raw.get("outcome") or {}).get("signal"))
    number = signal.Signals[name] if name in signal.Signals.__members__ else signal.SIGKILL
    return 128 + number


def _text(stream: Stream | None) -> str:
    return "" if stream is None else stream.text.strip()


def _raise_for(result: ToolResult, path: str) -> None:
    if result.error is not None:
        raise result.error
    if result.ok:
        return
    said = _text(result.stderr)
    if result.exit_code == 41:
        raise IsADirectoryError(f"{path} is a directory")
    if result.exit_code == 42:
        raise FileNotFoundError(f"{path} does not exist")
    if result.exit_code == 43:
        raise PermissionError(f"{path}: permission denied: {said}")
    raise OSError(f"{path}: {said or result.outcome}")
