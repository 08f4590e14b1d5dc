"""Calling agents, and going on with calls that wait for tools (humanloop 4.2, 4.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from headrace.apis.http import Response
from headrace.apis.humanloop.agent_events import Telling
from headrace.apis.humanloop.agent_wire import AgentCallResponse, CallAgentRequest, ContinueAgentRequest
from headrace.apis.humanloop.contents import submission_of
from headrace.apis.humanloop.log_requests import new_log
from headrace.apis.humanloop.log_wire import LogRenderer
from headrace.apis.humanloop.operations import Call, Operation, ok
from headrace.apis.humanloop.prompt_calls import EVENTS, NO_INPUTS, NOT_THE_CALL
from headrace.apis.humanloop.requests import SelectVersion
from headrace.core.access import Right
from headrace.core.effects import CallerKeys
from headrace.services.agents import agent_calls
from headrace.services.agents.agent_calls import Answered, More, Order

AGENT = "agent"
NOT_THE_TURN = NOT_THE_CALL | {"include_trace_children"}
"""What two calls may differ in and still be the same; keys are not kept, in no form."""


async def call_agent(made: Call) -> Response:
    """Have an agent ask its model and call its tools until its turn is over, or waits for its caller.

    With `stream` all of that is heard as it happens.
    """
    body: CallAgentRequest = made.body
    order = _order(made, body)
    if body.stream:
        listening = await agent_calls.listen(made.calls, made.ports, made.principal, order)
        return Response(status=200, headers=EVENTS, body=Telling(made, listening))
    answered = await agent_calls.call(made.calls, made.ports, made.principal, order)
    return _answer(
        made,
        answered,
        with_children=body.include_trace_children is True,
        with_inputs=body.return_inputs is not False,
    )


async def continue_agent(made: Call) -> Response:
    """Go on with an agent's turn that waits for tools: their answers come first in the messages.

    With `stream` all that follows is heard as it happens.
    """
    body: ContinueAgentRequest = made.body
    more = More(log_id=body.log_id, messages=made.parsed["messages"], keys=_keys(body.provider_api_keys))
    if body.stream:
        listening = await agent_calls.listen_on(made.calls, made.ports, made.principal, more)
        return Response(status=200, headers=EVENTS, body=Telling(made, listening))
    answered = await agent_calls.go_on(made.calls, made.ports, made.principal, more)
    return _answer(made, answered, with_children=body.include_trace_children is True)


def _order(made: Call, body: CallAgentRequest) -> Order:
    said = {name: value for name, value in made.parsed.items() if name not in NOT_THE_TURN}
    content = submission_of(AGENT, body, said)
    return Order(
        new=new_log(AGENT, body, said, made.query, content),
        inputs=body.inputs or {},
        messages=body.messages or (),
        choice=said.get("tool_choice"),
        keys=_keys(body.provider_api_keys),
        split_key=made.split_key,
    )


def _keys(given: Mapping[str, str | None] | None) -> CallerKeys:
    return CallerKeys({name: key for name, key in (given or {}).items() if key})


def _answer(made: Call, answered: Answered, *, with_children: bool, with_inputs: bool = True) -> Response:
    """A turn as an `AgentCallResponse`; texts that were sent go out as they came."""
    log = answered.log if with_children else msgspec.structs.replace(answered.log, children=None)
    shown = LogRenderer(made.wire).members(log)
    if not with_inputs:
        shown["inputs"] = NO_INPUTS
    return ok({**shown, "previous_agent_message": answered.waiting})


OPERATIONS: Sequence[Operation] = (
    Operation(
        name="CallAgent",
        method="POST",
        template="/agents/call",
        handler=call_agent,
        right=Right.RUNNER,
        query=SelectVersion,
        body=CallAgentRequest,
        response=AgentCallResponse,
        errors=(404, 409),
        asks_models=True,
    ),
    Operation(
        name="ContinueAgent",
        method="POST",
        template="/agents/continue",
        handler=continue_agent,
        right=Right.RUNNER,
        body=ContinueAgentRequest,
        response=AgentCallResponse,
        errors=(404, 409),
        asks_models=True,
    ),
)
