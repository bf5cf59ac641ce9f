"""Writes reports/test-clients.json: a row for each test, with the client that it is about."""

from __future__ import annotations

import json
import os
import platform
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

_CLIENTS = {"blocking": "Berth", "aio": "AsyncBerth", "exchange": "both"}


class Report:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "test-clients.json"
        self._began = time.time()
        self._rows: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        module = Path(report.nodeid.split("::")[0]).stem.removeprefix("test_")
        title = report.location[2].removeprefix("test_").replace("_", " ")
        absent = getattr(report, "wasxfail", None)
        result = "not offered" if absent and report.skipped else report.outcome
        row: dict[str, Any] = {
            "case": title,
            "backend": os.environ.get("BERTH_TEST_PROVIDER", "oci"),
            "result": result,
            "expected": "not offered" if absent else "passed",
            "ok": report.outcome != "failed",
            "client": _CLIENTS.get(module, module),
            "duration_ms": round(report.duration * 1000),
        }
        if absent:
            row["why"] = absent
        self._rows[report.nodeid] = row

    def pytest_sessionfinish(self) -> None:
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
