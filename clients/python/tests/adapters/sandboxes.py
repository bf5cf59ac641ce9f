"""What a test does to a rollout's sandbox from outside: it needs the oci provider on this machine."""

from __future__ import annotations

import hashlib
import os
import re
import signal
from pathlib import Path


def kill_sandbox(rollout_id: str) -> None:
    """Ends the guest, and with it the sandbox, as a crash of the machine beneath would."""
    cgroup = f"b-{hashlib.sha256(rollout_id.encode()).hexdigest()[:12]}-"
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and _is_guest(process, cgroup):
            os.kill(int(process.name), signal.SIGKILL)
            return
    raise LookupError(f"The rollout {rollout_id} has no guest.")


def _is_guest(process: Path, cgroup: str) -> bool:
    try:
        return (
            cgroup in (process / "cgroup").read_text()
            and b"\0serve\0" in (process / "cmdline").read_bytes()
            and re.search(r"^NSpid:.*\s1$", (process / "status").read_text(), re.M) is not None
        )
    except OSError:
        return False
