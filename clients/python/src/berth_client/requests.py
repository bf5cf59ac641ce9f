"""The requests of Berth's API, one function each."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .errors import CallerError
from .exchange import Request

DEFAULT_URL = "http://127.0.0.1:7420"


def address(url: str | None) -> str:
    """The controller's address: as given, of BERTH_URL, or the default of ``berth serve``."""
    return (url or os.environ.get("BERTH_URL") or DEFAULT_URL).rstrip("/")


def headers(key: str | None) -> dict[str, str]:
    """With the key as given, or of BERTH_API_KEY."""
    key = key or os.environ.get("BERTH_API_KEY")
    return {"authorization": f"Bearer {key}"} if key else {}


def new_id() -> str:
    return str(uuid.uuid4())


def create(start: Mapping[str, Any]) -> Request:
    return Request("POST", "/v1/rollouts", body=start)


def call(rollout_id: str, tool: str, call_id: str, arguments: Mapping[str, Any]) -> Request:
    body = {"call_id": call_id, "arguments": dict(arguments)}
    return Request("POST", f"/v1/rollouts/{rollout_id}/tools/{quote(tool, safe='')}", body=body)


def grade(rollout_id: str, answer: str | None, again: Mapping[str, Any] | None = None) -> Request:
    body: dict[str, Any] = {} if answer is None else {"answer": answer}
    if again is not None:
        body |= {"again": True, **again}
    return Request("POST", f"/v1/rollouts/{rollout_id}/grade", body=body)


def key(rollout_id: str) -> Request:
    return Request("POST", f"/v1/rollouts/{rollout_id}/key")


def mcp_url(url: str, rollout_id: str, key: str) -> str:
    return f"{url}/v1/rollouts/{rollout_id}/mcp?key={quote(key, safe='')}"


def show(rollout_id: str) -> Request:
    return Request("GET", f"/v1/rollouts/{rollout_id}")


def trajectory(rollout_id: str) -> Request:
    return Request("GET", f"/v1/rollouts/{rollout_id}/trajectory")


def close(rollout_id: str) -> Request:
    return Request("DELETE", f"/v1/rollouts/{rollout_id}")


def page(group: str | None, before: str | None, limit: int = 200) -> Request:
    given = {"group": group, "before": before}
    return Request("GET", "/v1/rollouts", query={"limit": str(limit)} | {k: v for k, v in given.items() if v is not None})


def environments() -> Request:
    return Request("GET", "/v1/environments")


def register(environment: Mapping[str, Any], base_dir: str | None) -> Request:
    body = {"environment": environment} | ({} if base_dir is None else {"base_dir": base_dir})
    return Request("POST", "/v1/environments", body=body)


def tools(format: str) -> Request:
    return Request("GET", "/v1/tools", query={"format": format})


def start_of(
    environment: str | Mapping[str, Any] | None,
    item: Mapping[str, Any] | None,
    rollout_id: str | None,
    group: str | None,
    labels: Mapping[str, str] | None,
    ready_within_s: int | None,
) -> dict[str, Any]:
    """The body that creates a rollout. :raises CallerError: neither or both of environment and item"""
    if (environment is None) == (item is None):
        raise CallerError("invalid_request", "Give either environment or item, and not both.")
    optional = {
        "environment": environment,
        "item": item,
        "group": group,
        "labels": labels,
        "ready_within_seconds": ready_within_s,
    }
    return {"rollout_id": rollout_id or new_id()} | {name: v for name, v in optional.items() if v is not None}
