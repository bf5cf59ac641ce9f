"""The examples of the docs' pages, as the pages have them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TRAINERS = Path(__file__).resolve().parents[3] / "docs/trainers"


def block(page: str, language: str, index: int = 0) -> str:
    """The text of the page's code block of that language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", (TRAINERS / f"{page}.md").read_text(), re.DOTALL | re.MULTILINE)
    return str(found[index])


def run(source: str, folder: Path, within_s: float = 180) -> list[str]:
    """The lines that a program prints, run in a process of its own on the tests' controller."""
    program = folder / "example.py"
    program.write_text(source)
    done = subprocess.run(
        [sys.executable, str(program)], cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=within_s
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
