"""Flows whose nodes take their time and leave word of it, in a file that outlives whoever calls them."""

from __future__ import annotations

import itertools
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.unit.engine.flows import each, end, gather, level, node, start

T = TypeVar("T")
ROLE = "arn:aws:iam::111122223333:role/flows"
CONFIG = """
[[functions.route]]
type = "handler"
match = "step"
handler = "steps:step"

[handlers]
path = ["."]
"""
HANDLERS = """
import os
import time

WORD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "word")


def say(*words):
    file = os.open(WORD, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, (" ".join(words) + "\\n").encode())
    os.close(file)


def step(event, context):
    given = {one["name"]: one["value"] for one in event["node"]["inputs"]}
    value, pause_s = given["value"]["n"], given["value"]["pause_s"]
    say("begun", context.aws_request_id)
    time.sleep(pause_s)
    say("done", context.aws_request_id)
    return {"n": value + 1, "pause_s": pause_s, "more": value + 1 < given["value"].get("until", 0),
            "until": given["value"].get("until", 0)}
"""


def step(name: str) -> dict[str, Any]:
    """A node that adds one, slowly."""
    arn = "arn:aws:lambda:us-east-1:111122223333:function:step"
    return node(name, "LambdaFunction", {"value": "Object"}, {"functionResponse": "Object"}, lambdaArn=arn)


def chain(length: int) -> dict[str, Any]:
    """One step after another."""
    names = [f"Step{number}" for number in range(length)]
    arrows = [f"{a}.functionResponse > {b}.value" for a, b in itertools.pairwise(names)]
    return level(
        [start("Object"), *map(step, names), end(type="Number", expression="$.data.n")],
        f"Start.document > {names[0]}.value",
        *arrows,
        f"{names[-1]}.functionResponse > End.document",
    )


def items() -> dict[str, Any]:
    """A step an item."""
    collect = gather(type="Number")
    collect["inputs"][0]["expression"] = "$.data.n"
    return level(
        [start("Array"), each(type="Object"), step("Item"), collect, end(type="Array")],
        "Start.document > Each.array",
        "Each.arrayItem > Item.value",
        "Item.functionResponse > Gather.arrayItem",
        "Each.arraySize > Gather.arraySize",
        "Gather.collectedArray > End.document",
    )


def rounds(most: int) -> dict[str, Any]:
    """A step a round, until the number is reached."""
    body = level(
        [
            node("Begin", "LoopInput", outputs={"value": "Object"}),
            step("Turn"),
            node(
                "Control",
                "LoopController",
                {
                    "more": ("Boolean", "$.data.more", "LoopCondition"),
                    "value": ("Object", "$.data", "ReturnValueToLoopStart"),
                    "result": ("Number", "$.data.n", "ExitLoop"),
                },
                continueCondition={"name": "go_on", "expression": "more"},
                maxIterations=most,
            ),
        ],
        "Begin.value > Turn.value",
        "Turn.functionResponse > Control.more",
        "Turn.functionResponse > Control.value",
        "Turn.functionResponse > Control.result",
    )
    loop = node("Loop", "Loop", {"value": "Object"}, {"result": "Number"}, definition=body)
    return level(
        [start("Object"), loop, end(type="Number")],
        "Start.document > Loop.value",
        "Loop.result > End.document",
    )


@dataclass
class Place:
    """A folder with what a server calls, and the word that its steps leave."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "headrace.toml").write_text(CONFIG)
        (self.folder / "steps.py").write_text(HANDLERS)
        self.settings = {"config": str(self.folder / "headrace.toml"), **self.settings}

    def said(self, word: str) -> Counter[str]:
        """How often each step has said a word, by its key."""
        path = self.folder / "word"
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(key for said, key in (line.split(" ", 1) for line in lines) if said == word)


class Client:
    """Flows and their executions, as boto3 sees them."""

    def __init__(self, agent: Any, runtime: Any) -> None:
        self.agent = agent
        self.runtime = runtime

    def make(self, definition: dict[str, Any], *, concurrency: int | None = None) -> dict[str, str]:
        """A flow with an alias of its first version."""
        name = f"flow-{uuid.uuid4().hex[:12]}"
        flow = self.agent.create_flow(name=name, executionRoleArn=ROLE, definition=definition)["id"]
        self.agent.prepare_flow(flowIdentifier=flow)
        version = self.agent.create_flow_version(flowIdentifier=flow)["version"]
        more = (
            {}
            if concurrency is None
            else {"concurrencyConfiguration": {"type": "Manual", "maxConcurrency": concurrency}}
        )
        alias = self.agent.create_flow_alias(
            flowIdentifier=flow, name="live", routingConfiguration=[{"flowVersion": version}], **more
        )["id"]
        return {"flowIdentifier": flow, "flowAliasIdentifier": alias}

    def start(self, flow: dict[str, str], document: Any, **more: Any) -> dict[str, str]:
        """An execution, as others name it."""
        inputs = [{"nodeName": "Start", "nodeOutputName": "document", "content": {"document": document}}]
        arn = self.runtime.start_flow_execution(**flow, inputs=inputs, **more)["executionArn"]
        return {**flow, "executionIdentifier": arn.rpartition("/")[2]}

    def get(self, execution: dict[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = self.runtime.get_flow_execution(**execution)
        return found

    def ended(self, execution: dict[str, str], *, within_s: float = 60.0) -> str:
        """How it ended."""
        return until(lambda: self._end(execution), within_s=within_s, what=str(execution))

    def _end(self, execution: dict[str, str]) -> str | None:
        status = str(self.get(execution)["status"])
        return None if status == "Running" else status

    def events(self, execution: dict[str, str], kind: str = "Flow") -> list[dict[str, Any]]:
        """All events of a kind, each as what it is and what it holds."""
        pages = self.runtime.get_paginator("list_flow_execution_events").paginate(**execution, eventType=kind)
        return [event for page in pages for event in page["flowExecutionEvents"]]

    def outputs(self, execution: dict[str, str]) -> list[Any]:
        """What came out."""
        return [
            event["flowOutputEvent"]["fields"][0]["content"]["document"]
            for event in self.events(execution)
            if "flowOutputEvent" in event
        ]


def until(look: Callable[[], T | None], *, within_s: float, what: str) -> T:
    """What is found once there is something."""
    ends_at = time.monotonic() + within_s
    while (found := look()) is None or found is False:
        assert time.monotonic() < ends_at, f"not within {within_s:g} s: {what}"
        time.sleep(0.05)
    return found


def keys(said: Iterable[str]) -> set[str]:
    """The nodes and iterations of steps, whatever execution they are of."""
    return {key.partition("/")[2] for key in said}
