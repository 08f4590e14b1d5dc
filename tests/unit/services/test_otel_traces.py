"""Traces of any program, span by span, in any order, in any number of requests, more than once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.services.conftest import (
    START,
    CountingIds,
    DefinitionIsRunnable,
    NoVault,
    Registry,
    SteppingClock,
)

from headrace.apis.otel.steps import step
from headrace.core.access import Right
from headrace.core.errors import Forbidden
from headrace.core.logs import Log, LogQuery, LogStatus
from headrace.core.monitoring import Job, Monitor
from headrace.core.spans import Span
from headrace.services.base import Ports
from headrace.services.logs import log_views, logs
from headrace.services.logs.traces import MOST_LEVELS
from headrace.services.server import access
from headrace.services.telemetry import otel_traces
from headrace.services.telemetry.otel_traces import Refused
from headrace.storage.memory.store import MemoryStore

TRACE = "a" * 32
MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


def span(name: str, above: str = "", *, remote: bool = False, at_s: int = 0, **members: Any) -> Span:
    """A span whose id is made of its name."""
    members.setdefault("trace_id", TRACE)
    members.setdefault("resource", {"service.name": "shop"})
    return Span(
        id=id_of(name),
        parent_id=id_of(above) if above else "",
        has_remote_parent=remote,
        name=name,
        start_time=MIDNIGHT + timedelta(seconds=at_s),
        end_time=MIDNIGHT + timedelta(seconds=at_s + 1),
        **members,
    )


def id_of(name: str) -> str:
    return name.encode().hex().ljust(16, "f")


def export(registry: Registry, *spans: Span, **options: Any) -> Refused:
    steps = [step(one, flow_path=options.get("flow_path")) for one in spans]
    principal = options.get("principal", registry.principal)
    return registry.run(otel_traces.record(registry.ports, principal, steps))


Tree = dict[str, Any]


def tree(registry: Registry, trace_id: str = TRACE) -> Tree:
    """The names of a trace's spans, nested as its logs are."""

    def named(view: log_views.LogView) -> Tree:
        return {
            msgspec.json.decode(one.log.content().metadata or b"{}").get("span", "root"): named(one)
            for one in view.children or ()
        }

    view = registry.run(
        logs.get(registry.ports, registry.principal, log_id=otel_traces.trace_log_id(trace_id))
    )
    return named(view)


def root(registry: Registry, trace_id: str = TRACE) -> Log:
    found = registry.inside(lambda tx: tx.logs.get(id=otel_traces.trace_log_id(trace_id)))
    assert found is not None
    return found


SPANS = {
    "root": span("root"),
    "plan": span("plan", "root", at_s=1),
    "chat": span("chat", "plan", at_s=2, attributes={"gen_ai.operation.name": "chat"}),
    "tool": span("tool", "plan", at_s=3, attributes={"gen_ai.tool.name": "add"}),
    "deep": span("deep", "tool", at_s=4),
}
WHOLE = {"plan": {"chat": {}, "tool": {"deep": {}}}}


@pytest.mark.parametrize("order", list(itertools.permutations(SPANS)))
def test_the_tree_is_the_same_in_any_order(registry: Registry, order: Iterable[str]) -> None:
    for name in order:
        assert export(registry, SPANS[name]) == Refused()
    assert tree(registry) == WHOLE
    log = root(registry)
    assert log.status is LogStatus.COMPLETE
    assert (log.start_time, log.end_time) == (MIDNIGHT, MIDNIGHT + timedelta(seconds=5))


def test_one_request_may_bring_all(registry: Registry) -> None:
    export(registry, *SPANS.values())
    assert tree(registry) == WHOLE


def test_what_comes_again_is_known(registry: Registry) -> None:
    for _ in range(3):
        export(registry, *SPANS.values())
        export(registry, SPANS["root"])
    assert tree(registry) == WHOLE
    trace_id = root(registry).id
    (usage,) = registry.inside(lambda tx: tx.logs.trace_usage(trace_ids=[trace_id])).values()
    assert usage.logs_count == 5


CAUSED = {
    "root": span("root"),
    "call": span("call", "root", at_s=1),
    "serve": span("serve", "call", remote=True, at_s=2, resource={"service.name": "stock"}),
    "query": span("query", "serve", at_s=3, resource={"service.name": "stock"}),
}


