"""Our own API on the live server, and a flow with versions to deploy."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A flow with three versions, the first of them in production.

    Attributes:
        versions: their ids; version 1 is at 0.
    """

    asker: Asker
    humanloop: Any
    path: str
    id: str
    versions: list[str] = field(default_factory=list)

    def ask(self, method: str, *parts: str, body: Any = None, **more: Any) -> Any:
        return self.asker.ask(method, "files", self.path, *parts, body=body, **more)

    def send(self, method: str, *parts: str, body: Any = None, **more: Any) -> Any:
        return self.asker.send(method, "files", self.path, *parts, body=body, **more)

    def refused(self, status: int, code: str, method: str, *parts: str, body: Any = None, **more: Any) -> str:
        return self.asker.refused(status, code, method, "files", self.path, *parts, body=body, **more)

    def live(self, pointer: str = "production") -> Any:
        return self.ask("GET", "pointers", pointer)

    def move(self, to: str | int, pointer: str = "production", **said: Any) -> Any:
        return self.ask("POST", "pointers", pointer, "moves", body={"to": to, **said})


@pytest.fixture
def asker(server: LiveServer) -> Asker:
    """Who may do everything: the server is in open mode."""
    return Asker(url=server.url)


@pytest.fixture
def desk(server: LiveServer, asker: Asker) -> Desk:
    client, path = server.humanloop(), f"native {next(_numbers)}/Triage ünï"
    made = [client.flows.upsert(path=path, attributes={"says": f"version {n}"}) for n in (1, 2, 3)]
    return Desk(
        asker=asker,
        humanloop=client,
        path=path,
        id=made[0].id,
        versions=[one.version_id for one in made],
    )
