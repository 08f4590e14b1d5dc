"""Calling a prompt over HTTP while somebody watches, as JSON lines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import LINES_MEDIA, Call, Operation
from headrace.apis.native.requests import Reference
from headrace.apis.sending import CUT_OFF
from headrace.core.access import Right
from headrace.core.errors import HeadraceError
from headrace.core.jsontext import json_text
from headrace.core.logs import Payload
from headrace.core.prompts import ChatMessage
from headrace.services.base import read
from headrace.services.calls import prompt_targets
from headrace.services.calls.prompt_calls import Answered, Listening, Order, Piece, Sample, hear
from headrace.services.logs.new_logs import NewLog

SOURCE = "playground"
"""What logs of these calls say of where they come from."""


class NewPromptCall(msgspec.Struct, frozen=True, kw_only=True):
    """What to call, and with what.

    Attributes:
        inputs: the values of the template's variables.
        messages: what was said after the template.
        target: a version's id or number, or an environment's id or name; without one what the default
            environment has.
    """

    inputs: dict[str, Any] = {}
    messages: list[ChatMessage] = []
    target: Reference | None = None


class PromptCalled(msgspec.Struct, frozen=True, kw_only=True, tag="call", tag_field="line"):
    """A call that was begun; the first line.

    Attributes:
        log_id: the log that it makes.
    """

    log_id: str


class MoreText(msgspec.Struct, frozen=True, kw_only=True, tag="text", tag_field="line"):
    """More of the answer's text."""

    text: str


class PromptAnswered(msgspec.Struct, frozen=True, kw_only=True, tag="answer", tag_field="line"):
    """How a call ended; the last line.

    Attributes:
        version_id: what was called; None where the answer could not be kept.
        output: the whole text.
        output_message: the same as a message, with the tools that are to be called.
        error: why there is no answer, or not all of it.
    """

    version_id: str | None = None
    output: str | None = None
    output_message: msgspec.Raw | None = None
    error: str | None = None
    latency_s: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    finish_reason: str | None = None


Line = PromptCalled | MoreText | PromptAnswered


class CallLines:
    """A call as JSON lines. Closing it before its end stops it.

    Attributes:
        limit_s: how long it may take to be read; None where all of it is there.
    """

    def __init__(self, log_id: str, heard: Listening | Answered) -> None:
        self.limit_s = heard.limit_s if isinstance(heard, Listening) else None
        self._log_id = log_id
        self._heard = heard
        self._lines = self._told()

    @property
    def cut_off(self) -> bytes:
        """What is said when the server ends before the call."""
        return json_text(PromptAnswered(error=CUT_OFF)) + b"\n"

    def __aiter__(self) -> CallLines:
        return self

    async def __anext__(self) -> bytes:
        return json_text(await anext(self._lines)) + b"\n"

    async def aclose(self) -> None:
        """Stop what still goes on."""
        if isinstance(self._heard, Listening):
            await self._heard.aclose()

    async def _told(self) -> AsyncIterator[Line]:
        heard = self._heard
        yield PromptCalled(log_id=self._log_id)
        if isinstance(heard, Answered):
            yield _answer(heard.version.version.id, heard.samples[0])
            return
        try:
            async for one in heard:
                yield _line(heard, one)
        # The status is sent; what goes wrong with the record of an answer can only be told with it.
        except HeadraceError as error:
            yield PromptAnswered(error=error.message)


def _line(heard: Listening, one: Piece | Sample) -> Line:
    return MoreText(text=one.text) if isinstance(one, Piece) else _answer(heard.version.version.id, one)


def _answer(version_id: str, sample: Sample) -> PromptAnswered:
    log, payload = sample.log, sample.payload
    costs = [cost for cost in (log.prompt_cost, log.output_cost) if cost is not None]
    return PromptAnswered(
        version_id=version_id,
        output=payload.output,
        output_message=payload.output_message,
        error=payload.error,
        latency_s=log.provider_latency_s,
        input_tokens=log.prompt_tokens,
        output_tokens=log.output_tokens,
        cost_usd=sum(costs) if costs else None,
        finish_reason=log.finish_reason,
    )


async def call_prompt(call: Call) -> Response:
    """Ask a model what a prompt says, and watch it answer; what it says is kept as a log.

    Answered as JSON lines as they come: first the log's id, then the answer's text piece by piece. The last
    one says how it ended, with all that was said, its tokens and its cost, or why there is no answer; if that
    is missing, it was broken off. Going away stops it.
    """
    body: NewPromptCall = call.body
    ports, principal = call.ports, call.principal
    target = None if body.target is None else str(body.target)
    called = await read(
        ports, principal, lambda tx: prompt_targets.called(tx, call.parameters["file"], target)
    )
    log_id = ports.ids.long("log_")
    order = Order(new=_new_log(called, body, log_id), inputs=body.inputs, messages=body.messages)
    heard = await hear(call.reach.calls, ports, principal, order)
    headers = ((b"content-type", LINES_MEDIA.encode()),)
    return Response(status=200, headers=headers, body=CallLines(log_id, heard))


def _new_log(called: prompt_targets.Called, body: NewPromptCall, log_id: str) -> NewLog:
    encode = msgspec.json.encode
    messages = [
        {name: value for name, value in msgspec.to_builtins(one).items() if value is not None}
        for one in body.messages
    ]
    return NewLog(
        kind=prompt_targets.KIND,
        ref=called.file.id,
        version_id=called.version_id,
        environment=called.environment,
        id=log_id,
        source=SOURCE,
        payload=Payload(
            inputs=msgspec.Raw(encode(body.inputs)),
            messages=msgspec.Raw(encode(messages)) if messages else None,
        ),
    )


OPERATIONS = (
    Operation(
        name="callPrompt",
        method="POST",
        template="/files/{file}/call",
        handler=call_prompt,
        right=Right.RUNNER,
        body=NewPromptCall,
        response=Line,
        errors=(404, 409),
        media=(LINES_MEDIA,),
    ),
)
