"""Random trees of logs behave as a model in which everything is recomputed from scratch (humanloop 3)."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.prepared import store_file
from tests.unit.services.conftest import CountingIds, DefinitionIsRunnable, NoVault

from headrace.core.access import Principal
from headrace.core.errors import Conflict
from headrace.core.logs import LogStatus, Payload
from headrace.services.base import Ports
from headrace.services.logs import log_changes, logs
from headrace.services.logs.log_changes import Change
from headrace.services.logs.log_views import LogView
from headrace.services.logs.logs import NewLog
from headrace.services.server import access
from headrace.services.versions.versions import Submission
from headrace.storage import open_store

START = datetime(2026, 1, 1, tzinfo=UTC)
CONTENTS: dict[str, Any] = {
    "flow": {},
    "prompt": {"model": "m"},
    "tool": {"source_code": "x"},
    "evaluator": {"evaluator_type": "external", "arguments_type": "target_free", "return_type": "number"},
}


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.minute = 0

    def now(self) -> datetime:
        return at(self.minute)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


@dataclass(kw_only=True)
class Node:
    """What the model knows of a log; of a judgment, ``tokens`` is what was judged."""

    id: str
    kind: str
    parent: str | None
    start: datetime | None
    end: datetime | None
    status: str | None
    tokens: int | None
    judged: str | None = None


@dataclass
class Model:
    """Every log that is there, by id, in the order of arrival."""

    nodes: dict[str, Node] = field(default_factory=dict)

    def above(self, log_id: str | None) -> Iterator[Node]:
        while log_id is not None:
            yield self.nodes[log_id]
            log_id = self.nodes[log_id].parent

    def below(self, id: str) -> list[Node]:
        children = [node for node in self.nodes.values() if node.parent == id]
        return [found for child in children for found in [child, *self.below(child.id)]]

    def is_closed(self, parent: str | None) -> bool:
        flow = next((node for node in self.above(parent) if node.kind == "flow"), None)
        return flow is not None and flow.status == "complete"

    def add(self, node: Node) -> None:
        self.nodes[node.id] = node
        self.widen(node)

    def widen(self, node: Node) -> None:
        for ancestor in self.above(node.parent):
            if ancestor.kind == "flow":
                ancestor.start = min(filter(None, [ancestor.start, node.start]), default=None)
                ancestor.end = max(filter(None, [ancestor.end, node.end]), default=None)

    def remove(self, id: str) -> None:
        gone = {id}
        while True:
            more = {n.id for n in self.nodes.values() if n.parent in gone or n.judged in gone} - gone
            if not more:
                break
            gone |= more
        self.nodes = {node.id: node for node in self.nodes.values() if node.id not in gone}

    def expected(self, node: Node) -> dict[str, Any]:
        root = list(self.above(node.id))[-1]
        has_child = any(other.parent == node.id for other in self.nodes.values())
        return {
            "start": node.start,
            "end": node.end,
            "status": node.status,
            "trace": root.id,
            "flow": root.kind == "flow",
            "is_in_trace": node.kind == "flow" or node.parent is not None or has_child,
        }

    def tree(self, id: str) -> tuple[Any, ...]:
        children = [node for node in self.nodes.values() if node.parent == id]
        ordered = sorted(children, key=lambda node: node.start or START)
        return (id, tuple(self.tree(child.id) for child in ordered))


@dataclass(frozen=True, kw_only=True)
class Real:
    """The use cases over the reference store."""

    ports: Ports
    principal: Principal
    runner: asyncio.Runner
    clock: Clock

    def log(self, kind: str, **options: Any) -> str:
        content = Submission(
            kind=kind, ref=None, path=None, content=json.dumps(CONTENTS[kind]).encode(), parsed=CONTENTS[kind]
        )
        new = NewLog(kind=kind, path=kind, content=content, created_at=START, **options)
        return self.runner.run(logs.create(self.ports, self.principal, new)).log.id

    def complete(self, id: str) -> None:
        to = NewLog(kind="flow", status=LogStatus.COMPLETE, payload=Payload(output="x"))
        change = Change(to=to, given=frozenset({"status", "output"}))
        self.runner.run(log_changes.update(self.ports, self.principal, change, log_id=id))

    def delete(self, *ids: str) -> None:
        self.runner.run(logs.delete(self.ports, self.principal, ids))

    def get(self, id: str) -> LogView:
        return self.runner.run(logs.get(self.ports, self.principal, log_id=id))

    def total(self, judged: str) -> float | None:
        log = self.get(judged).log

        def work(tx: Any) -> float | None:
            found = tx.logs.aggregates(version_ids=[log.version_id])
            return found[0].total.mean() if found else None

        return self.runner.run(self.ports.store.read(self.principal.account, work))


@contextmanager
def real(kind: str) -> Iterator[Real]:
    """The use cases over a new store of that kind."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        clock = Clock()
        store = open_store("memory:" if kind == "memory" else store_file(Path(folder) / "traces.db"))
        ports = Ports(
            store=store, ids=CountingIds(), clock=clock, rules=DefinitionIsRunnable(), vault=NoVault()
        )
        principal = runner.run(access.ensure_organisation(ports, account="111122223333", name="Test"))
        try:
            yield Real(ports=ports, principal=principal, runner=runner, clock=clock)
        finally:
            runner.run(store.close())


