"""What calls of backends are made with in tests."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest

from headrace.backends.config import parse_config
from headrace.backends.effects import build_effects
from headrace.core.effects import (
    NO_KEYS,
    CallerKeys,
    EffectContext,
    EffectFailed,
    Effects,
    Fault,
    ModelReply,
    ModelRequest,
)

T = TypeVar("T")


def context(
    *, node: str = "Ask", execution: str = "e-1", timeout_s: float = 30.0, keys: CallerKeys = NO_KEYS
) -> EffectContext:
    """Who asks."""
    return EffectContext(
        account="000000000000",
        flow_arn="arn:aws:bedrock:us-east-1:000000000000:flow/ABCDEFGHIJ",
        alias_arn="arn:aws:bedrock:us-east-1:000000000000:flow/ABCDEFGHIJ/alias/TSTALIASID",
        execution_id=execution,
        node=node,
        step=f"{execution}/{node}/0",
        timeout_s=timeout_s,
        keys=keys,
    )


def ask(text: str = "Hello?", model_id: str = "acme.m-1", **others: Any) -> ModelRequest:
    """A request of one message."""
    return ModelRequest(model_id=model_id, messages=[{"role": "user", "content": [{"text": text}]}], **others)


class NoCode:
    """Runs nothing."""

    async def run(self, code: str, variables: Mapping[str, Any], context: EffectContext) -> Any:
        raise AssertionError("no code runs here")


class NoPrompts:
    """Knows no prompt."""

    async def find(self, arn: str, context: EffectContext) -> Mapping[str, Any] | None:
        return None


def with_effects(
    text: str,
    use: Callable[[Effects], Coroutine[Any, Any, T]],
    *,
    folder: Path,
    knowledge: Path | None = None,
) -> T:
    """What ``use`` returns for the effects of a configuration, in an event loop of its own."""

    async def run() -> T:
        outside = build_effects(
            parse_config(text), folder=folder, knowledge_file=knowledge, code=NoCode(), prompts=NoPrompts()
        )
        try:
            return await use(outside.effects)
        finally:
            await outside.close()

    return asyncio.run(run())


def converse(text: str, request: ModelRequest, *, folder: Path, **about: Any) -> ModelReply:
    """A model's answer under a configuration."""
    return with_effects(
        text, lambda effects: effects.models.converse(request, context(**about)), folder=folder
    )


def failure(call: Callable[[], object], fault: Fault, *, match: str = "") -> EffectFailed:
    """The failure that a call ends with."""
    with pytest.raises(EffectFailed, match=match) as caught:
        call()
    assert caught.value.fault is fault
    return caught.value


@dataclass(frozen=True, slots=True)
class Heard:
    """A request that a server got."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class HttpServer:
    """A real HTTP server on loopback that answers what a test says.

    Attributes:
        answer: from a request to status, headers and body.
        release: set when the test is over; answers that never come wait for it.
    """

    answer: Callable[[Heard], tuple[int, Mapping[str, str], bytes]]
    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)


@contextmanager
def http_server(
    answer: Callable[[Heard], tuple[int, Mapping[str, str], bytes]],
    tls: ssl.SSLContext | None = None,
) -> Iterator[HttpServer]:
    """A server for as long as the block runs."""
    about = HttpServer(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            heard = Heard(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            about.heard.append(heard)
            status, headers, content = about.answer(heard)
            try:
                self.send_response(status)
                for name, value in {"content-length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:
                self.close_connection = True  # the caller waited no longer

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    about.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield about
    finally:
        about.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
