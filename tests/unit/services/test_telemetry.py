"""What runs tell of themselves: each node once, under the id that what it calls is told."""

from __future__ import annotations

import asyncio
import contextvars
from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest
from tests.storage.things import execution
from tests.unit.engine.test_durable_runs import CHAIN, ITEMS
from tests.unit.engine.test_pause import LOOP
from tests.unit.engine.world import World, told

from headrace.core.counts import Counts
from headrace.core.definition import NodeType
from headrace.core.effects import (
    AgentReply,
    EffectContext,
    EffectFailed,
    Fault,
    ModelReply,
    ModelRequest,
    Usage,
)
from headrace.core.execution import (
    Event,
    FailureKind,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    NodeActed,
    Reason,
)
from headrace.core.records import Execution
from headrace.core.tracing import CURRENT, OwnSpan, id_of_step, ids_of
from headrace.engine.plan import Plan
from headrace.services.telemetry.telemetry import Telemetry
from headrace.services.telemetry.tracer import Tracer

EXECUTION = execution("run")


class Sink(list[OwnSpan]):
    def add(self, span: OwnSpan) -> None:
        self.append(span)

    def named(self, name: str) -> OwnSpan:
        (found,) = [span for span in self if span.name == name]
        return found


def telling(*, shows_content: bool = False, share: float = 1.0) -> tuple[Telemetry, Sink]:
    sink = Sink()
    return Telemetry(Counts(), Tracer(sink, share=share, shows_content=shows_content)), sink


def ran(plan: Plan, document: object, world: World | None = None) -> tuple[World, list[Event]]:
    world = world or World()
    return world, asyncio.run(told(world.run(plan, document, traces=True)))


def heard(
    telemetry: Telemetry, events: Sequence[Event], run: Execution = EXECUTION, *, known: int = 0
) -> None:
    """As a recorder hears of a run, in a context of its own."""
    contextvars.copy_context().run(lambda: telemetry.run(run).hear(events, known=known))


@pytest.mark.parametrize(
    ("plan", "document", "script"), [(CHAIN, 1, {}), (ITEMS, [1, 2, 3], {}), (LOOP, "x", None)]
)
def test_what_a_node_calls_is_below_it(plan: Plan, document: object, script: object) -> None:
    world = World(script={"Agent": AgentReply(text="enough")} if script is None else {})
    world, events = ran(plan, document, world)
    assert isinstance(events[-1], FlowFinished)
    telemetry, sink = telling()
    heard(telemetry, events)
    nodes = {span.id for span in sink if span.name.startswith("node ")}
    assert world.asked
    for asked in world.asked:
        assert id_of_step(asked.context.step) in nodes


def test_each_node_is_counted_once() -> None:
    _, events = ran(ITEMS, [1, 2, 3])
    telemetry, sink = telling()
    heard(telemetry, events)
    counted = {labels[0]: count for labels, count in telemetry.counts.nodes.values.items()}
    assert counted == {"Input": 1, "Iterator": 1, "InlineCode": 3, "Collector": 1, "Output": 1}
    spans = Counter(span.attributes["headrace.node.type"] for span in sink if span.name.startswith("node "))
    assert spans == counted
    ((labels, cell),) = telemetry.counts.executions.cells.items()
    assert (labels, sum(cell[:-1])) == (("invoked", "succeeded"), 1)


def test_a_later_attempt_tells_only_what_is_new() -> None:
    _, events = ran(CHAIN, 1)
    durable = execution("run", is_durable=True)
    whole, sink = telling()
    heard(whole, events, durable)
    for known in range(len(events)):
        telemetry, parts = telling()
        heard(telemetry, events[:known], durable)
        heard(telemetry, events, durable, known=known)
        assert telemetry.counts.nodes.values == whole.counts.nodes.values
        assert {span.id for span in parts if span.name.startswith("node")} == {
            span.id for span in sink if span.name.startswith("node")
        }
        assert len(parts) == len(sink)
        assert (parts.named("run flow").trace_id, parts.named("run flow").id) == ids_of("run")


def test_an_attempt_that_others_ended_tells_no_end() -> None:
    telemetry, sink = telling()
    _, events = ran(CHAIN, 1)
    heard(telemetry, events[:-1], execution("run", is_durable=True))
    assert telemetry.counts.executions.cells == {}
    assert "run flow" not in {span.name for span in sink}


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (FlowFinished(at_ns=1, reason=Reason.SUCCESS), "succeeded"),
        (FlowFinished(at_ns=1, reason=Reason.INPUT_REQUIRED), "waiting"),
        (FlowFailed(at_ns=1, kind=FailureKind.DEPENDENCY, message="secret"), "failed"),
        (FlowFailed(at_ns=1, kind=FailureKind.TIMED_OUT, message="secret"), "timed_out"),
        (FlowAborted(at_ns=1), "aborted"),
    ],
)
def test_ends(event: Event, outcome: str) -> None:
    telemetry, sink = telling()
    heard(telemetry, [event])
    assert list(telemetry.counts.executions.cells) == [("invoked", outcome)]
    assert sink.named("run flow").attributes["headrace.execution.status"] == outcome
    assert "secret" not in repr(sink)


