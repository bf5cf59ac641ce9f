"""Makes verl's tools importable where torch, Ray and transformers are not: its own files run, its packages' __init__ do not.

Those two import the trainer. What the tools' files import of absent packages stands here as a name that fails when it is used.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def _absent(name: str) -> Any:
    def used(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"{name} is not installed for the tests")

    return used


def load() -> None:
    """Does nothing where verl imports as it is. :raises ImportError: verl is not installed"""
    spec = importlib.util.find_spec("verl")
    if spec is None or spec.origin is None:
        raise ImportError("verl is not installed")
    if importlib.util.find_spec("torch") is not None:
        return
    folder = Path(spec.origin).parent
    for package, path in (("verl", folder), ("verl.utils", folder / "utils")):
        bare = ModuleType(package)
        bare.__path__ = [str(path)]
        sys.modules.setdefault(package, bare)
    if importlib.util.find_spec("ray") is None:
        sys.modules["ray"] = ModuleType("ray")
    if importlib.util.find_spec("transformers") is None:
        utils = ModuleType("transformers.utils")
        utils.__dict__["get_json_schema"] = _absent("transformers")
        sys.modules["transformers"], sys.modules["transformers.utils"] = ModuleType("transformers"), utils
