"""HTTP as it goes over the wire: nothing followed, nothing repeated, nothing read into an answer."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from headrace.conformance.checks import Differs

MAX_ANSWER_BYTES = 64 * 1024 * 1024
SHOWN_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back.

    Attributes:
        request: the method and the path that it answers.
        headers: by lower-case name; the last of those with one name.
    """

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body.

        Raises:
            Differs: it is no JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            raise Differs(f"the body of {self.request}", expected="JSON", got=self.text()) from None

    def text(self) -> str:
        """The start of the body, to be shown."""
        text = self.body.decode(errors="backslashreplace")
        return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} ..."

    def shown(self) -> str:
        """The exchange on a line."""
        return f"{self.request} -> {self.status} {self.text()}".rstrip()


class NoAnswer(Exception):
    """The server can't be reached, or ended the conversation."""


class Wire:
    """One server; each thread has a connection of its own, kept open.

    Attributes:
        host: as it stands in the header of the same name.
        base: what stands before every path.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"An endpoint is an address such as http://127.0.0.1:8321, not {url!r}.")
        self._name, self._port = parts.hostname, parts.port
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._timeout_s = timeout_s
        self._own = threading.local()
        self._opened: list[http.client.HTTPConnection] = []
        self.host = parts.netloc.rpartition("@")[2]
        self.base = parts.path.rstrip("/")

    def send(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str]
    ) -> Answer:
        """Ask, once. A connection that the server has closed meanwhile is opened anew.

        Raises:
            NoAnswer: nothing, or too much, came back.
        """
        connection, is_used = self._connection()
        try:
            return self._exchange(connection, method, path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            connection.close()
            if not is_used:
                raise NoAnswer(f"{method} {path}: {error}") from None
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NoAnswer(f"{method} {path}: {type(error).__name__} {error}") from None
        try:
            return self._exchange(connection, method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NoAnswer(f"{method} {path}: {type(error).__name__} {error}") from None

    def close(self) -> None:
        """Close every connection."""
        for connection in self._opened:
            connection.close()

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        found: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if found is None:
            found = self._own.connection = self._new()
            self._opened.append(found)
        return found, found.sock is not None

    def _new(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._name, self._port, timeout=self._timeout_s)
        return http.client.HTTPSConnection(self._name, self._port, timeout=self._timeout_s, context=self._tls)

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        connection.request(method, self.base + path, body=body, headers={"Host": self.host, **headers})
        response = connection.getresponse()
        content = response.read(MAX_ANSWER_BYTES + 1)
        if len(content) > MAX_ANSWER_BYTES:
            raise http.client.HTTPException(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
        if response.length:  # it is no error to `read` with a limit
            raise http.client.IncompleteRead(content, response.length)
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(request=f"{method} {path}", status=response.status, headers=found, body=content)
