"""What other engines need a node, in the same shapes as `bench.engine`; runs in an environment of its own.

Prints one JSON object; an engine that is not installed is left out.
"""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import json
import operator
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


async def measure() -> dict[str, Any]:
    """Microseconds a node, and an item."""
    figures: dict[str, Any] = {}
    if importlib.util.find_spec("langgraph"):
        figures["langgraph"] = {
            "chain_of_10_us_a_node": await best_us(langgraph_chain(10), 10) / 10,
            "chain_of_100_us_a_node": await best_us(langgraph_chain(100), 2) / 100,
            "item_us": await best_us(langgraph_map(), 1) / ITEMS,
        }
    if importlib.util.find_spec("burr"):
        figures["burr"] = {
            "chain_of_10_us_a_node": await burr_chain(10)() / 10,
            "chain_of_100_us_a_node": await burr_chain(100)() / 100,
        }
    return figures


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure())))
