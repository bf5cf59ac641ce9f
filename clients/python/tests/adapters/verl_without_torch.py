"""Makes verl's tools importable where torch, Ray and transformers are not: its own files run, its packages' __init__ do not.

Those two import the trainer. What the tools' files import of absent packages stands here as a name that fails when it is used.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any


def load() -> None:
    """Imports verl.tools. Does no more where verl's own needs are there. :raises ImportError: verl is not installed"""
    found = importlib.util.find_spec("verl")
    if found is None or found.origin is None:
        raise ImportError("verl is not installed")
    placed = []
    if any(importlib.util.find_spec(needed) is None for needed in ("torch", "ray", "tensordict", "transformers")):
        folder = Path(found.origin).parent
        for package, path in (("verl", folder), ("verl.utils", folder / "utils")):
            _bare(package, path)
        placed = [name for name in ("ray", "transformers") if importlib.util.find_spec(name) is None]
        if "transformers" in placed:
            _bare("transformers", folder).__dict__["utils"] = utils = _bare("transformers.utils", folder)
            utils.__dict__["get_json_schema"] = _absent
            placed.append("transformers.utils")
        if "ray" in placed:
            _bare("ray", folder)
    try:
        importlib.import_module("verl.tools.base_tool")
        importlib.import_module("verl.tools.tool_registry")
    finally:
        # Others ask whether these are installed.
        for name in placed:
            del sys.modules[name]


def _absent(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("transformers is not installed for the tests")


def _bare(name: str, folder: Path) -> ModuleType:
    module = ModuleType(name)
    module.__path__ = [str(folder)]
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    module.__spec__.submodule_search_locations = [str(folder)]
    sys.modules[name] = module
    return module
