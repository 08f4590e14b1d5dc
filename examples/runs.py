"""The demo's second half: flows that run, aliases that move between two calls, and what is kept of runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from botocore.client import BaseClient
from stage import Server, Story, refusal

EXAMPLES = Path(__file__).resolve().parent
KNOWLEDGE_BASE = "HANDBOOK01"


class Runs:
    """Steps with one released flow, in order."""

    def __init__(
        self, story: Story, server: Server, *, agent: BaseClient, runtime: BaseClient, flow: str
    ) -> None:
        self._say = story
        self._server = server
        self._agent = agent
        self._runtime = runtime
        self._flow = flow
        self._alias = ""

    def tell(self) -> None:
        """All steps."""
        self.invoke_an_alias()
        self.move_the_alias()
        self.answer_from_documents()
        self.look_at_what_ran()

    def invoke_an_alias(self) -> None:
        """An alias that points at version 1, invoked with its trace."""
        say = self._say
        say.step("Point the alias 'live' at version 1, and run it")
        say.call("boto3", 'create_flow_alias(name="live", routingConfiguration=[{"flowVersion": "1"}])')
        made = self._agent.create_flow_alias(
            flowIdentifier=self._flow, name="live", routingConfiguration=[{"flowVersion": "1"}]
        )
        self._alias = made["id"]
        say.promise(made["name"] == "live", f"alias {self._alias} routes to version 1")
        say.call("boto3", f'invoke_flow(flowAliasIdentifier="{self._alias}", enableTrace=True, …)')
        events = self._invoke(self._alias, "urgent")
        ended = events[-1].get("flowCompletionEvent", {}).get("completionReason")
        say.promise(ended == "SUCCESS", f"{len(events)} events; the last one says SUCCESS")
        path = path_taken(events)
        say.promise(path.endswith("Route (default) > Escalate > EscalationOutput"), path)
        escalation = output(events)
        say.promise(
            escalation["queue"] == "on-call",
            f"the output: a call for queue 'on-call', from {escalation['customer']}",
        )
        say.why(
            "Models are answered by examples/answers/support_triage.json, as examples/headrace.toml says. "
            "The code of CleanLabel and Escalate really ran, in the sandbox."
        )

    def move_the_alias(self) -> None:
        """The next call is of the other version."""
        say = self._say
        say.step("Move the alias to version 2: the next call runs it")
        say.call("boto3", f'update_flow_alias(aliasIdentifier="{self._alias}", …"flowVersion": "2")')
        self._agent.update_flow_alias(
            flowIdentifier=self._flow,
            aliasIdentifier=self._alias,
            name="live",
            routingConfiguration=[{"flowVersion": "2"}],
        )
        say.call("boto3", "invoke_flow(…)  with the same arguments as before")
        queue = output(self._invoke(self._alias, "urgent"))["queue"]
        say.promise(queue == "duty-officer", f"queue {queue!r}: what version 2 says; nothing was restarted")
        say.call("boto3", f'delete_flow_version(flowIdentifier="{self._flow}", flowVersion="2")')
        status, reason = refusal(self._agent.delete_flow_version, flowIdentifier=self._flow, flowVersion="2")
        say.promise(status == 409 and self._alias in reason, f"{status} {reason}")

    def answer_from_documents(self) -> None:
        """A local knowledge base, and an environment in the place of an alias."""
        say = self._say
        say.step("Give it a handbook to search, and run what is in staging")
        say.call("headrace", f"kb create {KNOWLEDGE_BASE}; kb add {KNOWLEDGE_BASE} examples/handbook")
        self._server.command("kb", "create", KNOWLEDGE_BASE)
        added = self._server.command("kb", "add", KNOWLEDGE_BASE, str(EXAMPLES / "handbook")).strip()
        say.promise(added.startswith("3 documents"), f"{added} The running server sees them at once")
        say.call("boto3", 'invoke_flow(flowAliasIdentifier="staging", enableTrace=True, …)')
        events = self._invoke("staging", "question")
        path = path_taken(events)
        say.promise(path.endswith("Route (isQuestion) > SearchHandbook > AnswerOutput"), path)
        answer = output(events)
        say.promise("Viewer" in answer, answer)
        say.why("The script gives this answer only where the right passage of the handbook is in the prompt.")

    def look_at_what_ran(self) -> None:
        """Each run is kept with its version and its events."""
        say = self._say
        say.step("Look at what ran")
        say.call("headrace", "executions list")
        listed = json.loads(self._server.command("executions", "list", "--json"))
        numbers = [one["number"] for one in listed]
        say.promise(numbers == [4, 2, 1], "three runs, newest first, of versions 4, 2 and 1")
        say.call("headrace", f"executions show {listed[1]['id']}")
        shown = self._server.command("executions", "show", listed[1]["id"])
        say.promise("Succeeded" in shown and "duty-officer" in shown, "the second one, node by node:")
        say.quote(shown)

    def _invoke(self, pointer: str, document: str) -> list[dict[str, Any]]:
        """All events of a run of the flow on a ticket of the examples."""
        ticket = json.loads((EXAMPLES / "inputs" / f"{document}.json").read_text())
        answer = self._runtime.invoke_flow(
            flowIdentifier=self._flow,
            flowAliasIdentifier=pointer,
            enableTrace=True,
            inputs=[
                {"nodeName": "Ticket", "nodeOutputName": "document", "content": {"document": ticket}},
            ],
        )
        return list(answer["responseStream"])


def path_taken(events: Iterable[dict[str, Any]]) -> str:
    """The nodes in the order in which they ran, with the conditions that held."""
    names = ["Ticket"]
    for event in events:
        for kind, trace in event.get("flowTraceEvent", {}).get("trace", {}).items():
            if kind == "nodeInputTrace":
                names.append(trace["nodeName"])
            elif kind == "conditionNodeResultTrace":
                held = ", ".join(one["conditionName"] for one in trace["satisfiedConditions"])
                names[-1] += f" ({held})"
    return " > ".join(names)


def output(events: Iterable[dict[str, Any]]) -> Any:
    """What came out of the flow."""
    return next(e["flowOutputEvent"]["content"]["document"] for e in events if "flowOutputEvent" in e)
