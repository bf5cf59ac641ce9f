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
    return blocks(page, language)[index]


def blocks(page: str, language: str) -> list[str]:
    """The page's code blocks of that language, in their order."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", (TRAINERS / f"{page}.md").read_text(), re.M | re.S)
    assert found, f"{page} has no example in {language}"
    return [str(one) for one in found]


def run(source: str, folder: Path, within_s: float = 180) -> list[str]:
    """The lines that a program prints, run in a process of its own on the tests' controller."""
    program = folder / "example.py"
    program.write_text(source)
    done = subprocess.run(
        [sys.executable, str(program)], cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=within_s
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
