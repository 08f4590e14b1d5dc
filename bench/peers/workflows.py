"""What other engines need a node, in the same shapes as `bench.engine`; runs in an environment of its own.

Its argument is the name of the engine; prints one JSON object.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import operator
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypedDict

ROUNDS = 5
ITEMS = 1000


async def best_us(run: Callable[[], Awaitable[Any]], times: int) -> float:
    """Microseconds of CPU a run, the best of some rounds: others may be using the machine."""
    best_s = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            await run()
        best_s = min(best_s, (time.process_time() - started) / times)
    return best_s * 1e6


class _Number(TypedDict):
    value: int


class _Items(TypedDict):
    items: list[int]
    results: Annotated[list[int], operator.add]


def langgraph_chain(nodes: int) -> Callable[[], Awaitable[Any]]:
    """A chain of nodes that pass a number on."""
    from langgraph.graph import END, START, StateGraph

    async def step(state: _Number) -> _Number:
        return {"value": state["value"]}

    graph = StateGraph(_Number)
    names = [f"node_{number}" for number in range(nodes)]
    for name in names:
        graph.add_node(name, step)
    for source, target in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(source, target)
    compiled = graph.compile()
    return lambda: compiled.ainvoke({"value": 9}, {"recursion_limit": nodes + 5})


def langgraph_map() -> Callable[[], Awaitable[Any]]:
    """One node for each of many items."""
    from langgraph.graph import END, START, StateGraph
    from langgraph.types import Send

    async def step(item: Any) -> dict[str, list[int]]:
        return {"results": [item["value"]]}

    graph = StateGraph(_Items)
    graph.add_node("item", step)
    graph.add_conditional_edges(
        START, lambda state: [Send("item", {"value": one}) for one in state["items"]], ["item"]
    )
    graph.add_edge("item", END)
    compiled = graph.compile()
    return lambda: compiled.ainvoke({"items": list(range(ITEMS)), "results": []})


def burr_chain(nodes: int) -> Callable[[], Awaitable[Any]]:
    """A chain of actions that pass a number on."""
    from burr.core import ApplicationBuilder, State, action

    @action(reads=["value"], writes=["value"])
    async def step(state: State[Any]) -> State[Any]:
        return state.update(value=state["value"])

    names = [f"node_{number}" for number in range(nodes)]
    chain = list(itertools.pairwise(names))

    async def run() -> Any:
        built = (
            ApplicationBuilder()
            .with_actions(**dict.fromkeys(names, step))
            .with_transitions(*chain)
            .with_state(value=9)
            .with_entrypoint(names[0])
            .abuild()
        )
        application = await built
        started = time.process_time()
        await application.arun(halt_after=[names[-1]])
        spent.append(time.process_time() - started)

    spent: list[float] = []

    async def measured() -> float:
        """Microseconds a run without building the application, which is made anew for each."""
        for _ in range(20):
            await run()
        return min(spent) * 1e6

    return measured


def haystack_chain(nodes: int) -> Callable[[], Awaitable[Any]]:
    """A chain of components that pass a number on."""
    from haystack import Pipeline, component

    @component
    class Step:
        @component.output_types(value=int)
        def run(self, value: int) -> dict[str, int]:
            return {"value": value}

        @component.output_types(value=int)
        async def run_async(self, value: int) -> dict[str, int]:
            return {"value": value}

    names = [f"node_{number}" for number in range(nodes)]
    pipeline = Pipeline()
    for name in names:
        pipeline.add_component(name, Step())
    for source, target in itertools.pairwise(names):
        pipeline.connect(f"{source}.value", f"{target}.value")
    return lambda: pipeline.run_async({names[0]: {"value": 9}})


async def langgraph() -> dict[str, float]:
    """Microseconds a node, and an item."""
    return {
        "chain_of_10_us_a_node": await best_us(langgraph_chain(10), 10) / 10,
        "chain_of_100_us_a_node": await best_us(langgraph_chain(100), 2) / 100,
        "item_us": await best_us(langgraph_map(), 1) / ITEMS,
    }


async def burr() -> dict[str, float]:
    """Microseconds a node."""
    return {
        "chain_of_10_us_a_node": await burr_chain(10)() / 10,
        "chain_of_100_us_a_node": await burr_chain(100)() / 100,
    }


async def haystack() -> dict[str, float]:
    """Microseconds a node."""
    return {
        "chain_of_10_us_a_node": await best_us(haystack_chain(10), 10) / 10,
        "chain_of_100_us_a_node": await best_us(haystack_chain(100), 2) / 100,
    }


ENGINES = {"langgraph": langgraph, "burr": burr, "haystack": haystack}

if __name__ == "__main__":
    print(json.dumps(asyncio.run(ENGINES[sys.argv[1]]())))
