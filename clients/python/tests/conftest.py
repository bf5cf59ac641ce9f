"""A controller for the tests: the one that BERTH_URL names, or one of this checkout that ends with them."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from berth_client import Berth

from .report import Report

REPOSITORY = Path(__file__).resolve().parents[3]
LISTENS_WITHIN_S = 60
ENDS_WITHIN_S = 60


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "not_installable(reason): a feature whose peer cannot be installed here; a row says so")
    config.pluginmanager.register(Report(REPOSITORY / "reports", REPOSITORY / "docs/trainers/README.md"), "berth-report")


@pytest.fixture(scope="session", autouse=True)
def controller() -> Iterator[None]:
    if "BERTH_URL" in os.environ:
        yield
        return
    key = secrets.token_hex(16)
    node = REPOSITORY / "node_modules/.bin/node"
    with tempfile.TemporaryDirectory(prefix="berth-python-") as data:
        command = [str(node), str(REPOSITORY / "src/main.ts"), "serve", "--json", "--port", "0", "--data-dir", data]
        provider = os.environ.get("BERTH_TEST_PROVIDER", "oci")
        with open(Path(data) / "controller.log", "wb") as log:
            child = subprocess.Popen(
                [*command, "--provider", provider],
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "BERTH_API_KEYS": key, "BERTH_POOL_SANDBOXES": "0"},
                text=True,
            )
            try:
                assert child.stdout is not None
                told = ""
                while "}" not in told:
                    line = child.stdout.readline()
                    if not line:
                        raise RuntimeError("the controller ended: " + (Path(data) / "controller.log").read_text()[-2000:])
                    told += line
                os.environ["BERTH_URL"] = json.loads(told)["url"]
                os.environ["BERTH_API_KEY"] = key
                yield
            finally:
                del os.environ["BERTH_URL"], os.environ["BERTH_API_KEY"]
                child.terminate()
                child.wait(ENDS_WITHIN_S)


@pytest.fixture
def berth() -> Iterator[Berth]:
    with Berth() as made:
        yield made


@pytest.fixture
def group() -> str:
    return f"python-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def environment() -> dict[str, Any]:
    """The policy earns 1 when the file `answer` holds 42."""
    return {
        "name": "python-answer",
        "image": os.environ.get("BERTH_TEST_IMAGE", "host"),
        "graders": [{"type": "command", "command": 'if [ "$(cat answer)" = 42 ]; then reward 1; else reward 0; fi'}],
    }