WHICH = st.integers(0, 5)
MINUTES = st.none() | st.integers(0, 60)
CREATES = st.tuples(
    st.just("create"),
    st.sampled_from(["flow", "flow", "prompt", "tool"]),
    WHICH,
    MINUTES,
    MINUTES,
    st.booleans(),
    st.none() | st.integers(0, 5),
)
JUDGES = st.tuples(st.just("judge"), WHICH, st.integers(-3, 3))
STEPS = st.lists(
    st.one_of(
        CREATES,
        CREATES,
        CREATES,
        JUDGES,
        st.tuples(st.just("complete"), WHICH, st.integers(0, 90)),
        st.tuples(st.just("delete"), WHICH),
    ),
    min_size=6,
    max_size=25,
)


def pick(model: Model, number: int, kinds: tuple[str, ...] | None = None) -> str | None:
    """One of the last logs that are there, or none."""
    ids = [node.id for node in model.nodes.values() if kinds is None or node.kind in kinds]
    return ids[-1 - number] if number < len(ids) else None


def create(
    real: Real,
    model: Model,
    kind: str,
    parent: int,
    start: int | None,
    end: int | None,
    is_complete: bool,
    tokens: int | None,
) -> None:
    parent_id = pick(model, parent)
    options = {
        "parent_id": parent_id,
        "start_time": None if start is None else at(start),
        "end_time": None if end is None else at(end),
        "status": LogStatus.COMPLETE if is_complete else None,
        "output_tokens": tokens,
    }
    if model.is_closed(parent_id):
        with pytest.raises(Conflict):
            real.log(kind, **options)
        return
    status = "complete" if is_complete else "incomplete" if kind == "flow" else None
    begun = START if kind == "flow" and start is None else options["start_time"]
    model.add(
        Node(
            id=real.log(kind, **options),
            kind=kind,
            parent=parent_id,
            start=begun,
            end=options["end_time"],
            status=status,
            tokens=tokens,
        )
    )


def complete(real: Real, model: Model, number: int, minute: int) -> None:
    log_id = pick(model, number, ("flow",))
    if log_id is None:
        return
    real.clock.minute = minute
    real.complete(log_id)
    real.clock.minute = 0
    node = model.nodes[log_id]
    if node.status != "complete":
        ends = [below.end for below in model.below(log_id) if below.end is not None]
        node.end = max(at(minute), *ends) if ends else at(minute)
        node.status = "complete"
        model.widen(node)


def judge(real: Real, model: Model, number: int, value: int) -> None:
    judged = pick(model, number)
    if judged is None:
        return
    log_id = real.log("evaluator", judged_id=judged, judgment=json.dumps(value).encode())
    for earlier in [node.id for node in model.nodes.values() if node.judged == judged]:
        model.remove(earlier)
    model.add(
        Node(
            id=log_id,
            kind="evaluator",
            parent=None,
            start=None,
            end=None,
            status=None,
            tokens=value,
            judged=judged,
        )
    )


def check(real: Real, model: Model) -> None:
    for node in model.nodes.values():
        view = real.get(node.id)
        log = view.log
        assert {
            "start": log.start_time,
            "end": log.end_time,
            "status": log.status,
            "trace": log.trace_id,
            "flow": log.trace_flow_id is not None,
            "is_in_trace": log.is_in_trace,
        } == model.expected(node)
        assert shape(view) == model.tree(node.id)
        assert [one.log.id for one in view.judgments] == [
            other.id for other in model.nodes.values() if other.judged == node.id
        ]
        if view.usage is not None:
            tokens = [one.tokens for one in [node, *model.below(node.id)] if one.kind != "evaluator"]
            said = [number for number in tokens if number is not None]
            assert view.usage.output_tokens == (sum(said) if said else None)
            assert view.usage.logs_count == 1 + len(model.below(node.id))


def shape(view: LogView) -> tuple[Any, ...]:
    return (view.log.id, tuple(shape(child) for child in view.children or ()))


def check_totals(real: Real, model: Model) -> None:
    """The mean of the judgments on the logs of each version is that of those that are there."""
    for kind in ("flow", "prompt", "tool", "evaluator"):
        of_kind = {node.id for node in model.nodes.values() if node.kind == kind}
        values = [node.tokens for node in model.nodes.values() if node.judged in of_kind]
        said = [value for value in values if value is not None]
        if of_kind:
            mean = sum(said) / len(said) if said else None
            assert real.total(next(iter(of_kind))) == mean


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_a_forest_of_logs(steps: list[tuple[Any, ...]]) -> None:
    grow("memory", steps)


@settings(max_examples=30, deadline=None)
@given(STEPS)
def test_a_forest_of_logs_in_a_file(steps: list[tuple[Any, ...]]) -> None:
    grow("sqlite", steps)


def grow(kind: str, steps: list[tuple[Any, ...]]) -> None:
    """Do the same to a store and to the model, and look at what has become of them."""
    acts = {"create": create, "complete": complete, "judge": judge}
    with real(kind) as world:
        model = Model()
        for name, *arguments in steps:
            if name == "delete":
                log_id = pick(model, arguments[0])
                if log_id is not None:
                    world.delete(log_id)
                    model.remove(log_id)
            else:
                acts[name](world, model, *arguments)
        check(world, model)
        check_totals(world, model)
