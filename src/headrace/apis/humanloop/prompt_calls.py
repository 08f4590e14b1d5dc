"""Calling prompts, and filling their templates (humanloop 4.2, 4.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from headrace.apis.http import Response
from headrace.apis.humanloop.call_wire import (
    CallPromptRequest,
    PopulateTemplate,
    PopulateTemplateResponse,
    PromptCallResponse,
)
from headrace.apis.humanloop.contents import submission_of
from headrace.apis.humanloop.log_requests import new_log
from headrace.apis.humanloop.operations import Call, Operation, ok
from headrace.apis.humanloop.requests import SelectVersion
from headrace.apis.sending import CUT_OFF
from headrace.core.access import Right
from headrace.core.effects import JSON, CallerKeys
from headrace.core.errors import HeadraceError
from headrace.services.calls import prompt_templates
from headrace.services.calls.prompt_calls import Answered, Listening, Order, Piece, Sample, call, listen
from headrace.services.versions.views import VersionView

EVENTS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
"""Of an answer that is heard while it is given; nobody on the way is to hold it back."""
DONE = b"data: [DONE]\n\n"
NOT_THE_CALL = frozenset({"provider_api_keys", "stream", "return_inputs"})
"""What two calls may differ in and still be the same; keys are not kept, in no form."""
NO_INPUTS = msgspec.Raw(b"{}")
_encode = msgspec.json.Encoder().encode


async def call_prompt(made: Call) -> Response:
    """Ask a model what a prompt says, and log the answer; with `stream` it is heard piece by piece."""
    body: CallPromptRequest = made.body
    order = _order(made, body)
    if not body.stream:
        return ok(_answer(made, await call(made.calls, made.ports, made.principal, order)))
    listening = await listen(made.calls, made.ports, made.principal, order)
    return Response(status=200, headers=EVENTS, body=Telling(made, listening))


def _order(made: Call, body: CallPromptRequest) -> Order:
    said = {name: value for name, value in made.parsed.items() if name not in NOT_THE_CALL}
    content = submission_of("prompt", body, said)
    choice = said.get("tool_choice")
    keys = {name: key for name, key in (body.provider_api_keys or {}).items() if key}
    return Order(
        new=new_log("prompt", body, said, made.query, content),
        inputs=body.inputs or {},
        messages=body.messages or (),
        choice=choice,
        samples=body.num_samples or 1,
        extra=_extra(body),
        keys=CallerKeys(keys),
        split_key=made.split_key,
    )


def _extra(body: CallPromptRequest) -> dict[str, JSON]:
    """What goes to the provider in the words of OpenAI's API, which most of them speak."""
    extra: dict[str, JSON] = {}
    if body.logprobs is not None:
        extra |= {"logprobs": True, "top_logprobs": body.logprobs}
    if body.suffix is not None:
        extra["suffix"] = body.suffix
    return extra


def _answer(made: Call, answered: Answered) -> dict[str, Any]:
    """A call as a `PromptCallResponse`; texts that were sent go out as they came."""
    body: CallPromptRequest = made.body
    first = answered.samples[0]
    log, payload = first.log, first.payload
    wire = made.wire
    shown: dict[str, Any] = {
        "id": log.id,
        # Quirk(humanloop): a client wants it also where its user chose none (4.4).
        "log_id": log.id,
        "trace_id": log.trace_id if log.is_in_trace else None,
        "trace_parent_id": log.trace_parent_id,
        "prompt": wire.file(answered.version),
        "messages": payload.messages,
        "tool_choice": payload.tool_choice,
        "inputs": NO_INPUTS if body.return_inputs is False else payload.inputs or NO_INPUTS,
        "source": log.source,
        "metadata": payload.metadata,
        "start_time": None if log.start_time is None else wire.time(log.start_time),
        "end_time": None if log.end_time is None else wire.time(log.end_time),
        "log_status": log.status,
        "source_datapoint_id": log.source_datapoint_id,
        "user": log.user,
        "environment": log.environment,
        "save": log.is_saved,
        "logs": [_sample(made, sample) for sample in answered.samples],
    }
    return shown


