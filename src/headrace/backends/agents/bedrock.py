"""Agents of Amazon Bedrock, by InvokeAgent.

Two things end an answer with a question: the agent asks the user (its trace says so), or it returns control.
A returned call is shown as JSON, and the next text of the session is its result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from headrace.backends.agents.routes import BedrockAgentRoute
from headrace.backends.agents.said import Said
from headrace.backends.aws import Aws, fault_of
from headrace.backends.failures import BEDROCK
from headrace.backends.lex.router import texts
from headrace.core.effects import AgentReply, EffectContext, EffectFailed, Usage
from headrace.core.jsontext import json_text

ALIAS = re.compile(r"^arn:[\w-]+:bedrock:[\w-]+:\d+:agent-alias/(?P<agent>\w+)/(?P<alias>\w+)\Z")


class Turn(msgspec.Struct, kw_only=True):
    """What the events of one answer add up to.

    Attributes:
        returned: the call that the agent wants done, of ``returnControl``.
        failure: the error that ended the answer.
    """

    text: str = ""
    asks: bool = False
    trace: list[dict[str, Any]] = []
    returned: dict[str, Any] | None = None
    failure: EffectFailed | None = None
    input_tokens: int = 0
    output_tokens: int = 0


class BedrockAgents:
    """Calls agents; what they remember are the calls that they returned."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    async def invoke(
        self,
        route: BedrockAgentRoute,
        alias_arn: str,
        said: Said,
        context: EffectContext,
    ) -> AgentReply:
        """One turn of the session of an execution.

        Raises:
            EffectFailed: the agent could not be called or failed on its way.
        """
        arn = route.alias_arn or alias_arn
        found = ALIAS.match(arn)
        if found is None:
            raise EffectFailed(f"`{arn}` is no ARN of an agent alias.", resource=BEDROCK)
        parameters = {
            "agentId": found["agent"],
            "agentAliasId": found["alias"],
            "sessionId": context.execution_id,
            "enableTrace": True,
            **_parameters(said),
        }
        turn = await self._aws.call(
            "bedrock-agent-runtime",
            route.place,
            lambda client: assembled(client.invoke_agent(**parameters)["completion"]),
            resource=BEDROCK,
            context=context,
        )
        if turn.failure is not None:
            raise turn.failure
        return _reply(turn)


def _parameters(said: Said) -> dict[str, Any]:
    """The user's side of a turn: a text, or the result of the call that the agent returned."""
    returned = None if said.memory is None else msgspec.json.decode(said.memory)
    state: dict[str, Any] = {}
    if said.prompt_attributes:
        state["promptSessionAttributes"] = texts(said.prompt_attributes)
    if said.session_attributes:
        state["sessionAttributes"] = texts(said.session_attributes)
    if returned is not None:
        state["invocationId"] = returned["invocationId"]
        state["returnControlInvocationResults"] = [
            _result(call, said.text) for call in returned["invocationInputs"]
        ]
    words: dict[str, Any] = {} if returned is not None else {"inputText": said.text}
    return words | ({"sessionState": state} if state else {})


def _result(call: Mapping[str, Any], text: str) -> dict[str, Any]:
    if "functionInvocationInput" in call:
        asked = call["functionInvocationInput"]
        names = {key: asked[key] for key in ("actionGroup", "function") if key in asked}
        return {"functionResult": {**names, "responseBody": {"TEXT": {"body": text}}}}
    asked = call["apiInvocationInput"]
    names = {key: asked[key] for key in ("actionGroup", "apiPath", "httpMethod") if key in asked}
    body = {"application/json": {"body": text}}
    return {"apiResult": {**names, "httpStatusCode": 200, "responseBody": body}}


def assembled(events: Iterable[Mapping[str, Any]]) -> Turn:
    """The events of an answer as one turn."""
    turn = Turn()
    chunks = bytearray()  # a character may be cut in two
    for event in events:
        if "chunk" in event:
            chunks += event["chunk"].get("bytes", b"")
        elif "trace" in event:
            _take_trace(turn, event["trace"])
        elif "returnControl" in event:
            turn.returned = event["returnControl"]
        for name, value in event.items():
            if name.endswith("Exception"):
                message = f"{name}: {value.get('message', '')}"
                turn.failure = EffectFailed(message, resource=BEDROCK, fault=fault_of(name, 400))
    turn.text = chunks.decode(errors="replace")
    return turn


def _take_trace(turn: Turn, part: Mapping[str, Any]) -> None:
    plain = msgspec.json.decode(msgspec.json.encode(part))
    turn.trace.append(plain)
    steps = plain.get("trace", {})
    observation = steps.get("orchestrationTrace", {}).get("observation", {})
    turn.asks = observation.get("type", "ASK_USER" if turn.asks else "") == "ASK_USER"
    for step in steps.values():
        output = step.get("modelInvocationOutput", {}) if isinstance(step, dict) else {}
        used = output.get("metadata", {}).get("usage", {})
        turn.input_tokens += used.get("inputTokens", 0)
        turn.output_tokens += used.get("outputTokens", 0)


def _reply(turn: Turn) -> AgentReply:
    text = turn.text
    if turn.returned is not None:
        text = msgspec.json.encode(turn.returned.get("invocationInputs", [])).decode()
    return AgentReply(
        text=text,
        asks=turn.asks or turn.returned is not None,
        trace=turn.trace,
        usage=Usage(input_tokens=turn.input_tokens, output_tokens=turn.output_tokens),
        memory=None if turn.returned is None else json_text(turn.returned).decode(),
    )
