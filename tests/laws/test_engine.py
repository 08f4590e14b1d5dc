"""Laws of running: random flows give what a plain reading of the contract gives, however they are scheduled.

The generator makes sound flows out of code, agents, conditions, an Iterator, a Collector and Loops. The
oracle answers for each node by asking its sources, recursively; it knows nothing of plans or frames.
"""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.unit.engine.flows import agent, code, each, end, gather, level, node, start
from tests.unit.engine.world import World, outputs

from headrace.core.definition import Connection, Definition, Node, NodeType
from headrace.core.effects import AgentReply, EffectContext
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FlowFinished,
    FlowOutput,
    InputRequested,
    NodeFinished,
    NodeStarted,
    Reason,
)
from headrace.core.expression import parse
from headrace.engine.plan import InvalidDefinition, Plan, compile_plan
from headrace.engine.run import Answer, resume

ROUNDS = 3


def number(*parts: Any) -> int:
    """A number that hangs on everything it is made of."""
    return zlib.crc32(json.dumps(parts).encode())


def coded(name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What code gives."""
    made = number(name, inputs)
    return {"text": f"{made:x}", "flag": made % 3 > 0}


def replied(name: str, text: str) -> str:
    """What an agent gives in the end."""
    return f"{number(name, text):x}"


def asks(name: str, text: str) -> bool:
    """Whether an agent asks first."""
    return number(name, text, "asks") % 2 == 0


class Answering(World):
    """A world of this code and these agents.

    Attributes:
        is_curious: whether agents ask.
    """

    is_curious = False

    async def answer(self, what: Any, context: EffectContext, otherwise: Any) -> Any:
        await World.answer(self, what, context, lambda: None)
        if context.node.startswith("Agent"):
            text = what[1]
            if "answer-" in context.step:
                return AgentReply(text=text)
            if self.is_curious and asks(context.node, text):
                return AgentReply(text=text, asks=True)
            return AgentReply(text=replied(context.node, text))
        return coded(context.node, what[1])


@dataclass(frozen=True)
class Flow:
    """A sound flow and a document for it."""

    definition: Definition
    document: list[str]

    @cached_property
    def plan(self) -> Plan:
        return compile_plan(self.definition, digest="digest")


@dataclass
class Draft:
    """A flow while it is made up.

    Attributes:
        texts: where a text can be taken from: node, output, expression.
        flags: where a flag can be taken from.
        gates: the conditions that can be waited for.
        arrays: where a collected array can be taken from.
    """

    nodes: list[dict[str, Any]]
    arrows: list[str] = field(default_factory=list)
    texts: list[tuple[str, str, str]] = field(default_factory=lambda: [("Start", "document", "$.data[0]")])
    flags: list[str] = field(default_factory=list)
    gates: list[str] = field(default_factory=list)
    arrays: list[str] = field(default_factory=list)

    def repeated(self) -> set[str]:
        """The nodes that an Iterator repeats; arrows only lead to later nodes."""
        found = {"Each.arrayItem"}
        for arrow in self.arrows:
            source, target = arrow.split(" > ")
            name = target.partition(".")[0]
            if name != "Gather" and (source in found or source.replace("?", ".").partition(".")[0] in found):
                found.add(name)
        return found


def loop(name: str, expression: str) -> dict[str, Any]:
    """A Loop that runs while its code says so."""
    body = level(
        [
            node(f"{name}Start", "LoopInput", outputs={"text": "String"}),
            code(f"{name}Code", {"text": "String"}, "Object"),
            node(
                f"{name}Control",
                "LoopController",
                {
                    "now": ("Boolean", "$.data.flag", "LoopCondition"),
                    "text": ("String", "$.data.text", "ReturnValueToLoopStart"),
                    "result": ("String", "$.data.text", "ExitLoop"),
                },
                continueCondition={"name": "more", "expression": "now"},
                maxIterations=ROUNDS,
            ),
        ],
        f"{name}Start.text > {name}Code.text",
        f"{name}Code.response > {name}Control.now",
        f"{name}Code.response > {name}Control.text",
        f"{name}Code.response > {name}Control.result",
    )
    return node(name, "Loop", {"text": ("String", expression)}, {"result": "String"}, definition=body)


def add(draw: st.DrawFn, draft: Draft, at: int) -> None:
    """Add a node that takes from those that are there."""
    source, output, expression = draw(st.sampled_from(draft.texts))
    kinds = ["Code", "Code", "Agent", "Loop", "End"]
    kinds += ["Choose"] * 3 if draft.flags else []
    kinds += ["All"] if draft.arrays else []
    kind = draw(st.sampled_from(kinds))
    name = f"{kind}{at}"
    if kind == "Choose":
        source = draw(st.sampled_from(draft.flags))
        entries = [{"name": "yes", "expression": "flag"}, {"name": "default"}]
        draft.nodes.append(node(name, "Condition", {"flag": ("Boolean", "$.data.flag")}, conditions=entries))
        draft.arrows.append(f"{source}.response > {name}.flag")
        draft.gates += [f"{name}?yes", f"{name}?default"]
        return
    if kind == "All":
        source = draw(st.sampled_from(draft.arrays))
        draft.nodes.append(code(name, {"all": "Array"}, "Object"))
        draft.arrows.append(f"{source}.collectedArray > {name}.all")
    elif kind == "Code":
        other = draw(st.sampled_from(draft.texts))
        ports = {"text": ("String", expression), "other": ("String", other[2])}
        draft.nodes.append(code(name, ports, "Object"))
        draft.arrows += [f"{source}.{output} > {name}.text", f"{other[0]}.{other[1]} > {name}.other"]
    else:
        made, port = {
            "Agent": (agent(name), "agentInputText"),
            "Loop": (loop(name, expression), "text"),
            "End": (end(name, "String", expression), "document"),
        }[kind]
        made["inputs"][0]["expression"] = expression
        draft.nodes.append(made)
        draft.arrows.append(f"{source}.{output} > {name}.{port}")
    if draft.gates and draw(st.integers(0, 3)):
        draft.arrows.append(f"{draw(st.sampled_from(draft.gates))} > {name}")
    if kind in ("Code", "All"):
        draft.texts.append((name, "response", "$.data.text"))
        draft.flags.append(name)
    elif kind in ("Agent", "Loop"):
        draft.texts.append((name, {"Agent": "agentResponse", "Loop": "result"}[kind], "$.data"))


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    """A sound flow and a document."""
    draft = Draft([start("Array")])
    size = draw(st.integers(2, 12))
    spread_at = draw(st.sampled_from([-1, 0, 1, 2, 3]))
    gather_at = draw(st.sampled_from([-1, 3, 5, 6, 7]))
    for at in range(size):
        if at == spread_at:
            draft.nodes.append(each(type="String"))
            draft.arrows.append("Start.document > Each.array")
            # Several times, to be chosen often.
            draft.texts += [("Each", "arrayItem", "$.data")] * 4
        elif at == gather_at and 0 <= spread_at < at:
            repeated = draft.repeated()
            inside = [one for one in draft.texts if one[0] in repeated or one[1] == "arrayItem"]
            source, output, expression = draw(st.sampled_from(inside))
            made = gather(type="String")
            made["inputs"][0]["expression"] = expression
            draft.nodes.append(made)
            draft.arrows += [f"{source}.{output} > Gather.arrayItem", "Each.arraySize > Gather.arraySize"]
            if gates := [gate for gate in draft.gates if gate.partition("?")[0] in repeated]:
                draft.arrows += [f"{draw(st.sampled_from(gates))} > Gather"] if draw(st.booleans()) else []
            draft.arrays += ["Gather"] * 3
        else:
            add(draw, draft, at)
    source, output, expression = draft.texts[-1]
    draft.nodes.append(end("End", "String", expression))
    draft.arrows.append(f"{source}.{output} > End.document")
    nodes = draw(st.permutations(draft.nodes))
    flow = Flow(
        Definition.parse(level(list(nodes), *draft.arrows)),
        draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=4)),
    )
    try:
        assert flow.plan
    except InvalidDefinition:
        assume(False)
    return flow


class Oracle:
    """What a flow gives, by asking back from each node to its sources."""

    def __init__(self, flow: Flow) -> None:
        self._definition = flow.definition
        self._document = flow.document
        self._known: dict[tuple[str, int | None], Any] = {}
        self._repeated: set[str] = set()
        pending = [one.target for one in flow.definition.connections if one.source_output == "arrayItem"]
        while pending:
            name = pending.pop()
            if flow.definition.by_name[name].type is not NodeType.COLLECTOR and name not in self._repeated:
                self._repeated.add(name)
                pending += [one.target for one in flow.definition.outgoing.get(name, ())]

    def runs(self) -> Counter[str]:
        """How often each node runs."""
        return Counter(
            node.name
            for node in self._definition.nodes
            for item in self._items(node.name)
            if self.result(node.name, item) is not None
        )

    def outputs(self) -> Counter[tuple[str, str]]:
        """What comes out."""
        return Counter(
            (node.name, given["document"])
            for node in self._definition.of_type(NodeType.OUTPUT)
            for item in self._items(node.name)
            if (given := self.result(node.name, item)) is not None
        )

    def _items(self, name: str) -> list[int | None]:
        return [*range(len(self._document))] if name in self._repeated else [None]

    def result(self, name: str, item: int | None) -> Any:
        """What a node gives: by output, or the winner of a condition; None when it is skipped."""
        item = item if name in self._repeated else None
        if (name, item) not in self._known:
            self._known[name, item] = self._result(self._definition.by_name[name], item)
        return self._known[name, item]

    def _result(self, node: Node, item: int | None) -> Any:
        if node.type is NodeType.COLLECTOR:
            return self._collected(node)
        inputs = self._inputs(node, item, self._definition.incoming.get(node.name, ()))
        if inputs is None:
            return None
        match node.type:
            case NodeType.INPUT:
                return {"document": self._document}
            case NodeType.ITERATOR:
                return {"arraySize": len(self._document)}
            case NodeType.CONDITION:
                return "yes" if inputs["flag"] else "default"
            case NodeType.INLINE_CODE:
                return {"response": coded(node.name, inputs)}
            case NodeType.AGENT:
                return {"agentResponse": replied(node.name, inputs["agentInputText"])}
            case NodeType.LOOP:
                return {"result": self._looped(node.name, inputs["text"])}
        return inputs

    def _looped(self, name: str, text: str) -> str:
        for _ in range(ROUNDS):
            made = coded(f"{name}Code", {"text": text})
            text = made["text"]
            if not made["flag"]:
                break
        return text

    def _collected(self, node: Node) -> Any:
        incoming = self._definition.incoming[node.name]
        inside = [one for one in incoming if self._is_repeated(one)]
        if self._inputs(node, None, [one for one in incoming if one not in inside]) is None:
            return None
        gathered = [self._inputs(node, item, inside) for item in range(len(self._document))]
        return {"collectedArray": [one["arrayItem"] for one in gathered if one is not None]}

    def _is_repeated(self, connection: Connection) -> bool:
        return connection.source in self._repeated or connection.source_output == "arrayItem"

    def _inputs(self, node: Node, item: int | None, incoming: Any) -> dict[str, Any] | None:
        given: dict[str, Any] = {}
        for connection in incoming:
            if connection.source_output == "arrayItem":
                value = self._document[item or 0]
            else:
                result = self.result(connection.source, item)
                if result is None or (connection.condition is not None and result != connection.condition):
                    return None
                if connection.condition is not None:
                    continue
                value = result[connection.source_output]
            given[connection.target_input] = value
        return {
            port.name: parse(port.expression).apply({"data": given[port.name]})
            for port in node.inputs
            if port.name in given
        }


async def told(flow: Flow, world: World, **settings_: Any) -> list[Event]:
    """All that happens, with every question answered in a new run."""
    running = world.run(flow.plan, flow.document, **settings_)
    events = [event async for event in running]
    while (pause := running.pause) is not None:
        asked = events[-2]
        assert isinstance(asked, InputRequested)
        answer = Answer(node=asked.node, text=replied(asked.node, asked.value))
        running = resume(flow.plan, pause, answer, world.context(**settings_))
        events += [event async for event in running]
    assert len(asyncio.all_tasks()) == 1
    return events


def run(flow: Flow, world: World | None = None, **settings_: Any) -> list[Event]:
    events = asyncio.run(told(flow, world or Answering(), **settings_))
    last = events[-1]
    assert isinstance(last, FlowFinished), last
    assert last.reason is Reason.SUCCESS
    return events


def by_node(events: list[Event]) -> dict[Any, list[str]]:
    """The kinds of events of each node in each scope."""
    found: dict[Any, list[str]] = {}
    for event in events:
        if isinstance(event, NodeStarted | NodeFinished | ConditionsDecided | FlowOutput):
            found.setdefault((event.node, event.scope), []).append(type(event).__name__)
    return found


@given(flows())
@settings(max_examples=200, deadline=None)
def test_what_runs_and_comes_out_is_what_the_contract_says(flow: Flow) -> None:
    events, oracle = run(flow, traces=True), Oracle(flow)
    assert Counter(outputs(events)) == oracle.outputs()
    runs = Counter(
        node for node, scope in by_node(events) if not any(link.type is NodeType.LOOP for link in scope)
    )
    assert runs == oracle.runs()


@given(flows(), st.randoms(use_true_random=False), st.sampled_from([None, 1, 2, 8]))
@settings(max_examples=200, deadline=None)
def test_scheduling_changes_nothing(flow: Flow, random: Any, limit: int | None) -> None:
    plain = run(flow, traces=True)
    world = Answering(delay=lambda _: random.randrange(6))
    events = run(flow, world, traces=True, max_parallel=limit)
    assert outputs(events) == outputs(plain)
    assert by_node(events) == by_node(plain)
    assert limit is None or world.most <= limit


@given(flows(), st.sampled_from([None, 1, 3]))
@settings(max_examples=100, deadline=None)
def test_a_node_runs_once_a_scope_and_after_what_feeds_it(flow: Flow, limit: int | None) -> None:
    finished: set[tuple[str, Any]] = set()
    started: set[tuple[str, Any]] = set()
    for event in run(flow, Answering(delay=lambda _: 1), traces=True, max_parallel=limit):
        if isinstance(event, NodeStarted):
            assert (event.node, event.scope) not in started
            started.add((event.node, event.scope))
            for port, value in event.fields:
                # What no item gave came from nowhere.
                assert (event.node == "Gather" and value == []) or any(
                    node == port.source.node
                    and (scope == event.scope[: len(scope)] or event.node == "Gather")
                    for node, scope in finished
                )
        elif isinstance(event, NodeFinished):
            assert (event.node, event.scope) not in finished
            finished.add((event.node, event.scope))


@given(flows(), st.sampled_from([None, 1, 3]))
@settings(max_examples=200, deadline=None)
def test_waiting_for_answers_changes_nothing(flow: Flow, limit: int | None) -> None:
    world = Answering()
    world.is_curious = True
    assert outputs(run(flow, world, max_parallel=limit)) == outputs(run(flow))
    steps = [asked.context.step for asked in world.asked]
    assert len(steps) == len(set(steps))


@given(flows(), st.integers(0, 30), st.sampled_from([None, 1, 3]))
@settings(max_examples=100, deadline=None)
def test_stopping_leaves_nothing_behind(flow: Flow, patience: int, limit: int | None) -> None:
    async def scenario() -> None:
        world = Answering(delay=lambda _: 2)
        running = world.run(flow.plan, flow.document, traces=True, max_parallel=limit)
        seen = 0
        async for _ in running:
            seen += 1
            if seen > patience:
                break
        await running.aclose()
        assert world.running == 0
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(scenario())


@given(flows())
@settings(max_examples=50, deadline=None)
def test_step_ids_come_from_the_plan(flow: Flow) -> None:
    world = Answering()
    run(flow, world, max_parallel=3)
    known = set(flow.plan.effects)
    assert {asked.context.step.removeprefix("run/").rpartition("/")[0] for asked in world.asked} <= known


@pytest.mark.slow
def test_memory_is_flat() -> None:
    draft = level(
        [start("Array"), each(type="String"), agent("Agent"), gather(type="String"), end(type="Array")],
        "Start.document > Each.array",
        "Each.arrayItem > Agent.agentInputText",
        "Agent.agentResponse > Gather.arrayItem",
        "Each.arraySize > Gather.arraySize",
        "Gather.collectedArray > End.document",
    )
    flow = Flow(Definition.parse(draft), ["a"])

    async def scenario(times: int) -> None:
        for _ in range(times):
            async for _ in Answering().run(flow.plan, flow.document, traces=True):
                pass

    def used(times: int) -> int:
        asyncio.run(scenario(times))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = used(200)
        assert used(10_000) - before < 50_000
    finally:
        tracemalloc.stop()
