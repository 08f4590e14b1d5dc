"""Speaks to a Humanloop server as its packages do."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

from headrace.conformance.checks import Differs
from headrace.conformance.expecting import equal, holds, mapping, member, sequence
from headrace.conformance.ledger import Entry, Ledger
from headrace.conformance.shared import Shared
from headrace.conformance.wire import Answer, Wire

API = "humanloop"
JSON_TYPE = "application/json"
KINDS = {"fl": "flows", "pr": "prompts", "tl": "tools", "ds": "datasets", "ev": "evaluators", "ag": "agents"}
"""Which paths a kind of file is under, by how its ids begin."""
COLLECTIONS = {*KINDS.values(), "directories", "evaluations"}
"""What a POST to makes something."""

Query = Sequence[tuple[str, str]]


@dataclass(kw_only=True, slots=True)
class Setup:
    """What all checks of a run share.

    Attributes:
        wire: with everything that stands before the paths.
        expects_auth: whether a server that lets strangers in has failed.
        prefix: the directory that everything is made in.
        shared: what several checks look at and none changes, by what it is.
    """

    wire: Wire
    api_key: str
    expects_auth: bool
    prefix: str
    ledger: Ledger
    numbers: count[int] = field(default_factory=lambda: count(1))
    shared: Shared = field(default_factory=Shared)


class Humanloop:
    """The client of one check.

    Attributes:
        last: the answer that came last.
        owner: whose things are made.
    """

    def __init__(self, setup: Setup, owner: str) -> None:
        self.setup = setup
        self.last: Answer | None = None
        self.owner = owner

    # Names

    def name(self) -> str:
        """A name that nothing has."""
        return f"{self.setup.prefix}-{next(self.setup.numbers)}"

    def path(self, *more: str) -> str:
        """A path that nothing is at."""
        return "/".join((self.setup.prefix, self.name(), *more))

    # Asking

    def call(
        self,
        method: str,
        *segments: str,
        body: Any = None,
        query: Query = (),
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask anything, whatever comes of it. What is made is put down to be removed again."""
        target = "".join(f"/{quote(segment, safe='')}" for segment in segments)
        if query:
            target += "?" + urlencode(query, quote_via=quote, safe="")
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        told = {"X-API-KEY": self.setup.api_key, **({} if content is None else {"Content-Type": JSON_TYPE})}
        told = {**told, **headers} if headers is not None else told
        answer = self.last = self.setup.wire.send(method, target, body=content, headers=told)
        if method == "POST" and 200 <= answer.status < 300:
            self._put_down(segments, body, answer)
        return answer

    def ok(self, method: str, *segments: str, body: Any = None, query: Query = (), status: int = 200) -> Any:
        """Ask for something that must succeed; the body of the answer."""
        answer = self.call(method, *segments, body=body, query=query)
        equal(f"the status of {answer.request}", answer.status, status)
        return answer.json() if status != 204 else None

    def refused(
        self, method: str, *segments: str, status: int, body: Any = None, query: Query = ()
    ) -> dict[str, Any]:
        """Ask for something that must fail in a certain way; the body of the error (humanloop 0.5)."""
        answer = self.call(method, *segments, body=body, query=query)
        equal(f"the status of {answer.request}", answer.status, status)
        return dict(mapping("the error", answer.json()))

    def put(self, kind: str, **members: Any) -> dict[str, Any]:
        """Upsert a file; what is answered."""
        return dict(mapping("the answer", self.ok("POST", kind, body=members)))

    def flow(self, **members: Any) -> dict[str, Any]:
        """Upsert a flow; a new one, unless a path or an id is given."""
        if "id" not in members:
            members = {"path": self.path("flow"), **members}
        return self.put("flows", **{"attributes": {"model": "a"}, **members})

    def log(self, *, query: Query = (), **members: Any) -> dict[str, Any]:
        """Log a run of a flow; what is answered."""
        return dict(mapping("the answer", self.ok("POST", "flows", "log", body=members, query=query)))

    def read_log(self, log_id: str) -> dict[str, Any]:
        """A log with all below it."""
        return dict(mapping("the log", self.ok("GET", "logs", log_id)))

    def _put_down(self, segments: tuple[str, ...], body: Any, answer: Answer) -> None:
        """What was made is removed again, also where the answer should have been a refusal."""
        if segments == ("flows", "log") and isinstance(body, dict) and "id" not in body:
            kind, key = "flows", "flow_id"
        elif len(segments) == 1 and segments[0] in COLLECTIONS:
            kind, key = segments[0], "id"
        else:
            return
        try:
            made = quote(str(answer.json()[key]), safe="")
        except (Differs, KeyError, TypeError):
            return  # then it can be found by its name only
        self.setup.ledger.add(Entry(api=API, path=f"/{kind}/{made}", owner=self.owner))

    def shared(self, what: str, make: Callable[[Humanloop], Any]) -> Any:
        """Something that is made once a run, for all checks that only look at it."""
        maker = Humanloop(self.setup, "")
        try:
            return self.setup.shared.get(what, lambda: make(maker))
        finally:
            self.last = maker.last or self.last

    def sample(self) -> dict[str, Any]:
        """The shared flow."""
        return dict(self.shared("flow", lambda maker: maker.flow(version_name="first")))


def new_id() -> str:
    """An id for a log, as a client makes one."""
    return f"log_{uuid.uuid4().hex}"


def has_detail(error: Mapping[str, Any]) -> None:
    """See that an error other than 422 says what is wrong in a text."""
    holds("detail", is_so=isinstance(error.get("detail"), str), expected="a text", got=error.get("detail"))


def locates(error: Mapping[str, Any], *loc: str | int) -> None:
    """See that a 422 is a list that names a place (humanloop 0.5)."""
    found = [member("an item of detail", one, "loc") for one in sequence("detail", error.get("detail"))]
    holds("detail", is_so=list(loc) in found, expected=f"an item whose loc is {list(loc)}", got=found)
