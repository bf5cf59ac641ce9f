"""Writes reports/test-clients.json: a row for each test, with the client that it is about.

A module about a peer's package names it in ``CLIENT``: the name of its distribution, whose version is in the row. A test with
the mark ``not_installable(reason)`` does not run, and its row says why.
"""

from __future__ import annotations

import json
import os
import platform
import time
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from .trainers_page import trainers_page

_NOT_INSTALLABLE = "not installable: "
_CLIENTS = {"blocking": "Berth", "aio": "AsyncBerth", "exchange": "both"}


class Report:
    def __init__(self, folder: Path, page: Path) -> None:
        self._file = folder / "test-clients.json"
        self._page = page
        self._peers: dict[str, str] = {}
        self._whole = False
        self._began = time.time()
        self._rows: dict[str, dict[str, Any]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            peer = getattr(getattr(item, "module", None), "CLIENT", None)
            if peer is not None:
                self._peers[item.nodeid] = str(peer)
        option = session.config.option
        narrowed = option.keyword or option.markexpr or getattr(option, "lf", False) or getattr(option, "deselect", None)
        self._whole = session.config.args_source == pytest.Config.ArgsSource.TESTPATHS and not narrowed

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if mark := item.get_closest_marker("not_installable"):
            pytest.skip(f"{_NOT_INSTALLABLE}{mark.args[0]}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        module = Path(report.nodeid.split("::")[0]).stem.removeprefix("test_")
        title = report.location[2].removeprefix("test_").replace("_", " ")
        absent = getattr(report, "wasxfail", None)
        result: str = "not offered" if absent and report.skipped else report.outcome
        if (why := _not_installable(report)) is not None:
            result, absent = "not installable", why
        peer = self._peers.get(report.nodeid)
        row: dict[str, Any] = {
            "case": title,
            "backend": os.environ.get("BERTH_TEST_PROVIDER", "oci"),
            "result": result,
            "expected": ("not installable" if why is not None else "not offered") if absent else "passed",
            "ok": report.outcome != "failed",
            "client": peer or _CLIENTS.get(module, module),
            "duration_ms": round(report.duration * 1000),
        }
        if peer is not None and (found := _version(peer)) is not None:
            row["version"] = found
        if absent:
            row["why"] = absent
        self._rows[report.nodeid] = row

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        rows = list(self._rows.values())
        report = {
            "target": "test-clients",
            "ok": bool(rows) and all(row["ok"] for row in rows),
            "machine": {
                "os": f"{platform.system()} {platform.release()}",
                "arch": platform.machine(),
                "cpus": os.cpu_count(),
                "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
                "python": platform.python_version(),
            },
            "started_at": datetime.fromtimestamp(self._began, timezone.utc).isoformat().replace("+00:00", "Z"),
            "rows": rows,
        }
        self._file.parent.mkdir(exist_ok=True)
        self._file.write_text(json.dumps(report, indent=2) + "\n")
        if os.environ.get("UPDATE_DOCS") == "1" and self._whole and exitstatus == pytest.ExitCode.OK:
            self._page.parent.mkdir(exist_ok=True)
            self._page.write_text(trainers_page(rows))


def _not_installable(report: pytest.TestReport) -> str | None:
    told = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
    _, found, reason = told.partition(_NOT_INSTALLABLE)
    return reason if found else None


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
