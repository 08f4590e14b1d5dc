"""The three clients, each carrying out a row's method, and what is asked of any answer of theirs."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from humanloop import AsyncHumanloop, Humanloop
from humanloop.core.pagination import SyncPager
from tests.contract.conftest import NO_CERTIFICATES, finish_models
from tests.contract.humanloop.methods.checks import (
    Exchange,
    check_declared,
    check_operation,
    exchange_of,
    is_json,
)
from tests.contract.humanloop.methods.world import Row, view
from tests.contract.humanloop.test_javascript import Sdk


class Client(Protocol):
    """What carries out methods."""

    def methods(self) -> set[str]:
        """Every public method that the client has, found by looking at it."""

    def answer(self, row: Row, arguments: Mapping[str, Any]) -> Any:
        """The view of what a row's method answers, which has the type that the client declares."""


def public(thing: Any) -> Iterator[str]:
    """The names of what can be called on something."""
    return (name for name in dir(thing) if not name.startswith("_") and callable(getattr(thing, name)))


def python_methods(client: Any) -> set[str]:
    """Every public method of a Python client: its own, and those of its resources."""
    found = set(public(client))
    for resource in vars(client):
        if not resource.startswith("_"):
            found.update(f"{resource}.{name}" for name in public(getattr(client, resource)))
    return found


def _found(client: Any, method: str) -> Callable[..., Any]:
    resource, _, name = method.rpartition(".")
    found: Callable[..., Any] = getattr(getattr(client, resource), name)
    return found


@dataclass(frozen=True)
class PythonClient:
    """The client that most programs have."""

    client: Any
    heard: list[Exchange]

    def methods(self) -> set[str]:
        """By reflection."""
        return python_methods(self.client)

    def answer(self, row: Row, arguments: Mapping[str, Any]) -> Any:
        """Call it."""
        function = _found(self.client, row.method)
        self.heard.clear()
        answer = function(**arguments)
        if isinstance(answer, SyncPager) or inspect.isgenerator(answer):
            answer = list(answer)
        if row.operation:
            check_operation(row, self.heard[0])
        check_declared(row, function, answer, self.heard)
        return view(answer)


@contextmanager
def python_client(url: str) -> Iterator[PythonClient]:
    """The client of a server, and its ears."""
    heard: list[Exchange] = []

    def hear(response: httpx.Response) -> None:
        if is_json(response):
            response.read()
        heard.append(exchange_of(response))

    finish_models()
    plain = httpx.Client(
        verify=NO_CERTIFICATES, timeout=60, follow_redirects=True, event_hooks={"response": [hear]}
    )
    yield PythonClient(Humanloop(api_key="any", base_url=f"{url}/v5", httpx_client=plain), heard)


@dataclass(frozen=True)
class AsyncClient:
    """The client for programs that wait for several things at once."""

    client: Any
    heard: list[Exchange]
    runner: asyncio.Runner

    def methods(self) -> set[str]:
        """By reflection."""
        return python_methods(self.client)

    def answer(self, row: Row, arguments: Mapping[str, Any]) -> Any:
        """Call it, and wait."""
        function = _found(self.client, row.method)
        self.heard.clear()
        answer = self.runner.run(self._wait(function, arguments))
        if row.operation:
            check_operation(row, self.heard[0])
        check_declared(row, function, answer, self.heard)
        return view(answer)

    async def _wait(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        answer = function(**arguments)
        if inspect.isawaitable(answer):
            answer = await answer
        if hasattr(answer, "__aiter__"):
            return [one async for one in answer]
        return answer


@contextmanager
def async_client(url: str) -> Iterator[AsyncClient]:
    """The client of a server, its ears, and the loop that it lives in."""
    heard: list[Exchange] = []

    async def hear(response: httpx.Response) -> None:
        if is_json(response):
            await response.aread()
        heard.append(exchange_of(response))

    finish_models()
    with asyncio.Runner() as runner:
        plain = httpx.AsyncClient(
            verify=NO_CERTIFICATES, timeout=60, follow_redirects=True, event_hooks={"response": [hear]}
        )
        client = AsyncHumanloop(api_key="any", base_url=f"{url}/v5", httpx_client=plain)
        yield AsyncClient(client, heard, runner)
        runner.run(plain.aclose())


FREE = {"inputs", "attributes", "metadata", "target", "parameters", "json_schema", "setup_values", "body"}
"""Members whose own names are the caller's."""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda found: f"_{found[1].lower()}", name)


def _renamed(value: Any, rename: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_renamed(one, rename) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        rename(name): one if _snake(name) in FREE else _renamed(one, rename) for name, one in value.items()
    }


@dataclass(frozen=True)
class NpmClient:
    """The client for JavaScript, in a process of its own.

    Attributes:
        of: the Python client, whose signatures tell which arguments have places instead of names.
    """

    sdk: Sdk
    of: Any

    def methods(self) -> set[str]:
        """By reflection, in the words of Python."""
        return {".".join(map(_snake, name.split("."))) for name in self.sdk.methods()}

    def answer(self, row: Row, arguments: Mapping[str, Any]) -> Any:
        """Call it; it warns when an answer is not of the type that it declares."""
        method = ".".join(map(_camel, row.method.split(".")))
        is_list = row.method.endswith((".list", "_stream", ".list_datapoints"))
        answer, warnings = self.sdk.watched(method, *self._places(row.method, arguments), is_list=is_list)
        assert not warnings, "\n".join(warnings)
        return view(_renamed(answer, _snake))

    def _places(self, method: str, arguments: Mapping[str, Any]) -> list[Any]:
        named = dict(arguments)
        parameters = inspect.signature(_found(self.of, method)).parameters.values()
        is_path = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
        places = [named.pop(name) for name in is_path if name in named]
        if "file" in named and method == "datasets.upload_csv":
            name, content = named.pop("file")
            places.insert(0, {"$file": content.read().decode(), "name": name})
        if "request" in named:
            named["body"] = named.pop("request")
        return [*places, _renamed(named, _camel)]
