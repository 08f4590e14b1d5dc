"""A live server whose flows have scripted models that take their time, and flows worth looking at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.bedrock.running import agent, chain, install, prompt
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CONFIG = """
[models.providers.script]
type = "scripted"
file = "answers.json"

[[models.route]]
match = "*"
provider = "script"

[[agents.route]]
type = "local"
match = "*"
model = "an-agent"
instructions = "Help."

[[models.price]]
match = "*"
input_usd = 3.0
output_usd = 15.0
"""
ASK = {"toolUse": {"toolUseId": "t1", "name": "ask_user", "input": {"question": "Which colour?"}}}
ANSWERS: list[dict[str, Any]] = [
    {"node": "Classify", "text": "slowly", "answer": {"text": "problem", "delay_s": 4}},
    {"node": "DraftReply", "text": "slowly", "answer": {"text": "We are sorry.", "delay_s": 4}},
    {
        "text": "broken",
        "answer": {"error": {"fault": "throttled", "message": "The model is busy. Slow down."}},
    },
    {"text": "late$", "answer": {"text": "late", "delay_s": 60}},
    {
        "node": "Classify",
        "answer": {"text": "problem", "input_tokens": 212, "output_tokens": 1, "delay_s": 0.3},
    },
    {
        "node": "Clerk",
        "text": "ask",
        "answers": [{"content": [ASK], "stop_reason": "tool_use"}, {"text": "Green it is."}],
    },
    {
        "answer": {
            "text": "We are sorry that the export is slow. It is being looked after; you hear from us today.",
            "input_tokens": 640,
            "output_tokens": 84,
            "delay_s": 0.6,
        }
    },
]
TICKET = {
    "subject": "Export is slow",
    "body": "Since this morning our export takes an hour. It used to take a minute.",
    "customer": "Ada",
    "plan": "team",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The server, and who asks it."""

    live: LiveServer
    asker: Asker
    boto: Any

    def flow(self, definition: dict[str, Any]) -> str:
        """The id of a flow with one version."""
        short = install(self.boto, definition)
        self.boto.create_flow_version(flowIdentifier=short)
        return str(self.asker.ask("GET", "files", short)["id"])

    def run(self, flow: str, document: Any, **said: Any) -> str:
        """Run a flow to its end, or to a question; the execution's id."""
        response = self.asker.send("POST", "files", flow, "run", body={"input": document, **said})
        assert response.status_code == 200, response.text
        began: dict[str, str] = json.loads(response.text.splitlines()[0])
        return began["id"]


def triage() -> dict[str, Any]:
    """A flow of many nodes."""
    found: dict[str, Any] = json.loads((EXAMPLES / "support_triage.json").read_text())
    return found


def saying(word: str = "Say") -> dict[str, Any]:
    """A flow of one prompt."""
    return chain(("Ask", "Prompt", prompt(f"{word} {{{{text}}}}")))


def clerk() -> dict[str, Any]:
    """A flow that asks."""
    return chain(("Clerk", "Agent", agent()))


@contextmanager
def placed(folder: Path) -> Iterator[Place]:
    """A server with scripted models."""
    (folder / "headrace.toml").write_text(CONFIG)
    (folder / "answers.json").write_text(json.dumps({"answers": ANSWERS}))
    live = LiveServer(
        store=f"sqlite:///{folder}/headrace.db", settings={"config": str(folder / "headrace.toml")}
    ).start()
    yield Place(live=live, asker=Asker(url=live.url), boto=live.boto("bedrock-agent"))
    assert live.stop() == 0
