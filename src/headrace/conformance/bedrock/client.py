"""Speaks to a Bedrock server as the SDKs do: paths as they encode them, tokens that they fill in, signed."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

from headrace.conformance.bedrock.definitions import LINE
from headrace.conformance.bedrock.frames import Frame, frames
from headrace.conformance.bedrock.operations import OPERATIONS, Operation
from headrace.conformance.checks import CannotTell, Differs
from headrace.conformance.expecting import contains, equal, mapping, member, sequence
from headrace.conformance.ledger import Entry, Ledger
from headrace.conformance.shared import Shared
from headrace.conformance.signing import Credentials, signed
from headrace.conformance.wire import Answer, Wire

API = "bedrock"
DRAFT = "TSTALIASID"
JSON_TYPE = "application/json"
THROTTLED_STATUS = 429
MAX_ATTEMPTS = 8
MAX_PAGES = 1000
FIRST_PAUSE_S = 0.25
LOOK_EVERY_S = 0.05

Query = Sequence[tuple[str, str]]


@dataclass(kw_only=True, slots=True)
class Setup:
    """What all checks of a run share.

    Attributes:
        agent: where flows are kept.
        runtime: where they are run; the same server, but for AWS.
        expects_auth: whether a server that lets strangers in has failed.
        prefix: what every name begins with.
        shared: what several checks look at and none changes, by what it is.
        patience_s: how long something may take that goes on by itself.
        stopping: set when nothing is to be waited for any more.
    """

    agent: Wire
    runtime: Wire
    credentials: Credentials
    expects_auth: bool
    region: str
    role: str
    prefix: str
    ledger: Ledger
    patience_s: float
    numbers: count[int] = field(default_factory=lambda: count(1))
    shared: Shared = field(default_factory=Shared)
    stopping: threading.Event = field(default_factory=threading.Event)


class Bedrock:
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

    def flow_body(self, **members: Any) -> dict[str, Any]:
        """What a flow is made of: a line from the input to the output, unless something else is given.

        A member that is None is left out.
        """
        body = {"name": self.name(), "executionRoleArn": self.setup.role, "definition": LINE, **members}
        return {name: value for name, value in body.items() if value is not None}

    # Asking

    def send(
        self,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        is_runtime: bool = False,
        is_signed: bool = True,
    ) -> Answer:
        """Send anything. What is answered that there are too many requests is sent again a little later."""
        wire = self.setup.runtime if is_runtime else self.setup.agent
        told = {"Host": wire.host, **({"Content-Type": JSON_TYPE} if body else {}), **(headers or {})}
        pause_s = FIRST_PAUSE_S
        for attempt in range(MAX_ATTEMPTS):
            ready = self._signed(wire, method, target, told, body) if is_signed else told
            answer = self.last = wire.send(method, target, body=body or None, headers=ready)
            if answer.status != THROTTLED_STATUS:
                break
            if attempt < MAX_ATTEMPTS - 1:
                self._pause(pause_s)
                pause_s *= 2
        return answer

    def _signed(
        self, wire: Wire, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, str]:
        setup = self.setup
        return signed(
            setup.credentials,
            region=setup.region,
            method=method,
            target=wire.base + target,
            headers=headers,
            body=body,
        )

    def call(self, name: str, *labels: str, body: Any = None, query: Query = ()) -> Answer:
        """Call an operation, whatever comes of it. What it makes is put down to be removed again."""
        operation = OPERATIONS[name]
        target = operation.path(*(quote(label, safe="") for label in labels))
        if query:
            target += "?" + urlencode(query, quote_via=quote, safe="")
        if operation.takes_token:
            body = {"clientToken": str(uuid.uuid4()), **(body or {})}
        content = b"" if body is None else json.dumps(body).encode()
        answer = self.send(operation.method, target, body=content, is_runtime=operation.is_runtime)
        self._put_down(name, labels, answer)
        return answer

    def ok(self, name: str, *labels: str, body: Any = None, query: Query = ()) -> dict[str, Any]:
        """Call an operation that must succeed, with the status that the service model has for it."""
        answer = self.call(name, *labels, body=body, query=query)
        equal(f"the status of {name}", answer.status, OPERATIONS[name].status)
        return dict(mapping(f"the answer of {name}", answer.json()))

    def refused(
        self, name: str, *labels: str, status: int, code: str, body: Any = None, query: Query = ()
    ) -> dict[str, Any]:
        """Call an operation that must fail in a certain way; the body of the error."""
        return self.check_error(self.call(name, *labels, body=body, query=query), status=status, code=code)

    def check_error(self, answer: Answer, *, status: int, code: str) -> dict[str, Any]:
        """See that an answer is that error (bedrock 6.1)."""
        equal(f"the status of {answer.request}", answer.status, status)
        said = answer.headers.get("x-amzn-errortype", "").partition(":")[0].rpartition("#")[2]
        equal("the error code in x-amzn-ErrorType", said, code)
        return dict(mapping("the body of the error", answer.json()))

    def every(self, name: str, *labels: str, key: str, query: Query = ()) -> list[dict[str, Any]]:
        """All items of a list, page after page."""
        items: list[dict[str, Any]] = []
        for page in self.pages(name, *labels, query=query):
            items += sequence(key, page.get(key))
        return items

    def pages(self, name: str, *labels: str, query: Query = ()) -> Iterator[dict[str, Any]]:
        """All pages of a list."""
        tokens: list[str] = []
        for _ in range(MAX_PAGES):
            page = self.ok(name, *labels, query=[*query, *(("nextToken", one) for one in tokens[-1:])])
            yield page
            token = page.get("nextToken")
            if not token:
                return
            if token in tokens:
                raise Differs("nextToken", expected="one that leads on", got=token)
            tokens.append(token)
        raise Differs(f"the pages of {name}", expected=f"at most {MAX_PAGES}", got="more")

    # Making

    def flow(self, **members: Any) -> dict[str, Any]:
        """A new flow, as CreateFlow answers it."""
        return self.ok("CreateFlow", body=self.flow_body(**members))

    def prepare(self, flow: str) -> dict[str, Any]:
        """Prepare a flow and wait until that is over; the flow, as GetFlow answers it."""
        self.ok("PrepareFlow", flow)
        return self.settled(lambda: self.ok("GetFlow", flow), "Preparing")

    def prepared(self, **members: Any) -> str:
        """The id of a new flow that is prepared."""
        flow = str(self.flow(**members)["id"])
        equal("the status of a prepared flow", self.prepare(flow).get("status"), "Prepared")
        return flow

    def version(self, flow: str, **members: Any) -> str:
        """The number of a new version."""
        return str(member("the version", self.ok("CreateFlowVersion", flow, body=members), "version"))

    def alias(self, flow: str, target: str, **members: Any) -> dict[str, Any]:
        """A new alias to a version."""
        body = {"name": self.name(), "routingConfiguration": [{"flowVersion": target}], **members}
        return self.ok("CreateFlowAlias", flow, body=body)

    def prompt(self, **members: Any) -> dict[str, Any]:
        """A new prompt."""
        return self.ok("CreatePrompt", body={"name": self.name(), **members})

    def settled(self, look: Callable[[], dict[str, Any]], *passing: str) -> dict[str, Any]:
        """What is seen once the status is none of those that pass."""
        ends_at = time.monotonic() + self.setup.patience_s
        while (seen := look()).get("status") in passing:
            if time.monotonic() > ends_at:
                expected = f"another within {self.setup.patience_s:.0f} s"
                raise Differs("the status", expected=expected, got=seen["status"])
            self._pause(LOOK_EVERY_S)
        return seen

    def shared(self, what: str, make: Callable[[Bedrock], Any]) -> Any:
        """Something that is made once a run, for all checks that only look at it."""
        maker = Bedrock(self.setup, "")
        try:
            return self.setup.shared.get(what, lambda: make(maker))
        finally:
            self.last = maker.last or self.last

    def line(self) -> str:
        """The id of the shared flow: prepared, from the input straight to the output."""
        return str(self.shared("line", Bedrock.prepared))

    # Running

    def invoke(self, flow: str, document: Any, *, alias: str = DRAFT, **members: Any) -> list[Frame]:
        """Run a flow to its end; its frames."""
        answer = self.call("InvokeFlow", flow, alias, body={"inputs": turn(document), **members})
        equal("the status of InvokeFlow", answer.status, OPERATIONS["InvokeFlow"].status)
        return frames(answer.body)

    def outputs(self, flow: str, document: Any, *, alias: str = DRAFT) -> list[tuple[str, Any]]:
        """What comes out of a run that succeeds: each output's node and document, in order."""
        told = self.invoke(flow, document, alias=alias)
        equal("the last frame", told[-1].name if told else None, "flowCompletionEvent")
        return [
            (member("flowOutputEvent", one.payload, "nodeName"), document_of(one))
            for one in told
            if one.name == "flowOutputEvent"
        ]

    def _pause(self, pause_s: float) -> None:
        if self.setup.stopping.wait(pause_s):
            raise CannotTell("the checks were stopped")

    def _put_down(self, name: str, labels: Sequence[str], answer: Answer) -> None:
        operation = OPERATIONS[name]
        if operation.makes is not None and 200 <= answer.status < 300:
            entry = _entry(operation, labels, answer, self.owner)
            if entry is not None:
                self.setup.ledger.add(entry)
        if operation.method == "DELETE" and answer.status == 200 and self.last is not None:
            self.setup.ledger.drop(API, self.last.request.partition(" ")[2].partition("?")[0])


def _entry(operation: Operation, labels: Sequence[str], answer: Answer, owner: str) -> Entry | None:
    assert operation.makes is not None
    template, key = operation.makes
    try:
        made = answer.json()[key]
    except (Differs, KeyError, TypeError):
        return None  # then it can be found by its name only
    path = template.format(*(quote(label, safe="") for label in labels), made=quote(str(made), safe=""))
    return Entry(api=API, path=path, owner=owner)


def turn(document: Any, node: str = "In", output: str = "document") -> list[dict[str, Any]]:
    """The inputs of a run."""
    return [{"nodeName": node, "nodeOutputName": output, "content": {"document": document}}]


def document_of(frame: Frame) -> Any:
    """What an output event carries."""
    return member(frame.name, frame.payload, "content", "document")


def names_failing(error: Mapping[str, Any], field_name: str) -> None:
    """See that a validation error names the member that is wrong."""
    names = [one.get("name") for one in sequence("fieldList", error.get("fieldList"))]
    contains("the names in fieldList", names, field_name)
