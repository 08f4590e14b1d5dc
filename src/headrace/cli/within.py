"""A request to the application within this process, without a server in between."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from headrace.apis.pipeline import App
from headrace.apis.sending import Message


async def ask(app: App, method: str, path: str, body: Any, *, token: str) -> tuple[int, bytes]:
    """The status and the body of the answer.

    Args:
        path: with its query.
        body: sent as JSON; None sends nothing.
        token: what the application was built with, instead of a key.
    """
    parts = urlsplit(path)
    scope = {
        "type": "http",
        "method": method,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(b"host", b"localhost"), (b"x-headrace-local", token.encode())],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"" if body is None else json.dumps(body).encode()}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status, b"".join(message.get("body", b"") for message in sent[1:])
