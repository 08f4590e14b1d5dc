"""Requests to the server of a test, with nothing but the standard library and around any proxy."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from headrace.testing.failures import NoServer

TIMEOUT_S = 600.0
"""More than any test should take: whoever is in a hurry has pytest-timeout."""
HEADERS = {
    "content-type": "application/json",
    "authorization": "AWS4-HMAC-SHA256 any",
    "x-api-key": "any",
}
"""What a server without keys asks for: that there are some."""


class Answered(Exception):
    """A request was refused.

    Attributes:
        status: the answer's.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Wire:
    """Speaks to one server.

    Args:
        url: its address.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request.

        Raises:
            Answered: it was refused.
            NoServer: there was none.
        """
        with self._opened(method, path, body) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def lines(self, path: str, body: Any) -> Iterator[bytes]:
        """The lines of an answer, as they come.

        Raises:
            Answered, NoServer: as `call` does.
        """
        with self._opened("POST", path, body) as answer:
            yield from answer

    def _opened(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, HEADERS, method=method)  # noqa: S310 - http
        try:
            return self._opener.open(request, timeout=TIMEOUT_S)
        except urllib.error.HTTPError as error:
            raise Answered(error.code, _reason(error.read())) from None
        except (urllib.error.URLError, OSError) as error:
            raise NoServer(f"The server at {self._url} does not answer: {error}") from None


def _reason(text: bytes) -> str:
    try:
        told = json.loads(text)
    except ValueError:
        return text.decode(errors="replace")
    message = told.get("message") or told.get("detail") if isinstance(told, dict) else None
    return message if isinstance(message, str) else json.dumps(told)
