"""A model that follows a script, behind the chat completions that trainers talk to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Message = dict[str, Any]
Script = Callable[[str, list[Message]], "tuple[str, dict[str, Any]] | str"]
"""From a session's name and its messages so far to the next reply: a tool with its arguments, or the last words."""


@contextmanager
def scripted(script: Script) -> Iterator[str]:
    """Serves the script on loopback; yields the base URL. A request's session is its header X-Session-ID."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            message = _message(script(self.headers.get("x-session-id", ""), body["messages"]))
            stream = body.get("stream", False)
            sent = (_streamed if stream else _whole)(message, body["model"])
            self.send_response(200)
            self.send_header("content-type", "text/event-stream" if stream else "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        serving.join(10)


def _message(reply: tuple[str, dict[str, Any]] | str) -> Message:
    if isinstance(reply, str):
        return {"role": "assistant", "content": reply}
    tool, arguments = reply
    call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": json.dumps(arguments)}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _whole(message: Message, model: str) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": _finish(message)}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return json.dumps(
        {"id": "c", "object": "chat.completion", "created": 0, "model": model, "choices": [choice], "usage": usage}
    ).encode()


def _streamed(message: Message, model: str) -> bytes:
    calls = [{**call, "index": n} for n, call in enumerate(message.get("tool_calls", []))]
    delta = {**message, "tool_calls": calls} if calls else message
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": model}
    parts: list[Message] = [{"delta": delta, "finish_reason": None}, {"delta": {}, "finish_reason": _finish(message)}]
    events = [json.dumps({**chunk, "choices": [{"index": 0, **part}]}) for part in parts]
    return "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"]).encode()


def _finish(message: Message) -> str:
    return "tool_calls" if message.get("tool_calls") else "stop"