def _sample(made: Call, sample: Sample) -> dict[str, Any]:
    """One answer as a `PromptCallLogResponse`."""
    log, payload = sample.log, sample.payload
    return {
        "index": sample.index,
        "output": payload.output,
        "output_message": payload.output_message,
        "error": payload.error,
        "created_at": made.wire.time(log.created_at),
        "provider_latency": log.provider_latency_s,
        "stdout": payload.stdout,
        "prompt_tokens": log.prompt_tokens,
        "reasoning_tokens": log.reasoning_tokens,
        "output_tokens": log.output_tokens,
        "prompt_cost": log.prompt_cost,
        "output_cost": log.output_cost,
        "finish_reason": log.finish_reason,
    }


SILENT: Mapping[str, Any] = dict.fromkeys(
    (
        "output_message",
        "error",
        "created_at",
        "provider_latency",
        "stdout",
        "prompt_tokens",
        "reasoning_tokens",
        "output_tokens",
        "prompt_cost",
        "output_cost",
        "finish_reason",
    )
)
"""What a piece that is nothing but text says of everything else."""


class Telling:
    """A call as server-sent events (humanloop 4.4): pieces of text, and all else with the end of each answer.

    Attributes:
        limit_s: how long it may take to be read; None where all of it is there.
    """

    def __init__(self, made: Call, heard: Listening | Answered) -> None:
        self.limit_s = heard.limit_s if isinstance(heard, Listening) else None
        self._made = made
        self._heard = heard
        self._events = self._told()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._events)

    @property
    def cut_off(self) -> bytes:
        """What is said when the server ends before the call."""
        return self._failed(CUT_OFF) + DONE

    async def aclose(self) -> None:
        """Stop what still goes on."""
        if isinstance(self._heard, Listening):
            await self._heard.aclose()

    async def _told(self) -> AsyncIterator[bytes]:
        try:
            if isinstance(self._heard, Answered):
                for sample in self._heard.samples:
                    yield self._piece(sample.index, sample.log.id, sample.payload.output or "")
                    yield self._end(sample)
            else:
                async for one in self._heard:
                    yield self._end(one) if isinstance(one, Sample) else self._text(one)
        # The status is sent; what goes wrong with the record of an answer can only be told with it.
        except HeadraceError as error:
            yield self._failed(error.message)
        yield DONE

    def _failed(self, why: str) -> bytes:
        return self._event({**SILENT, **self._names(0, ""), "output": "", "error": why})

    def _text(self, piece: Piece) -> bytes:
        return self._piece(piece.index, piece.log_id, piece.text)

    def _piece(self, index: int, log_id: str, text: str) -> bytes:
        return self._event({**SILENT, **self._names(index, log_id), "output": text})

    def _end(self, sample: Sample) -> bytes:
        # Quirk(humanloop): clients join the outputs of all pieces and take none for null (4.4).
        shown = {**_sample(self._made, sample), "output": ""}
        return self._event({**shown, **self._names(sample.index, sample.log.id)})

    def _names(self, index: int, log_id: str) -> dict[str, Any]:
        version: VersionView = self._heard.version
        return {
            "index": index,
            "id": log_id,
            "prompt_id": version.file.id,
            "version_id": version.version.id,
        }

    def _event(self, value: Mapping[str, Any]) -> bytes:
        return b"data: " + _encode(value) + b"\n\n"


async def populate(made: Call) -> Response:
    """Fill a prompt's template with inputs; no model is asked."""
    query: SelectVersion = made.query
    view, template = await prompt_templates.populate(
        made.calls.languages,
        made.ports,
        made.principal,
        made.parsed,
        ref=made.parameters["id"],
        version_id=query.version_id,
        environment=query.environment,
    )
    shown: dict[str, Any] = msgspec.structs.asdict(made.wire.file(view))
    return ok({**shown, "populated_template": template})


OPERATIONS: Sequence[Operation] = (
    Operation(
        name="CallPrompt",
        method="POST",
        template="/prompts/call",
        handler=call_prompt,
        right=Right.RUNNER,
        query=SelectVersion,
        body=CallPromptRequest,
        response=PromptCallResponse,
        errors=(404, 409),
        asks_models=True,
    ),
    Operation(
        name="PopulatePrompt",
        method="POST",
        template="/prompts/{id}/populate",
        handler=populate,
        right=Right.READER,
        query=SelectVersion,
        body=PopulateTemplate,
        response=PopulateTemplateResponse,
    ),
)