@pytest.mark.parametrize("order", list(itertools.permutations(CAUSED)))
def test_programs_share_a_trace(registry: Registry, order: Iterable[str]) -> None:
    for name in order:
        export(registry, CAUSED[name])
    assert tree(registry) == {"call": {"serve": {"query": {}}}}
    content = msgspec.json.decode(root(registry).content().metadata)
    assert content["span"] == "root"
    assert "waiting" not in content["opentelemetry"]


def test_what_another_program_caused_stands_alone_until_that_comes(registry: Registry) -> None:
    export(registry, CAUSED["query"], CAUSED["serve"])
    assert tree(registry) == {"serve": {"query": {}}}
    assert root(registry).status is LogStatus.COMPLETE


def test_a_trace_is_complete_when_its_root_has_come(registry: Registry) -> None:
    export(registry, SPANS["plan"], SPANS["chat"])
    assert root(registry).status is LogStatus.INCOMPLETE
    export(registry, SPANS["root"])
    assert root(registry).status is LogStatus.COMPLETE


def test_a_trace_that_is_still_told_shows_what_there_is(registry: Registry) -> None:
    export(registry, SPANS["chat"], SPANS["deep"])
    assert tree(registry) == {"chat": {}, "deep": {}}
    export(registry, SPANS["tool"])
    assert tree(registry) == {"chat": {}, "tool": {"deep": {}}}
    export(registry, SPANS["plan"])
    assert tree(registry) == WHOLE


def test_a_trace_that_is_still_told_is_deleted_whole(registry: Registry) -> None:
    export(registry, SPANS["chat"], SPANS["deep"], SPANS["tool"])
    trace_id = root(registry).id
    registry.run(logs.delete(registry.ports, registry.principal, [trace_id]))
    assert registry.inside(lambda tx: tx.logs.of_trace(trace_id=trace_id)) == []


def test_a_root_that_calls_a_model_has_a_log_of_its_own(registry: Registry) -> None:
    call = span("chat", attributes={"gen_ai.operation.name": "chat", "gen_ai.completion.0.content": "hello"})
    export(registry, span("below", "chat"), call)
    assert tree(registry) == {"chat": {"below": {}}}
    log = root(registry)
    assert (log.status, log.content().output) == (LogStatus.COMPLETE, "hello")


def test_a_second_root_is_below_the_first(registry: Registry) -> None:
    export(registry, span("root"), span("other"), span("under", "other"))
    assert tree(registry) == {"other": {"under": {}}}


def test_a_span_that_is_its_own_parent_is_below_the_flow(registry: Registry) -> None:
    export(registry, span("root"), span("loop", "loop"))
    assert tree(registry) == {"loop": {}}


def test_an_endless_chain_can_be_read(registry: Registry) -> None:
    chain = [span(f"n{n}", f"n{n - 1}" if n else "root") for n in range(1000)]
    export(registry, span("root"), *chain)
    found = tree(registry)
    depth = 0
    while found:
        depth += 1
        (found,) = found.values()
    assert depth == MOST_LEVELS


def test_uses_are_told_apart_by_files_and_versions(registry: Registry) -> None:
    calls = [
        span(f"chat{n}", "root", attributes={"gen_ai.request.model": model, "gen_ai.prompt.name": "ask"})
        for n, model in enumerate(["a", "b", "a"])
    ]
    export(registry, *calls, span("root"))
    above = root(registry)
    below = registry.inside(lambda tx: tx.logs.children(parent_ids=[above.id]))
    assert len({log.file_id for log in below}) == 1
    assert [log.version_id for log in below].count(below[0].version_id) == 2
    file = registry.inside(lambda tx: tx.files.get(id=below[0].file_id))
    assert (file.path, file.owner_id) == ("OpenTelemetry/shop/ask", above.file_id)


def test_a_named_file_is_seen(registry: Registry) -> None:
    named = {"gen_ai.request.model": "m", "headrace.file.path": "Prompts/Ask"}
    export(registry, span("chat", "root", attributes=named))
    file = registry.inside(lambda tx: tx.files.at(path="Prompts/Ask"))
    assert (file.kind, file.owner_id) == ("prompt", None)


def test_traces_are_logs_of_the_default_version(registry: Registry) -> None:
    made = registry.upsert({"a": 1}, path="A/B")
    export(registry, span("root"), flow_path="A/B")
    assert root(registry).version_id == made.version.id


