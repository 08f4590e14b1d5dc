"""How commands reach what they manage: the server that runs on the store, or the store itself.

A SQLite store belongs to one process at a time. The server writes its address and a token into the lock file
beside the store, which only its own user can read; a command that finds them there speaks to the server.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

import click

from headrace.settings import Settings
from headrace.storage.place import path_of, running_server, shown

TIMEOUT_S = 30


class Console(Protocol):
    """What the commands can do to an organisation."""

    def create_key(self, wanted: dict[str, Any]) -> dict[str, Any]: ...

    def list_keys(self) -> list[dict[str, Any]]: ...

    def revoke_key(self, key_id: str) -> None: ...

    def place(self) -> dict[str, str]: ...

    def bring_in(self, bundle: bytes, *, is_update: bool, is_rehearsal: bool) -> dict[str, Any]: ...

    def take_out(self, flows: tuple[str, ...]) -> list[dict[str, Any]]: ...

    def call(self, method: str, path: str, body: Any = None, *, is_slow: bool = False) -> Any:
        """What the console answers to a request of its own; None when that is nothing.

        Args:
            is_slow: whether the answer may take as long as it takes.
        """

    def held(self) -> AbstractContextManager[None]:
        """Kept open for several calls, where that makes them faster."""


def find_console(settings: Settings, *, makes_store: bool = False) -> Console:
    """The server at HEADRACE_URL, or the one that runs on the store, or the store.

    Args:
        makes_store: whether a store that is not there is made, instead of taken for a misspelt one.
    """
    url = os.environ.get("HEADRACE_URL")
    if url:
        return RemoteConsole(_checked_url(url), {"x-api-key": _api_key()})
    if settings.store == "memory:":
        raise click.UsageError("A store in memory is only in its server: set HEADRACE_URL to that server's.")
    try:
        note = running_server(settings.store)
    except OSError as error:
        raise click.ClickException(f"Can't tell whether a server runs on the store: {error}") from None
    if note is not None:
        _check_account(note)
        return RemoteConsole(note["url"], {"x-headrace-local": note["token"]}, is_local=True)
    path = path_of(settings.store)
    if path is not None and not makes_store and not path.exists():
        raise click.ClickException(
            f"There is no store at {path}. Make one with `headrace serve`, name another with --store, or set "
            "HEADRACE_URL to a server's address."
        )
    from headrace.cli.store_console import StoreConsole  # half a second, needed when no server runs only

    return StoreConsole(settings)


def _check_account(note: Mapping[str, str]) -> None:
    """Refuse to work on another organisation than the one that is asked for."""
    asked, theirs = os.environ.get("HEADRACE_ACCOUNT"), note.get("account")
    if asked and theirs and asked != theirs:
        raise click.ClickException(
            f"The server that runs on the store answers these commands for {theirs}, not for {asked}. "
            "Stop it first, or set HEADRACE_URL and HEADRACE_API_KEY with a key of that organisation."
        )


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # its port or its IPv6 address is none
        is_usable = False
    if not is_usable:
        raise click.UsageError(f"HEADRACE_URL must be an address such as http://127.0.0.1:8321, not {url!r}.")
    if parts.path.rstrip("/").endswith("/v5"):
        raise click.UsageError(
            "HEADRACE_URL is the address of the server itself, without the /v5 of Humanloop's."
        )
    return url


def _api_key() -> str:
    key = os.environ.get("HEADRACE_API_KEY", "-")
    if not (key.isascii() and key.isprintable()):
        raise click.UsageError("HEADRACE_API_KEY holds characters that no key has.")
    return key


def _told(reason: str | None, status: int) -> str | None:
    """Why a server refused; with what to do where it was asked without a key."""
    if status != 401 or "HEADRACE_API_KEY" in os.environ:
        return reason
    return " ".join(filter(None, (reason, "Set HEADRACE_API_KEY to one that this server made.")))


def find_server(settings: Settings) -> RemoteConsole:
    """The server at HEADRACE_URL, or the one that runs on the store."""
    console = (
        None if settings.store == "memory:" and not os.environ.get("HEADRACE_URL") else find_console(settings)
    )
    if not isinstance(console, RemoteConsole):
        raise click.ClickException(
            f"No server runs on {shown(settings.store)}. Start it with `headrace serve`, or set HEADRACE_URL."
        )
    return console


CONFLICT = 409


class Refusal(click.ClickException):
    """The console answered that it can't or won't.

    Attributes:
        status: the answer's, as HTTP has it.
    """

    def __init__(self, message: str | None, status: int) -> None:
        super().__init__(message or f"The request was answered {status}.")
        self.status = status


class RemoteConsole:
    """A running server."""

    def __init__(self, url: str, headers: dict[str, str], *, is_local: bool = False) -> None:
        self._url = urlsplit(url)
        self._headers = headers
        self._is_local = is_local

    def create_key(self, wanted: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = self.call("POST", "/console/keys", wanted)
        return made

    def list_keys(self) -> list[dict[str, Any]]:
        keys: list[dict[str, Any]] = self.call("GET", "/console/keys")["keys"]
        return keys

    def revoke_key(self, key_id: str) -> None:
        self.call("DELETE", f"/console/keys/{quote(key_id, safe='')}")

    def place(self) -> dict[str, str]:
        place: dict[str, str] = self.call("GET", "/console/bedrock/place")
        return place

    def bring_in(self, bundle: bytes, *, is_update: bool, is_rehearsal: bool) -> dict[str, Any]:
        query = urlencode({"update": str(is_update).lower(), "dry_run": str(is_rehearsal).lower()})
        report: dict[str, Any] = self.call("POST", f"/console/bedrock/import?{query}", bundle)
        return report

    def take_out(self, flows: tuple[str, ...]) -> list[dict[str, Any]]:
        query = urlencode([("flow", flow) for flow in flows])
        documents: list[dict[str, Any]] = self.call("GET", f"/console/bedrock/export?{query}")
        return documents

    def held(self) -> AbstractContextManager[None]:
        """For several calls; each has a connection of its own all the same."""
        return nullcontext()

    def stream(self, path: str, body: Any, *, method: str = "POST") -> Iterator[bytes]:
        """The lines that a request is answered with, as they come, however long one takes."""
        with self._asked(method, path, body, timeout_s=None) as response:
            while line := response.readline():
                yield line

    def call(self, method: str, path: str, body: Any = None, *, is_slow: bool = False) -> Any:
        with self._asked(method, path, body, timeout_s=None if is_slow else TIMEOUT_S) as response:
            text = response.read()
        try:
            return json.loads(text) if text else None
        except ValueError:
            raise click.ClickException(f"What answers at {self._url.geturl()} is not Headrace.") from None

    @contextmanager
    def _asked(
        self, method: str, path: str, body: Any, *, timeout_s: float | None
    ) -> Iterator[http.client.HTTPResponse]:
        """A response that is no refusal."""
        connection = self._connection(timeout_s=timeout_s)
        try:
            connection.request(
                method,
                self._url.path.rstrip("/") + path,
                body=body if body is None or isinstance(body, bytes) else json.dumps(body),
                headers=self._headers,
            )
            response = connection.getresponse()
            if response.status >= 400:
                raise Refusal(_told(reason_of(response.read()), response.status), response.status)
            yield response
        except (OSError, http.client.HTTPException) as error:
            raise click.ClickException(f"No answer from {self._url.geturl()}: {error}") from None
        finally:
            connection.close()

    def _connection(self, *, timeout_s: float | None) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme != "https":
            return http.client.HTTPConnection(host, port, timeout=timeout_s)
        context = ssl.create_default_context()
        if self._is_local:  # the address came from a file that only our own user can write
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)


def reason_of(text: bytes) -> str | None:
    """What a refusal of the console, or of our own API, says; None when it is no refusal of ours."""
    try:
        reason = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        return None
    return str(reason["message"] if isinstance(reason, dict) and "message" in reason else reason)
