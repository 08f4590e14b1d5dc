"""Requests put to the application itself, without sockets: thousands of them take a moment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.inprocess import InProcess

from headrace.apis.pipeline import App

WITHIN_S = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request.

    Attributes:
        target: the path as it goes over the wire, with its query.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def scope(self, host: str) -> dict[str, Any]:
        """As a server of ASGI hands it on."""
        path, _, query = self.target.partition("?")
        headers = {"host": host, "content-length": str(len(self.body)), **self.headers}
        return {
            "type": "http",
            "method": self.method,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        return json.loads(self.body)


def ask_all(running: InProcess, requests: Iterable[Sent]) -> list[Answer]:
    """The answers to some requests, one after another."""

    async def work() -> list[Answer]:
        host = running.url.rpartition("/")[2]
        return [await _ask(running.server.app, one, host) for one in requests]

    return asyncio.run_coroutine_threadsafe(work(), running.loop).result(WITHIN_S)


def ask(running: InProcess, request: Sent) -> Answer:
    """The answer to one."""
    (answer,) = ask_all(running, [request])
    return answer


async def _ask(app: App, request: Sent, host: str) -> Answer:
    unread = [{"type": "http.request", "body": request.body, "more_body": False}]
    status, headers, parts = 0, {}, []

    async def receive() -> Any:
        if unread:
            return unread.pop()
        return await asyncio.get_running_loop().create_future()  # nobody goes away

    async def send(message: Any) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            parts.append(message.get("body", b""))

    await app(request.scope(host), receive, send)
    return Answer(status=status, headers=headers, body=b"".join(parts))
