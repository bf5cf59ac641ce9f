"""docs/trainers/README.md: which client was seen to do what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_HEAD = """# Trainers and evals

What the tests saw each client do, against a running controller. Written by `UPDATE_DOCS=1 make test-clients` when all of
its tests ran, and by no other run; nothing compares it afterwards. Every run writes its rows to `reports/test-clients.json`.

| client | feature | result |
| --- | --- | --- |
"""


def trainers_page(rows: Iterable[Mapping[str, Any]]) -> str:
    """The page with a line for each row; the same feature of one client, with other parameters, is one line."""
    told: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        client = f"{row['client']} {row.get('version', '')}".strip()
        feature = str(row["case"]).split("[")[0].strip()
        result = f"{row['result']}: {row['why']}" if "why" in row else str(row["result"])
        results = told.setdefault((client, feature), [])
        if result not in results:
            results.append(result)
    lines = [
        f"| {_cell(client)} | {_cell(feature)} | {_cell('; '.join(results))} |" for (client, feature), results in told.items()
    ]
    return _HEAD + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
