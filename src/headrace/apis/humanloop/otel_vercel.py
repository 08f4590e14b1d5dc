"""What the spans of the Vercel AI SDK mean, where their metadata names a file (humanloop 5.3).

A call of a model is a log of the prompt. Below which log it stands, the metadata says, too: below one that is
there, or below the log of a flow, one for each trace. Calls of tools have no metadata; they go with the flow
that other spans of their trace name in the same request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from headrace.apis.humanloop.otel_spans import prompt_log
from headrace.apis.otel.attributes import text
from headrace.apis.otel.genai import Act, act_of, model_call, told
from headrace.apis.otel.steps import step
from headrace.apis.otel.vercel import OPERATION
from headrace.core.spans import Span
from headrace.services.logs.logs import NewLog
from headrace.services.telemetry.otel_traces import Step

PROMPT_PATH = "ai.telemetry.metadata.humanloopPromptPath"
FLOW_PATH = "ai.telemetry.metadata.humanloopFlowPath"
LOG_ID = "ai.telemetry.metadata.humanloopTraceId"


def flows(spans: Iterable[Span]) -> Mapping[str, str]:
    """The paths of the flows that spans name, by their traces."""
    return {
        span.trace_id: path
        for span in spans
        if (path := text(span.attributes.get(FLOW_PATH))) is not None and span.is_identified
    }


def meaning(span: Span, flow_paths: Mapping[str, str]) -> NewLog | Step | None:
    """What a span of the SDK says; None when it is none, or says nothing that is recorded."""
    if OPERATION not in span.attributes:
        return None
    attributes = told(span)
    act, path = act_of(attributes), text(span.attributes.get(PROMPT_PATH))
    parent_id, flow_path = text(span.attributes.get(LOG_ID)), flow_paths.get(span.trace_id)
    if flow_path is not None and parent_id is None and span.is_identified:
        return _step(span, act, path, flow_path)
    if act is not Act.MODEL or path is None:
        return None
    return prompt_log(span, model_call(attributes), path=path, parent_id=parent_id)


def _step(span: Span, act: Act, path: str | None, flow_path: str) -> Step:
    if act is Act.OTHER:  # what is above it is not of the SDK, and does not come here
        span = msgspec.structs.replace(span, parent_id="", has_remote_parent=False)
    found = step(span, flow_path=flow_path)
    if act is not Act.MODEL or path is None:
        return found
    return msgspec.structs.replace(found, node=msgspec.structs.replace(found.node, path=path))
