"""Every way into a server, read off the tables that it routes by; and a request that breaks no rule for each.

An API that is not known here, and a path's parameter that nobody says a value for, is an error: whoever adds
one decides who may use it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.contract import test_access as spoken
from tests.contract.bedrock.things import ROLE
from tests.contract.native import test_rights as native

from headrace.apis.bedrock.model import load
from headrace.apis.health import PATHS
from headrace.app import Server

PREFIXES = {"HumanloopApi": "/v5", "NativeApi": "/api", "ConsoleApi": "", "BedrockApi": ""}
"""The APIs that route by a table, and what their paths begin with."""
FIXED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "HealthApi": tuple(("GET", "/" + "/".join(path)) for path in sorted(PATHS)),
    "PagesApi": (("GET", "/"), ("GET", "/ui/none.js")),
    "SessionsApi": (("GET", "/api/session"), ("POST", "/api/session"), ("DELETE", "/api/session")),
    "OtlpApi": (("POST", "/v1/traces"),),
    "MetricsApi": (("GET", "/metrics"),),
}
"""The APIs that have no table, and their paths."""
OPEN = frozenset(
    {
        ("GET", "/"),
        ("GET", "/ui/none.js"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/v5/openapi.json"),
        ("GET", "/api/openapi.json"),
        ("POST", "/api/session"),
        ("DELETE", "/api/session"),
    }
)
"""All that answers without credentials: pages, health, descriptions of the APIs; signing in, which takes a key
in its body; and signing out, which only tells the browser to forget its cookie."""
CONSOLE_BODIES: Mapping[str, Any] = {
    "POST /console/keys": {"email": "new@example.com"},
    "POST /console/environments": {"name": "new"},
    "PATCH /console/environments/{environment}": {"name": "other"},
    "PATCH /console/files/{file}": {"description": "new"},
    "POST /console/executions": {"flow": "none", "input": "x"},
    "POST /console/runs": {"flow": "none", "input": "x"},
    "POST /console/humanloop/export": {},
}
SPANS = {"resourceSpans": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One method on one path.

    Attributes:
        api: the name of the class that answers.
        name: the operation's; where it has none, its method and path.
        template: the whole path, with ``{name}`` for each parameter.
        row: the table's, where there is one.
        body: one that breaks no rule; None for none.
        query: the same, with its question mark.
    """

    api: str
    name: str
    method: str
    template: str
    row: Any = None
    body: Any = None
    query: str = ""

    @property
    def is_open(self) -> bool:
        return (self.method, self.template) in OPEN

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(re.findall(r"{(\w+)}", self.template))

    def path(self, **values: str) -> str:
        """The path with these values, which are encoded already, and its query."""
        return re.sub(r"{(\w+)}", lambda found: values[found[1]], self.template) + self.query


def doors(server: Server) -> list[Door]:
    """All of them."""
    return [door for api in server.app._apis for door in _doors_of(api)]


def _doors_of(api: Any) -> Iterator[Door]:
    kind = type(api).__name__
    if kind in FIXED:
        for method, path in FIXED[kind]:
            body = SPANS if kind == "OtlpApi" else {"key": "hl_sk_none"} if method == "POST" else None
            yield Door(api=kind, name=f"{method} {path}", method=method, template=path, body=body)
        return
    assert kind in PREFIXES, f"{kind} is an API that no test here knows"
    for method, path, row in _rows(api._table._root, ""):
        yield _door(kind, method, PREFIXES[kind] + path, row)


def _rows(node: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    """The rows of a routing table, as `headrace.apis.routing` keeps them."""
    for method, (names, row) in node.rows.items():
        rest = iter(names)
        yield method, re.sub(r"{}", lambda _, rest=rest: f"{{{next(rest)}}}", path) or "/", row
    for literal, below in node.literals.items():
        yield from _rows(below, f"{path}/{literal}")
    for below in (node.parameter, node.rest):
        if below is not None:
            yield from _rows(below, f"{path}/{{}}")


def _door(kind: str, method: str, path: str, row: Any) -> Door:
    name = getattr(row, "name", None) or f"{method} {path}"
    body: Any = None
    query = ""
    if kind == "BedrockApi":
        body, query = _bedrock_body(name), spoken.QUERIES.get(name, "")
    elif kind == "HumanloopApi":
        body = spoken.BODIES_OF_ITS_OWN.get(name) or {"path": f"no/where/{name}"}
        query = "?version_id=none" if re.fullmatch(r"Set\w+Deployment", name) else ""
    elif kind == "NativeApi" and row is not None:
        body = None if row.body is None else native.BODIES.get(name, {})
        query = native.QUERIES.get(name, "")
    elif kind == "ConsoleApi":
        body = CONSOLE_BODIES.get(f"{method} {path}")
    return Door(api=kind, name=name, method=method, template=path, row=row, body=body, query=query)


def _bedrock_body(name: str) -> Any:
    if load().operations[name].method in ("GET", "DELETE"):
        return None
    made = {"name": "made-by-nobody", "executionRoleArn": ROLE} if name.startswith("Create") else None
    return spoken.BODIES.get(name, made)


def as_bytes(body: Any) -> bytes | None:
    """A body as it is sent."""
    return body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