def test_a_path_that_is_taken_refuses_the_trace_and_no_other(registry: Registry) -> None:
    export(registry, span("chat", attributes={"gen_ai.request.model": "m", "headrace.file.path": "A/B"}))
    taken = [span(name, trace_id="b" * 32, resource={"headrace.flow.path": "A/B"}) for name in ("x", "y")]
    refused = export(registry, *taken, span("fine", trace_id="c" * 32))
    assert refused.steps == 2
    assert "A/B" in refused.reason
    assert root(registry, "c" * 32).status is LogStatus.COMPLETE


def test_an_illegal_path_is_refused(registry: Registry) -> None:
    refused = export(registry, span("x", resource={"headrace.flow.path": "/A"}))
    assert refused.steps == 1
    assert "begin or end" in refused.reason


def test_who_only_reads_records_nothing(registry: Registry) -> None:
    with pytest.raises(Forbidden):
        export(registry, span("x"), principal=registry.as_user(Right.READER))


def test_a_trace_of_a_flow_that_is_gone_is_refused_and_nothing_is_broken(registry: Registry) -> None:
    export(registry, SPANS["plan"])
    file_id = root(registry).file_id
    write = registry.ports.store.write(
        registry.principal.account, lambda tx: tx.files.remove(id=file_id, at=START)
    )
    registry.run(write)
    assert export(registry, SPANS["root"]).steps == 1
    assert export(registry, span("root", trace_id="d" * 32)) == Refused()


def test_monitors_are_told_when_the_trace_is_complete_and_when_it_grows(registry: Registry) -> None:
    flow = registry.upsert({}, path="A/B")
    spec = {"arguments_type": "target_free", "return_type": "boolean", "evaluator_type": "python"}
    judge = registry.upsert({**spec, "code": "def f(log): return True"}, path="A/judge")
    monitor = Monitor(
        id="mon_1",
        file_id=flow.file.id,
        evaluator_id=judge.file.id,
        version_id=judge.version.id,
        environment_id=None,
        is_active=True,
        created_at=START,
        updated_at=START,
    )
    account = registry.principal.account
    registry.run(registry.ports.store.write(account, lambda tx: tx.monitors.put(monitor)))

    def turns() -> list[int]:
        subject = root(registry).id
        found: list[Job] = registry.inside(lambda tx: tx.jobs.of_subject(subject=subject))
        return [job.turn for job in found]

    for name, asked in (("plan", []), ("root", [1]), ("root", [1]), ("deep", [2])):
        export(registry, msgspec.structs.replace(SPANS[name], resource={"headrace.flow.path": "A/B"}))
        assert turns() == asked


@st.composite
def exports(draw: st.DrawFn) -> tuple[list[Span], list[list[Span]]]:
    """A trace, and the requests in which it comes: in any order, some spans twice."""
    size = draw(st.integers(1, 12))
    spans = [span("n0")]
    for number in range(1, size):
        above = draw(st.integers(0, number - 1))
        attributes = draw(st.sampled_from([{}, {"gen_ai.request.model": "m"}, {"gen_ai.tool.name": "t"}]))
        spans.append(span(f"n{number}", f"n{above}", remote=draw(st.booleans()), attributes=attributes))
    again = draw(st.lists(st.sampled_from(spans), max_size=4))
    rows = list(draw(st.permutations([*spans, *again])))
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    requests = [rows[a:b] for a, b in itertools.pairwise([0, *cuts, len(rows)])]
    return spans, [one for one in requests if one]


def expected(spans: list[Span], above: str) -> Tree:
    return {one.name: expected(spans, one.id) for one in spans if one.parent_id == above}


@settings(max_examples=80, deadline=None)
@given(exports())
def test_any_trace_is_whole_in_the_end(trace: tuple[list[Span], list[list[Span]]]) -> None:
    spans, requests = trace
    with asyncio.Runner() as runner:
        ports = Ports(
            store=MemoryStore(),
            ids=CountingIds(),
            clock=SteppingClock(),
            rules=DefinitionIsRunnable(),
            vault=NoVault(),
        )
        principal = runner.run(access.ensure_organisation(ports, account="111122223333", name="Test"))
        registry = Registry(ports=ports, principal=principal, runner=runner)
        for one in requests:
            assert export(registry, *one) == Refused()
        assert tree(registry) == expected(spans, id_of("n0"))
        file_id = root(registry).file_id
        page, total = registry.inside(lambda tx: tx.logs.page(LogQuery(file_id=file_id), skip=0, take=10))
        assert (len(page), total) == (1, 1)
