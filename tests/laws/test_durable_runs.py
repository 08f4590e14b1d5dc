"""Laws of runs out of a journal: cut off anywhere, they come to the same, and ask for nothing twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.test_engine import Answering, Flow, Oracle, by_node, flows, run
from tests.unit.engine.journals import MemoryJournal, Refused
from tests.unit.engine.world import World, outputs, told

from headrace.core.execution import Event, FlowFinished
from headrace.engine import journal as journal_module
from headrace.engine.journal import run_journaled
from headrace.engine.run import StartInput


@pytest.fixture(autouse=True, scope="module")
def _untimed() -> Iterator[None]:
    """No clock says which calls share a page, so that the same examples go the same way each time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(journal_module, "TOGETHER_S", 0.0)
        yield


async def _attempt(flow: Flow, world: World, journal: MemoryJournal, limits: dict[str, Any]) -> list[Event]:
    context = world.context(traces=True, **limits)
    start = StartInput(node="Start", document=flow.document)
    events = await told(run_journaled(flow.plan, start, context, journal, left_s=60.0))
    assert len(asyncio.all_tasks()) == 1
    return [msgspec.structs.replace(event, at_ns=0) for event in events]


def attempt(flow: Flow, world: World, journal: MemoryJournal, limits: dict[str, Any]) -> list[Event]:
    return asyncio.run(_attempt(flow, world, journal, limits))


LIMITS = st.sampled_from([{}, {"max_items": 25}, {"max_parallel": 1}, {"max_parallel": 3}])


@given(flows(), st.randoms(use_true_random=False), LIMITS)
@settings(max_examples=150, deadline=None)
def test_a_journal_changes_nothing(flow: Flow, random: Any, limits: dict[str, Any]) -> None:
    plain = run(flow, traces=True)
    events = attempt(flow, Answering(delay=lambda _: random.randrange(6)), MemoryJournal(), limits)
    assert isinstance(events[-1], FlowFinished)
    assert outputs(events) == outputs(plain)
    assert Counter(outputs(events)) == Oracle(flow).outputs()
    assert by_node(events) == by_node(plain)


@given(flows(), st.randoms(use_true_random=False), LIMITS)
@settings(max_examples=100, deadline=None)
def test_cut_off_after_any_page_it_tells_the_same_events(
    flow: Flow, random: Any, limits: dict[str, Any]
) -> None:
    journal = MemoryJournal()
    whole = attempt(flow, Answering(delay=lambda _: random.randrange(6)), journal, limits)
    for kept in range(len(journal.pages) + 1):
        # The rest is replayed out of the first attempt's pages, but asked for one page at a time.
        world = Answering(delay=lambda _: random.randrange(6))
        again = journal.again(kept)
        events = attempt(flow, world, again, limits)
        assert again.pages[:kept] == journal.pages[:kept]
        assert outputs(events) == outputs(whole)
        assert by_node(events) == by_node(whole)
        told_by_pages = attempt(flow, Answering(), again.again(), limits)
        assert told_by_pages == events, "what two attempts with the same pages tell is the same"
        assert len(world.asked) == sum(page.count(b'"call":') for page in again.pages[kept:])


@given(flows(), st.randoms(use_true_random=False), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_what_was_told_before_a_crash_is_told_first_after_it(flow: Flow, random: Any, crash: int) -> None:
    """So whoever kept the first events of one attempt goes on with those of the next one."""
    journal = MemoryJournal(refuses_at=crash)
    heard: list[Event] = []
    asked: Counter[str] = Counter()
    limits = {"max_items": 25}

    async def crashed() -> None:
        world = Answering(delay=lambda _: random.randrange(4))
        context = world.context(traces=True, **limits)
        start = StartInput(node="Start", document=flow.document)
        running = run_journaled(flow.plan, start, context, journal, left_s=60.0)
        try:
            async for event in running:
                heard.append(event)  # noqa: PERF401  # what was heard before it broke off counts
        except Refused:
            asked.update(one.context.step for one in world.asked)

    asyncio.run(crashed())
    kept = [msgspec.structs.replace(event, at_ns=0) for event in heard]
    world = Answering(delay=lambda _: random.randrange(4))
    events = attempt(flow, world, journal.again(), limits)
    assert events[: len(kept)] == kept
    steps = Counter(one.context.step for one in world.asked)
    assert max(steps.values(), default=1) == 1
    recorded = b"".join(journal.pages)
    assert not [step for step in steps if b'"call":"' + step.partition("/")[2].encode() + b'"' in recorded]
