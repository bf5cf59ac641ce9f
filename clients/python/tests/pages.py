"""The examples of the documentation, so that tests run them as the pages have them."""

from __future__ import annotations

import re
from pathlib import Path

TRAINERS = Path(__file__).resolve().parents[3] / "docs/trainers"


def examples(page: str) -> list[str]:
    """The Python blocks of a page of ``docs/trainers``."""
    found = re.findall(r"^```python\n(.*?)^```$", (TRAINERS / page).read_text(), re.M | re.S)
    assert found, f"{page} has no example"
    return found
