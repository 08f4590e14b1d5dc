"""A flow with four versions that is deployed to three environments, and who looks at it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker

_numbers = itertools.count(1)
TEXT = (
    "You are the assistant of a shop. Answer the ticket below politely, with exactly one sentence, and "
    "never mention other customers: {{ticket}}"
)


def prompt(name: str, text: str, temperature: float = 0.7) -> dict[str, Any]:
    """A node that asks a model."""
    inline = {
        "modelId": "amazon.nova-lite-v1:0",
        "templateType": "TEXT",
        "templateConfiguration": {"text": {"text": text, "inputVariables": [{"name": "ticket"}]}},
        "inferenceConfiguration": {"text": {"temperature": temperature}},
    }
    return {
        "name": name,
        "type": "Prompt",
        "configuration": {"prompt": {"sourceConfiguration": {"inline": inline}}},
        "inputs": [{"name": "ticket", "type": "String", "expression": "$.data"}],
        "outputs": [{"name": "modelCompletion", "type": "String"}],
    }


def joined(source: str, output: str, target: str, input: str) -> dict[str, Any]:
    """A connection over which data goes."""
    return {
        "name": f"{source}To{target}",
        "type": "Data",
        "source": source,
        "target": target,
        "configuration": {"data": {"sourceOutput": output, "targetInput": input}},
    }


def definition(*prompts: dict[str, Any]) -> dict[str, Any]:
    """A flow that asks one prompt after the other."""
    start = {
        "name": "FlowInput",
        "type": "Input",
        "configuration": {"input": {}},
        "outputs": [{"name": "document", "type": "String"}],
    }
    end = {
        "name": "FlowOutput",
        "type": "Output",
        "configuration": {"output": {}},
        "inputs": [{"name": "document", "type": "String", "expression": "$.data"}],
    }
    connections = [joined("FlowInput", "document", prompts[0]["name"], "ticket")]
    for before, after in itertools.pairwise(prompts):
        connections.append(joined(before["name"], "modelCompletion", after["name"], "ticket"))
    connections.append(joined(prompts[-1]["name"], "modelCompletion", "FlowOutput", "document"))
    return {"nodes": [start, *prompts, end], "connections": connections}


VERSIONS = (
    definition(prompt("Answer", TEXT)),
    definition(prompt("Answer", TEXT, 0.2)),
    definition(prompt("Reply", TEXT, 0.2)),
    definition(
        prompt("Reply", TEXT.replace("exactly one sentence", "two short sentences")),
        prompt("Check", "Is {{ticket}} polite?"),
    ),
)
"""Another temperature; then only another name; then another text, and one node more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The flow, with version 3 in production and version 4 in staging."""

    asker: Asker
    path: str
    id: str

    def ask(self, method: str, *parts: str, body: Any = None, **more: Any) -> Any:
        """Ask about the flow."""
        return self.asker.ask(method, "files", self.id, *parts, body=body, **more)

    def at(self, pointer: str = "production") -> dict[str, Any]:
        """What a pointer targets."""
        live: dict[str, Any] = self.ask("GET", "pointers", pointer)
        return live

    def gate(self, *rules: dict[str, Any]) -> None:
        """Set the gate of production."""
        self.ask("PUT", "pointers", "production", "gate", body={"rules": rules})


def deployed(server: LiveServer, key: str = "any") -> Deployed:
    """A new one."""
    asker, path = Asker(url=server.url, key=key), f"deployed {next(_numbers)}/support-triage"
    client = server.humanloop(api_key=key)
    for place, attributes in enumerate(VERSIONS, 1):
        made = client.flows.upsert(
            path=path, attributes={"definition": attributes}, version_description=f"Step {place}"
        )
    flow = Deployed(asker=asker, path=path, id=made.id)
    for to in (2, 3):
        flow.ask("POST", "pointers", "production", "moves", body={"to": to, "reason": f"try v{to}"})
    flow.ask("POST", "pointers", "staging", "moves", body={"to": 4})
    return flow
