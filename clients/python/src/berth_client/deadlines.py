"""Seconds within which each kind of request is answered or given up, repetitions included."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deadlines:
    """``call_s`` covers the wait for the sandbox, too (Berth gives that 540 s), ``grade_s`` the wait for a turn."""

    ask_s: float = 60.0
    call_s: float = 1200.0
    grade_s: float = 3600.0
    close_s: float = 180.0
    connect_s: float = 10.0