def test_an_end_is_told_once() -> None:
    """A question that nobody could answer any more is first asked, then given up."""
    telemetry, sink = telling()

    def hear() -> None:
        run = telemetry.run(EXECUTION)
        run.hear([FlowFinished(at_ns=1, reason=Reason.INPUT_REQUIRED)])
        run.hear([FlowAborted(at_ns=2)])

    contextvars.copy_context().run(hear)
    assert len(sink) == 1


def test_acts_are_below_their_nodes_without_what_they_said() -> None:
    act = NodeActed(
        at_ns=10,
        node="A",
        request_id="r",
        service="Lambda",
        operation="Invoke",
        request="secret",
        response="secret",
        duration_ns=4,
    )
    telemetry, sink = telling()
    heard(telemetry, [act])
    (span,) = sink
    assert (span.started_ns, span.ended_ns, span.parent_id) == (6, 10, id_of_step("run/A/0"))
    assert "secret" not in repr(span)


def test_what_is_not_sampled_is_counted_all_the_same() -> None:
    _, events = ran(CHAIN, 1)
    telemetry, sink = telling(share=0.0)
    heard(telemetry, events)
    assert sink == []
    assert telemetry.counts.nodes.values[(NodeType.INPUT.value, "succeeded")] == 1


CONTEXT = EffectContext(
    account="0", flow_arn="", alias_arn="", execution_id="", node="N", step="run/N/0", timeout_s=1.0
)
ASKED = ModelRequest(
    model_id="m",
    messages=[{"role": "user", "content": [{"text": "secret"}]}],
    system=[{"text": "secret rule"}],
    inference={"temperature": 0.5, "maxTokens": 7},
)
REPLY = ModelReply(
    content=[{"text": "secret answer"}],
    provider="p",
    model="m-1",
    request_id="q",
    usage=Usage(input_tokens=3, output_tokens=4, cost_usd=0.5),
)


def test_a_model_says_what_it_used_and_not_what_was_said() -> None:
    telemetry, sink = telling()
    contextvars.copy_context().run(telemetry.called, "p", ASKED, CONTEXT, REPLY, started_ns=1)
    (span,) = sink
    assert (span.name, span.parent_id) == ("chat m", 0)
    assert span.attributes["gen_ai.request.temperature"] == 0.5
    assert span.attributes["gen_ai.request.max_tokens"] == 7
    assert span.attributes["gen_ai.response.model"] == "m-1"
    assert "secret" not in repr(span)
    assert telemetry.counts.tokens.values == {("p", "input"): 3, ("p", "output"): 4}
    assert telemetry.counts.cost_usd.values == {("p",): 0.5}


def test_a_model_that_failed_says_whose_fault_it_was() -> None:
    telemetry, sink = telling()
    failed = EffectFailed("secret", resource="r", fault=Fault.GATEWAY)
    contextvars.copy_context().run(telemetry.called, "p", ASKED, CONTEXT, failed, started_ns=1)
    assert sink[0].error == "gateway"
    assert "secret" not in repr(sink)
    assert list(telemetry.counts.model_calls.cells) == [("p", "gateway")]
    assert telemetry.counts.tokens.values == {}


def test_content_is_in_the_conventions_form() -> None:
    telemetry, sink = telling(shows_content=True)
    contextvars.copy_context().run(telemetry.called, "p", ASKED, CONTEXT, REPLY, started_ns=1)
    told_of = sink[0].attributes
    assert (
        told_of["gen_ai.input.messages"] == '[{"role":"user","parts":[{"type":"text","content":"secret"}]}]'
    )
    assert told_of["gen_ai.system_instructions"] == '[{"type":"text","content":"secret rule"}]'
    assert told_of["gen_ai.output.messages"] == (
        '[{"role":"assistant","finish_reason":"end_turn","parts":[{"type":"text","content":"secret answer"}]}]'
    )


def test_long_content_is_cut() -> None:
    telemetry, sink = telling(shows_content=True)
    long = msgspec.structs.replace(ASKED, messages=[{"role": "user", "content": [{"text": "x" * 100_000}]}])
    contextvars.copy_context().run(telemetry.called, "p", long, CONTEXT, REPLY, started_ns=1)
    told_of = sink[0].attributes["gen_ai.input.messages"]
    assert len(told_of) < 33_000
    assert told_of.endswith(" characters)")


def test_two_runs_of_one_request_are_beside_each_other() -> None:
    telemetry, sink = telling()
    tracer = telemetry.tracer
    assert tracer is not None

    def request() -> int:
        scene = tracer.request(None)
        for name in ("one", "two"):
            telemetry.run(execution(name)).hear([FlowFinished(at_ns=1, reason=Reason.SUCCESS)])
        return scene.id

    above = contextvars.copy_context().run(request)
    assert [span.parent_id for span in sink] == [above, above]
    assert CURRENT.get() is None
