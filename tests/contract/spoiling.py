"""A proxy that changes answers on their way, as a server with one fault would give them."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 30
HOP_BY_HOP = {"transfer-encoding", "content-length", "connection"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """An answer on its way.

    Attributes:
        request: the method and the path of what it answers.
    """

    request: str
    status: int
    headers: dict[str, str]
    body: bytes

    def with_json(self, change: Callable[[Any], Any]) -> Passing:
        """With another body; one that is no JSON stays."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return self
        return replace(self, body=json.dumps(change(value)).encode())

    def without(self, header: str) -> Passing:
        return replace(self, headers={name: value for name, value in self.headers.items() if name != header})


Spoil = Callable[[Passing], Passing]


@contextmanager
def spoiled(url: str, spoil: Spoil) -> Iterator[str]:
    """The address of a server that answers as the one at `url` does, but for what `spoil` changes."""
    upstream = urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one piece: otherwise the body waits for the head to be acknowledged

        def handle_any(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            connection = http.client.HTTPConnection(upstream.hostname or "", upstream.port, timeout=TIMEOUT_S)
            connection.request(
                self.command, self.path, self.rfile.read(size) or None, dict(self.headers.items())
            )
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            got = Passing(
                request=f"{self.command} {self.path}",
                status=response.status,
                headers={name: value for name, value in headers.items() if name not in HOP_BY_HOP},
                body=response.read(),
            )
            connection.close()
            self._pass_on(spoil(got))

        def _pass_on(self, answer: Passing) -> None:
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *_: Any) -> None: ...

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address


@contextmanager
def saying(status: int, body: bytes, content_type: str = "application/json") -> Iterator[str]:
    """The address of a server that says one thing, whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one piece: otherwise the body waits for the head to be acknowledged

        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response_only(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *_: Any) -> None: ...

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[str]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(TIMEOUT_S)
        server.server_close()
