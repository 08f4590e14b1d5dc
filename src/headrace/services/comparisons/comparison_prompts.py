"""One call of a prompt for a comparison: an ordinary call with a log, told as its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.core.access import Principal
from headrace.core.effects import JSON, ModelFailed
from headrace.core.errors import HeadraceError
from headrace.core.execution import Status
from headrace.core.files import File
from headrace.core.logs import Payload
from headrace.core.prompts import ChatMessage
from headrace.services.base import Ports
from headrace.services.calls import prompt_calls
from headrace.services.calls.calls import Calls
from headrace.services.calls.prompt_calls import Sample, raw
from headrace.services.calls.prompt_orders import Order
from headrace.services.comparisons.comparison_inputs import SOURCE, Input
from headrace.services.comparisons.comparison_results import RunOutcome, refused
from headrace.services.logs.new_logs import NewLog


async def call_prompt(
    calls: Calls, ports: Ports, principal: Principal, file: File, one: Input, *, version_id: str
) -> RunOutcome:
    """Call a version of a prompt and wait for the answer."""
    assert isinstance(one.value, dict)
    log_id = ports.ids.long("log_")
    new = NewLog(
        kind=file.kind,
        ref=file.id,
        version_id=version_id,
        id=log_id,
        source=SOURCE,
        source_datapoint_id=None if one.datapoint is None else one.origin,
        payload=Payload(inputs=raw(one.value), messages=raw(one.messages) if one.messages else None),
    )
    try:
        messages = msgspec.convert(one.messages, list[ChatMessage])
        order = Order(new=new, inputs=one.value, messages=messages)
        answered = await prompt_calls.call(calls, ports, principal, order)
    except ModelFailed as failure:  # and there is a log that says so
        return RunOutcome(log_id=log_id, status=Status.FAILED.value, error=failure.message)
    except HeadraceError as error:
        return refused(error.message)
    except msgspec.ValidationError as error:
        return refused(f"A message is none: {error}.")
    return _outcome(answered.samples[0])


def _outcome(sample: Sample) -> RunOutcome:
    log = sample.log
    costs = [cost for cost in (log.prompt_cost, log.output_cost) if cost is not None]
    return RunOutcome(
        log_id=log.id,
        status=Status.SUCCEEDED.value,
        output=_output(sample.payload),
        latency_s=log.provider_latency_s,
        input_tokens=log.prompt_tokens or 0,
        output_tokens=log.output_tokens or 0,
        cost_usd=sum(costs) if costs else None,
    )


def _output(payload: Payload) -> JSON:
    """The text; with the tools that are to be called, whose ids are other ones each time."""
    message: Mapping[str, Any] = {}
    if payload.output_message is not None:
        message = msgspec.json.decode(payload.output_message)
    asked = message.get("tool_calls")
    if not asked:
        return payload.output
    return {"content": payload.output, "tool_calls": [one.get("function") for one in asked]}
