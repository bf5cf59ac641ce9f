"""The asyncio client on a running controller."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from berth_client import AsyncBerth, PolicyError, TaskError


def test_many_rollouts_at_once_are_called_in_parallel_graded_and_gone(environment: dict[str, Any], group: str) -> None:
    async def play(berth: AsyncBerth, index: int) -> float | None:
        async with berth.rollout(environment, group=group) as rollout:
            wrote, listed = await asyncio.gather(
                rollout.call("shell", command=f"echo {42 if index % 2 else 7} >answer"),
                rollout.call("list_dir", path="."),
            )
            assert wrote.ok
            assert listed.ok
            return (await rollout.grade()).reward

    async def main() -> None:
        async with AsyncBerth() as berth:
            assert await asyncio.gather(*(play(berth, index) for index in range(8))) == [0.0, 1.0] * 4
            records = [record async for record in berth.rollouts(group=group)]
            assert [record.status for record in records] == ["closed"] * 8
            assert len([line async for line in berth.export(group=group, format="csv")]) == 9

    asyncio.run(main())


def test_the_sandbox_is_removed_when_the_body_raises(environment: dict[str, Any]) -> None:
    async def main() -> None:
        async with AsyncBerth() as berth:
            rollout = berth.rollout(environment)
            with pytest.raises(RuntimeError, match="of the policy"):
                async with rollout:
                    await rollout.call("shell", command="true")
                    raise RuntimeError("a failure of the policy's loop")
            assert (await rollout.record()).status == "closed"

    asyncio.run(main())


def test_causes_are_kept_apart(environment: dict[str, Any]) -> None:
    async def main() -> None:
        async with AsyncBerth() as berth, berth.rollout(environment) as rollout:
            results = await rollout.call_all([("read_file", {"path": "nowhere"}), ("shell", {"command": "echo 1"})])
            assert isinstance(results[0].error, PolicyError)
            assert results[1].ok
            broken = berth.rollout({**environment, "setup": ["exit 9"]})
            with pytest.raises(TaskError, match="setup_failed"):
                async with broken:
                    await broken.call("shell", command="true")

    asyncio.run(main())
