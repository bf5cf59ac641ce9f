"""The blocking client."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import httpx

from . import requests
from .deadlines import Deadlines
from .errors import CallerError
from .exchange import MAX_REPLY_BYTES, Cut, Reply, Request, Send, exchange
from .results import RolloutRecord, ToolResult, Verdict, rollout_record, tool_result, verdict


class Berth:
    """A controller. Use it from any number of threads; ``with`` closes its connections.

    ``url`` and ``key`` default to BERTH_URL and BERTH_API_KEY. ``connections`` bounds what is open at once.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        deadlines: Deadlines | None = None,
        connections: int = 256,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.deadlines = deadlines or Deadlines()
        self.url = requests.address(url)
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._http = httpx.Client(base_url=self.url, headers=requests.headers(key), limits=limits, transport=transport)

    def rollout(
        self,
        environment: str | Mapping[str, Any] | None = None,
        *,
        item: Mapping[str, Any] | None = None,
        rollout_id: str | None = None,
        group: str | None = None,
        labels: Mapping[str, str] | None = None,
        ready_within_s: int | None = None,
    ) -> Rollout:
        """A rollout that begins with its first use: nothing is sent now.

        Starts from ``environment`` (a name, or one in full) or from ``item`` (a row of a dataset). Two with one
        ``rollout_id`` (a UUID) are the same rollout.
        """
        return Rollout(self, requests.start_of(environment, item, rollout_id, group, labels, ready_within_s))

    def rollouts(self, *, group: str | None = None) -> Iterator[RolloutRecord]:
        """Every rollout, newest first, read page by page."""
        before: str | None = None
        while True:
            page = self.send(requests.page(group, before), self.deadlines.ask_s)
            yield from map(rollout_record, page["rollouts"])
            before = page["next_before"]
            if before is None:
                return

    def export(self, *, group: str | None = None, format: str = "jsonl") -> Iterator[str]:
        """The lines of scored rollouts: ``jsonl`` or ``csv``. One that is cut raises ``httpx.TransportError``."""
        query = {"format": format} | ({} if group is None else {"group": group})
        timeout = httpx.Timeout(self.deadlines.ask_s, connect=self.deadlines.connect_s)
        with self._http.stream("GET", "/v1/rollouts/export", params=query, timeout=timeout) as reply:
            reply.raise_for_status()
            yield from reply.iter_lines()

    def environments(self) -> list[dict[str, Any]]:
        return list(self.send(requests.environments(), self.deadlines.ask_s)["environments"])

    def register(self, environment: Mapping[str, Any], *, base_dir: str | None = None) -> dict[str, Any]:
        """Keeps an environment by its name. ``base_dir``: the controller's folder at which its relative paths start."""
        answer = self.send(requests.register(environment, base_dir), self.deadlines.ask_s)
        return dict(answer)

    def tools(self, *, format: str = "openai") -> Any:
        """The schemas of all tools, in the form ``openai`` or ``mcp``."""
        return self.send(requests.tools(format), self.deadlines.ask_s)

    def send(self, request: Request, deadline_s: float) -> Any:
        """The JSON of the reply. :raises BerthError:"""
        steps = exchange(request, deadline_s)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Send):
                    step = steps.send(self._once(step))
                else:
                    time.sleep(step.seconds)
                    step = steps.send(None)
        except StopIteration as done:
            return done.value

    def _once(self, step: Send) -> Reply | Cut:
        request = step.request
        timeout = httpx.Timeout(step.timeout_s, connect=min(self.deadlines.connect_s, step.timeout_s))
        try:
            with self._http.stream(
                request.method, request.path, json=request.body, params=request.query, timeout=timeout
            ) as reply:
                body = bytearray()
                for part in reply.iter_bytes():
                    body += part
                    if len(body) > MAX_REPLY_BYTES:
                        return Cut(ValueError(f"the reply is larger than {MAX_REPLY_BYTES} bytes"))
                return Reply(reply.status_code, reply.headers, bytes(body))
        except httpx.TransportError as thrown:
            return Cut(thrown)

    def close(self) -> None:
        """Closes the connections; rollouts go on."""
        self._http.close()

    def __enter__(self) -> Berth:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Rollout:
    """One rollout. ``with`` removes its sandbox at the end, whatever happened."""

    def __init__(self, berth: Berth, start: Mapping[str, Any]) -> None:
        self._berth = berth
        self._start = start
        self._begun = False
        self._asked = False
        self._lock = threading.Lock()
        self.id: str = str(start["rollout_id"])

    def begin(self) -> None:
        """Makes Berth prepare the sandbox, without waiting for it. Every other method does this first."""
        with self._lock:
            if not self._begun:
                self._asked = True
                self._berth.send(requests.create(self._start), self._berth.deadlines.ask_s)
                self._begun = True

    def call(self, tool: str, /, *, call_id: str | None = None, **arguments: Any) -> ToolResult:
        """Uses a tool; executed at most once for each ``call_id``, which is made up unless it is given.

        What the model did wrong while the tool ran is in ``result.error``. :raises PolicyError: an unknown tool, arguments
        that do not match its schema, a budget that is used up :raises InfraError: the rollout says nothing about the policy
        """
        return self.call_with(tool, arguments, call_id=call_id)

    def call_with(self, tool: str, arguments: Mapping[str, Any], *, call_id: str | None = None) -> ToolResult:
        """As ``call``, with the arguments in a mapping."""
        self.begin()
        request = requests.call(self.id, tool, call_id or requests.new_id(), arguments)
        return tool_result(self._berth.send(request, self._berth.deadlines.call_s))

    def call_all(self, calls: Iterable[tuple[str, Mapping[str, Any]]], *, at_once: int = 16) -> Sequence[ToolResult]:
        """Several calls in parallel, results in the order of the calls. Berth orders writes and overlaps reads."""
        self.begin()
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(lambda call: self.call_with(*call), calls))

    def grade(self, answer: str | None = None) -> Verdict:
        """Ends the policy's turn and grades; asked again, the same verdict."""
        self.begin()
        return verdict(self._berth.send(requests.grade(self.id, answer), self._berth.deadlines.grade_s))

    def grade_again(self, **how: Any) -> Verdict:
        """Grades the stored change set once more; ``graders``, ``reward`` and ``base_dir`` as in the API. The first stands."""
        return verdict(self._berth.send(requests.grade(self.id, None, how), self._berth.deadlines.grade_s))

    def mcp_url(self) -> str:
        """Where the rollout's tools are over MCP, with a key in it that opens nothing else and ends with the rollout."""
        self.begin()
        answer = self._berth.send(requests.key(self.id), self._berth.deadlines.ask_s)
        return requests.mcp_url(self._berth.url, self.id, answer["key"])

    def record(self) -> RolloutRecord:
        return rollout_record(self._berth.send(requests.show(self.id), self._berth.deadlines.ask_s))

    def trajectory(self) -> dict[str, Any]:
        """Every call with its result, in order, and what the sandbox tried to reach."""
        return dict(self._berth.send(requests.trajectory(self.id), self._berth.deadlines.ask_s))

    def close(self) -> None:
        """Returns when nothing of the rollout but its record is left. One that was never asked for needs nothing."""
        with self._lock:
            asked = self._asked
        if not asked:
            return
        try:
            self._berth.send(requests.close(self.id), self._berth.deadlines.close_s)
        except CallerError as thrown:
            # It was refused when it was asked for, so there is none.
            if thrown.code != "unknown_rollout":
                raise

    def __enter__(self) -> Rollout:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
