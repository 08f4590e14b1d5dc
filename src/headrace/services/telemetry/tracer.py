"""Makes the spans of what this server does itself: which traces are told, and what each span says.

What the caller's `traceparent` says of sampling is kept to; without one, a share of all traces is told.
Content is left out unless it is asked for: no document, no answer, no text of an error.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from headrace.core.effects import ModelReply, ModelRequest
from headrace.core.jsontext import json_text
from headrace.core.records import Execution
from headrace.core.tracing import (
    CURRENT,
    Kind,
    Link,
    OwnSpan,
    Scene,
    SpanSink,
    caller_of,
    ids_of,
    is_in_share,
    new_span_id,
    new_trace_id,
)

ASKED = {
    "temperature": "gen_ai.request.temperature",
    "topP": "gen_ai.request.top_p",
    "maxTokens": "gen_ai.request.max_tokens",
    "stopSequences": "gen_ai.request.stop_sequences",
}
"""What a request for a model's answer says, and what OpenTelemetry's conventions call it."""


CONTENT_CHARS = 32_768
"""So much of one text is told: spans are for looking at, and many of them wait."""


def content(value: Any) -> str:
    """A value as JSON; a long one is cut off, and says so."""
    text = json_text(value).decode()
    return text if len(text) <= CONTENT_CHARS else f"{text[:CONTENT_CHARS]}… ({len(text)} characters)"


class Tracer:
    """Belongs to one event loop.

    Args:
        share: of the traces that begin here, those that are told; 0 to 1.
        shows_content: whether spans hold what goes in and comes out.
    """

    def __init__(self, sink: SpanSink, *, share: float = 1.0, shows_content: bool = False) -> None:
        self.sink = sink
        self.shows_content = shows_content
        self._share = share

    def request(self, traceparent: bytes | None) -> Scene:
        """A request begins: what happens until its end is below it."""
        caller = caller_of(traceparent)
        if caller is None:
            scene = self._top(new_trace_id())
        else:
            scene = Scene(
                trace_id=caller.trace_id,
                id=new_span_id(),
                started_ns=time.time_ns(),
                is_sampled=caller.is_sampled,
                parent_id=caller.id,
                has_remote_parent=True,
            )
        CURRENT.set(scene)
        return scene

    def run(self, execution: Execution) -> Scene:
        """A run begins, or goes on. A durable one has a trace of its own, which all its attempts share."""
        if execution.is_durable:
            scene = self.durable(execution)
        else:
            around = self._around()
            scene = self._top(new_trace_id()) if around is None else _below(around)
        scene.is_run = True
        CURRENT.set(scene)
        return scene

    def durable(self, execution: Execution) -> Scene:
        """The span of a durable execution as a whole."""
        trace_id, span_id = ids_of(execution.id)
        scene = self._top(trace_id)
        scene.id, scene.started_ns = span_id, int(execution.started_at.timestamp() * 1e9)
        return scene

    def queued(self, execution: Execution) -> None:
        """The request that goes on here has started a durable execution, whose trace is another."""
        scene = CURRENT.get()
        if scene is not None and scene.is_sampled:
            trace_id, span_id = ids_of(execution.id)
            scene.links += (Link(trace_id=trace_id, id=span_id),)
            scene.attributes["headrace.execution.id"] = execution.id

    def end(self, scene: Scene, name: str, kind: Kind, *, error: str | None = None) -> None:
        """What a scene was of is over."""
        if not scene.is_sampled:
            return
        self.sink.add(
            OwnSpan(
                name=name,
                kind=kind,
                trace_id=scene.trace_id,
                id=scene.id,
                parent_id=scene.parent_id,
                has_remote_parent=scene.has_remote_parent,
                started_ns=scene.started_ns,
                ended_ns=max(time.time_ns(), scene.started_ns),
                attributes=scene.attributes,
                error=error,
                links=scene.links,
            )
        )

    def here(self) -> Scene:
        """What goes on here; a new trace where nothing does."""
        scene = CURRENT.get()
        return self._top(new_trace_id()) if scene is None else scene

    def _around(self) -> Scene | None:
        scene = CURRENT.get()
        return scene.around if scene is not None and scene.is_run else scene

    def _top(self, trace_id: int) -> Scene:
        is_sampled = is_in_share(trace_id, self._share)
        return Scene(trace_id=trace_id, id=new_span_id(), started_ns=time.time_ns(), is_sampled=is_sampled)


def _below(around: Scene) -> Scene:
    return Scene(
        trace_id=around.trace_id,
        id=new_span_id(),
        started_ns=time.time_ns(),
        is_sampled=around.is_sampled,
        parent_id=around.id,
        around=around,
    )


def model_attributes(
    provider: str, request: ModelRequest, reply: ModelReply | None, *, shows_content: bool
) -> dict[str, Any]:
    """A call of a model by OpenTelemetry's conventions for generative AI."""
    told: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": request.model_id,
        **{name: request.inference[key] for key, name in ASKED.items() if key in request.inference},
    }
    if reply is not None:
        told |= {
            "gen_ai.response.model": reply.model,
            "gen_ai.response.id": reply.request_id,
            "gen_ai.response.finish_reasons": [reply.stop_reason],
            "gen_ai.usage.input_tokens": reply.usage.input_tokens,
            "gen_ai.usage.output_tokens": reply.usage.output_tokens,
        }
    if shows_content:
        told["gen_ai.input.messages"] = _messages(request.messages)
        if request.system:
            told["gen_ai.system_instructions"] = content(_parts(request.system))
        if reply is not None:
            answer = {"role": "assistant", "content": reply.content, "finish_reason": reply.stop_reason}
            told["gen_ai.output.messages"] = _messages([answer])
    return told


def _messages(messages: Sequence[Mapping[str, Any]]) -> str:
    told = [{**one, "parts": _parts(one.get("content", ()))} for one in messages]
    return content([{name: one[name] for name in one if name != "content"} for one in told])


def _parts(blocks: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Converse's blocks as the conventions' parts."""
    return [
        {"type": "text", "content": block["text"]} if "text" in block else {"type": kind, kind: block[kind]}
        for block in blocks
        for kind in list(block)[:1]
    ]
