"""Decorated programs: the model that they call, and what they traced."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

WITHIN_S = 60


def until(found: Callable[[], Any]) -> Any:
    """What is found in the end; looked for again and again."""
    deadline = time.monotonic() + WITHIN_S
    while not (value := found()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert value, "it was not found in time"
    return value


def file_at(raw: httpx.Client, path: str) -> dict[str, Any]:
    answer = raw.post("/files/retrieve-by-path", json={"path": path})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def complete_logs(raw: httpx.Client, path: str, count: int = 1) -> list[dict[str, Any]]:
    """The logs of the file at a path, once there are that many and the flows' are complete, oldest first."""

    def look() -> list[dict[str, Any]] | None:
        answer = raw.post("/files/retrieve-by-path", json={"path": path})
        if answer.status_code != 200:
            return None
        listed = raw.get("/logs", params={"file_id": answer.json()["id"], "size": 100}).json()["records"]
        if len(listed) < count or any(log["log_status"] == "incomplete" for log in listed):
            return None
        found: list[dict[str, Any]] = listed
        return found

    return [raw.get(f"/logs/{log['id']}").json() for log in reversed(until(look))]


def outline(log: dict[str, Any]) -> Any:
    """The paths of a trace's files, nested as its logs are."""
    file = next(log[kind] for kind in ("flow", "prompt", "tool", "evaluator") if log.get(kind))
    return file["path"].rpartition("/")[2], [outline(child) for child in log["trace_children"]]


class Model(BaseHTTPRequestHandler):
    """A model behind the OpenAI API that wants sums to be added by a tool."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        last = asked["messages"][-1]
        message: dict[str, Any] = {"role": "assistant", "content": f"It is {last['content']}."}
        reason = "stop"
        if last["role"] == "user":
            first, second = last["content"].rstrip("?").split("+")
            arguments = {"operation": "add", "first": int(first), "second": int(second)}
            call = {"name": "calculator", "arguments": json.dumps(arguments)}
            message = {"role": "assistant", "content": None}
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": call}]
            reason = "tool_calls"
        body = json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": asked["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": reason}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
            }
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@contextmanager
def model() -> Iterator[str]:
    """The address of such a model."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()
