"""What clients send."""

from __future__ import annotations

import json
import random
import uuid
from pathlib import Path
from typing import Any

from tests.contract.bedrock.things import ROLE, definition

MODEL_CONFIG = """
[[models.route]]
match = "judge-*"
provider = "script"

[[models.route]]
match = "*"
provider = "echo"

[models.providers.script]
type = "scripted"
file = "answers.json"

[[functions.route]]
type = "handler"
match = "step"
handler = "steps:step"

[handlers]
path = ["."]
"""
ANSWERS = {
    "answers": [
        {"text": "Is it well said", "answer": {"text": "true", "input_tokens": 9, "output_tokens": 1}}
    ]
}
JUDGE = {
    "arguments_type": "target_free",
    "return_type": "boolean",
    "evaluator_type": "llm",
    "prompt": {"model": "judge-1", "template": "Is it well said: yes or no. {{log.output}}"},
}
SCORE = {"arguments_type": "target_free", "return_type": "number", "evaluator_type": "external"}


def token(luck: random.Random) -> str:
    """A client token, drawn."""
    return str(uuid.UUID(int=luck.getrandbits(128), version=4))


def flow_body(name: str, mark: str) -> dict[str, Any]:
    """A flow that answers with its mark."""
    return {"name": name, "executionRoleArn": ROLE, "definition": definition(mark)}


def mark_in(flow: dict[str, Any]) -> str:
    """The mark of a flow's or a version's definition, wherever it was read."""
    given = flow.get("definition") or flow["attributes"]["definition"]
    ask = given["nodes"][1]["configuration"]["prompt"]["sourceConfiguration"]["inline"]
    return str(ask["templateConfiguration"]["text"]["text"].removesuffix(" {{topic}}"))


def routing(number: str) -> list[dict[str, str]]:
    """An alias's target."""
    return [{"flowVersion": number}]


def document(text: str, node: str = "In") -> dict[str, Any]:
    """A run's input."""
    return {"inputs": [{"nodeName": node, "nodeOutputName": "document", "content": {"document": text}}]}


STEPS = """
import time


def step(event, context):
    given = {one["name"]: one["value"] for one in event["node"]["inputs"]}["value"]
    time.sleep(given["pause_s"])
    return {"n": given["n"] + 1, "pause_s": given["pause_s"]}
"""


def write_world(folder: Path) -> None:
    """What flows of a run call: models that say what they are told to, and a step that takes its time."""
    (folder / "headrace.toml").write_text(MODEL_CONFIG)
    (folder / "answers.json").write_text(json.dumps(ANSWERS))
    (folder / "steps.py").write_text(STEPS)
