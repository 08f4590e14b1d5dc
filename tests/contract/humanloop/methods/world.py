"""The small world that methods are tried in, and what a row of their table is."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from humanloop.core.api_error import ApiError
from humanloop.types import AgentResponse, FlowResponse
from tests.contract.humanloop.kinds import KINDS, Kind, code

PYTHON, ASYNC, NPM = "Python", "Python, async", "npm"
CLIENTS = (PYTHON, ASYNC, NPM)

FLOW = Kind(
    name="flow",
    operations="flows",
    content=lambda number: {"attributes": {"graph": "v3", "seed": number}},
    update_version="update_flow_version",
    delete_version="delete_flow_version",
    shown=FlowResponse,
    prefixes=("fl_", "flv_"),
)
AGENT = Kind(
    name="agent",
    operations="agents",
    content=lambda number: {"model": "gpt-4o", "template": "Hello {{name}}", "seed": number},
    update_version="patch_agent_version",
    delete_version="delete_agent_version",
    shown=AgentResponse,
    prefixes=("ag_", "agv_"),
)
FILES: Mapping[str, Kind] = {one.name: one for one in (FLOW, *KINDS, AGENT)}
"""Every kind of files, by its name."""


class View(dict[str, Any]):
    """What a client gave, read by names; a member that it left out is None."""

    def __getattr__(self, name: str) -> Any:
        return view(self.get(name))


def view(value: Any) -> Any:
    """Models, mappings and lists of them, as views."""
    if hasattr(value, "model_dump"):
        return View(value.model_dump())
    if isinstance(value, dict):
        return View(value)
    return [view(one) for one in value] if isinstance(value, list) else value


def after(_: object, then: Any) -> Any:
    """The second, once the first is made."""
    return then


@dataclass(frozen=True)
class World:
    """What is there when a method is tried, made when it is first asked for.

    Attributes:
        client: the Python client, which makes it and looks at what became of it.
        tag: what its names end with, and no other world's.
    """

    client: Any
    tag: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def home(self) -> str:
        """A directory of its own."""
        return f"methods {self.tag}"

    def path(self, name: str) -> str:
        """A path in it."""
        return f"{self.home}/{name} {self.tag}"

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What was made the first time."""
        if name not in self.kept:
            self.kept[name] = view(make())
        return self.kept[name]

    def operations(self, kind: str) -> Any:
        """The client's operations on files of a kind."""
        return FILES[kind].of(self.client)

    def file(self, kind: str) -> View:
        """A file with one version, which is deployed."""
        content = FILES[kind].content(1)
        made: View = self.once(
            kind, lambda: self.operations(kind).upsert(path=self.path(f"a {kind}"), **content)
        )
        return made

    def other(self, kind: str) -> View:
        """Another file of the kind, whose name comes after."""
        content = FILES[kind].content(1)
        made: View = self.once(
            f"other {kind}",
            lambda: self.operations(kind).upsert(path=self.path(f"b {kind}"), **content),
        )
        return made

    def second(self, kind: str) -> View:
        """A second version of the first file, deployed nowhere."""
        first, content = self.file(kind).id, FILES[kind].content(2)
        made: View = self.once(
            f"second {kind}",
            lambda: self.operations(kind).upsert(id=first, version_name="second", **content),
        )
        return made

    @cached_property
    def staging(self) -> str:
        """The id of an environment that nothing is deployed to by itself."""
        listed = self.client.flows.list_environments(self.file("flow").id)
        return str(next(one.id for one in listed if one.name == "staging"))

    def deployed(self, kind: str) -> dict[str, str | None]:
        """The id of the version in each environment."""
        listed = self.operations(kind).list_environments(self.file(kind).id)
        return {one.name: one.file and one.file.version_id for one in listed}

    def staged(self, kind: str) -> str:
        """The second version is deployed to staging, whose id this is."""
        versions = self.operations(kind)
        versions.set_deployment(self.file(kind).id, self.staging, version_id=self.second(kind).version_id)
        return self.staging

    def versions(self, kind: str) -> list[str]:
        """The ids of a file's versions, newest first."""
        return [one.version_id for one in self.operations(kind).list_versions(self.file(kind).id).records]

    def judge(self) -> View:
        """An evaluator that can judge anything."""
        made: View = self.once(
            "judge", lambda: self.client.evaluators.upsert(path=self.path("Judge"), spec=code(1))
        )
        return made

    def log(self, id: str) -> View:
        """A log as the server shows it."""
        return View(self.client.logs.get(id))

    def is_gone(self, ask: Callable[[], Any]) -> bool:
        """Whether a question is answered with 404."""
        try:
            ask()
        except ApiError as error:
            return bool(error.status_code == 404)
        return False


@dataclass(frozen=True, kw_only=True)
class Row:
    """A method, how it is tried, and what must hold then.

    Attributes:
        method: the Python package's name for it, behind its resource's: `flows.get`.
        operation: the operation of the API that it asks for; none when it asks for several, or for none.
        asks: what it asks for, in words, when it is not one operation.
        arguments: what it is called with.
        holds: whether its answer is right, and what it did can be seen.
        clients: those that have it.
        elsewhere: the test that tries it, by client, where a call with arguments is not enough.
    """

    method: str
    operation: str = ""
    asks: str = ""
    arguments: Callable[[World], Mapping[str, Any]] = lambda world: {}
    holds: Callable[[World, Any], Any] = lambda world, answer: False
    clients: tuple[str, ...] = CLIENTS
    elsewhere: Mapping[str, str] = field(default_factory=dict)
