"""What the engine itself costs: microseconds a node and an item, beside plain asyncio and other engines.

A chain is conditions in a row, each let through by the one before and fed by the input; or code in a row,
answered in the process at once, which adds what a step that acts outside costs (a deadline, an id). The
floors are measured in the same run: awaiting a coroutine a node, and starting a task a node. Other engines
run in environments of their own.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bench.environments import NotThere, ready
from headrace.core.definition import Definition
from headrace.core.effects import EffectContext, Effects
from headrace.engine.plan import Plan, compile_plan
from headrace.engine.run import RunContext, StartInput, run

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))
ITEMS = 1000
NODES = (10, 100)
PEER_LIMIT_S = 300.0
PEERS = ("langgraph", "burr", "haystack")


async def best_us(once: Callable[[], Awaitable[Any]], times: int) -> float:
    """Microseconds of CPU a run, the best of some rounds: others may be using the machine."""
    best_s = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            await once()
        best_s = min(best_s, (time.process_time() - started) / times)
    return best_s * 1e6


class Echo:
    """Code that gives its variable back."""

    async def run(self, code: str, variables: Mapping[str, Any], context: EffectContext) -> Any:
        """The value of the only variable."""
        return variables["value"]


class Nobody:
    """What the flows here never call."""


def _data(source: str, output: str, target: str, into: str) -> dict[str, Any]:
    name = f"{source}_{output}_{target}_{into}"
    configuration = {"data": {"sourceOutput": output, "targetInput": into}}
    return {"name": name, "type": "Data", "source": source, "target": target, "configuration": configuration}


def _gate(source: str, target: str) -> dict[str, Any]:
    configuration = {"conditional": {"condition": "big"}}
    return {
        "name": f"{source}_{target}",
        "type": "Conditional",
        "source": source,
        "target": target,
        "configuration": configuration,
    }


def _node(
    name: str, type: str, inputs: dict[str, str], outputs: dict[str, str], **settings: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "type": type,
        "configuration": {type[0].lower() + type[1:]: settings},
        "inputs": [{"name": port, "type": kind, "expression": "$.data"} for port, kind in inputs.items()],
        "outputs": [{"name": port, "type": kind} for port, kind in outputs.items()],
    }


def _condition(name: str) -> dict[str, Any]:
    conditions = [{"name": "big", "expression": "value > 5"}, {"name": "default"}]
    return _node(name, "Condition", {"value": "Number"}, {}, conditions=conditions)


def _plan(nodes: list[dict[str, Any]], connections: list[dict[str, Any]]) -> Plan:
    return compile_plan(Definition.parse({"nodes": nodes, "connections": connections}), digest="bench")


def conditions(nodes: int) -> Plan:
    """An input, conditions in a row, an output."""
    names = [f"Choose{number}" for number in range(nodes - 2)]
    return _plan(
        [
            _node("Start", "Input", {}, {"document": "Number"}),
            *map(_condition, names),
            _node("End", "Output", {"document": "Number"}, {}),
        ],
        [
            *(_data("Start", "document", name, "value") for name in names),
            _data("Start", "document", "End", "document"),
            *(_gate(*pair) for pair in zip(names, [*names[1:], "End"], strict=True)),
        ],
    )


def code(nodes: int) -> Plan:
    """An input, code in a row, an output."""
    names = [f"Code{number}" for number in range(nodes - 2)]
    sources = [("Start", "document"), *((name, "response") for name in names)]
    targets = [*((name, "value") for name in names), ("End", "document")]
    settings = {"code": "value", "language": "Python_3"}
    return _plan(
        [
            _node("Start", "Input", {}, {"document": "Number"}),
            *(
                _node(name, "InlineCode", {"value": "Number"}, {"response": "Number"}, **settings)
                for name in names
            ),
            _node("End", "Output", {"document": "Number"}, {}),
        ],
        [_data(*source, *target) for source, target in zip(sources, targets, strict=True)],
    )


def items() -> Plan:
    """An Iterator over a condition and a Collector."""
    return _plan(
        [
            _node("Start", "Input", {}, {"document": "Array"}),
            _node("Each", "Iterator", {"array": "Array"}, {"arrayItem": "Number", "arraySize": "Number"}),
            _condition("Choose"),
            _node(
                "Gather",
                "Collector",
                {"arrayItem": "Number", "arraySize": "Number"},
                {"collectedArray": "Array"},
            ),
            _node("End", "Output", {"document": "Array"}, {}),
        ],
        [
            _data("Start", "document", "Each", "array"),
            _data("Each", "arrayItem", "Choose", "value"),
            _data("Each", "arrayItem", "Gather", "arrayItem"),
            _data("Each", "arraySize", "Gather", "arraySize"),
            _gate("Choose", "Gather"),
            _data("Gather", "collectedArray", "End", "document"),
        ],
    )


def running(plan: Plan, document: Any, *, traces: bool) -> Callable[[], Awaitable[None]]:
    """A run from beginning to end, its events taken one by one."""
    nobody: Any = Nobody()
    effects = Effects(
        models=nobody,
        code=Echo(),
        functions=nobody,
        objects=nobody,
        knowledge=nobody,
        agents=nobody,
        intents=nobody,
        prompts=nobody,
    )

    async def once() -> None:
        context = RunContext(
            execution_id="bench",
            account="000000000000",
            flow_arn="arn:flow",
            alias_arn="arn:alias",
            effects=effects,
            traces=traces,
        )
        async for _ in run(plan, StartInput(node="Start", document=document), context):
            pass

    return once


def awaiting(nodes: int) -> Callable[[], Awaitable[None]]:
    """A coroutine a node, awaited."""

    async def node(value: int) -> int:
        return value

    async def once() -> None:
        value = 9
        for _ in range(nodes):
            value = await node(value)

    return once


def spawning(nodes: int) -> Callable[[], Awaitable[None]]:
    """A task a node."""

    async def node(value: int) -> int:
        return value

    async def once() -> None:
        value = 9
        for _ in range(nodes):
            value = await asyncio.create_task(node(value))

    return once


async def chains(nodes: int) -> dict[str, float]:
    """Microseconds a node of a chain."""
    times = 2000 // nodes
    runs = {
        "plain_await": awaiting(nodes),
        "task_a_node": spawning(nodes),
        "conditions": running(conditions(nodes), 9, traces=False),
        "conditions_traced": running(conditions(nodes), 9, traces=True),
        "code": running(code(nodes), 9, traces=False),
        "code_traced": running(code(nodes), 9, traces=True),
    }
    return {name: await best_us(once, times) / nodes for name, once in runs.items()}


async def measure() -> dict[str, Any]:
    """All figures."""
    figures: dict[str, Any] = {f"chain_of_{nodes}_us_a_node": await chains(nodes) for nodes in NODES}
    document = list(range(ITEMS))
    figures["item_us"] = {
        "untraced": await best_us(running(items(), document, traces=False), 2) / ITEMS,
        "traced": await best_us(running(items(), document, traces=True), 2) / ITEMS,
    }
    return figures


def peers() -> dict[str, Any]:
    """What other engines need; those that are not there are told."""
    figures: dict[str, Any] = {}
    skipped: dict[str, str] = {}
    for name in PEERS:
        try:
            command = [str(ready(name).python), "bench/peers/workflows.py", name]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=PEER_LIMIT_S)
            figures[name] = json.loads(done.stdout)
        except NotThere as reason:
            skipped[name] = str(reason)
        except (subprocess.SubprocessError, ValueError) as error:
            skipped[name] = f"it failed: {error}"
    return {"peers": figures, "skipped": skipped}


if __name__ == "__main__":
    print(json.dumps({**asyncio.run(measure()), **peers()}, indent=1))
