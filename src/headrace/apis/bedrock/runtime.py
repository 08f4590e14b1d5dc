"""InvokeFlow: a request in, a stream of what happens out (bedrock 4)."""

from __future__ import annotations

from headrace.apis.bedrock.call import Call, Values
from headrace.apis.bedrock.codec import Params
from headrace.apis.bedrock.eventstream import exception_frame
from headrace.apis.bedrock.trace import EXCEPTIONS, frames_of
from headrace.apis.sending import CUT_OFF
from headrace.core.execution import FailureKind
from headrace.core.jsontext import json_text
from headrace.services.runs.at_once import Whole, invoke
from headrace.services.runs.invocations import Invocation, Order
from headrace.services.runs.runs import Runs
from headrace.services.runs.targets import Choice


class Frames:
    """The body of the response: a turn, framed as it goes. Closing it before its end stops the run.

    Attributes:
        limit_s: how long it may take to be read.
    """

    cut_off = exception_frame(EXCEPTIONS[FailureKind.INTERNAL], json_text({"message": CUT_OFF}))

    def __init__(self, invocation: Invocation, *, traces: bool) -> None:
        self.limit_s = invocation.limit_s
        self._invocation = invocation
        self._traces = traces

    def __aiter__(self) -> Frames:
        return self

    async def __anext__(self) -> bytes:
        while events := await self._invocation.more():
            frames = frames_of(events, traces=self._traces)
            if frames:
                return frames
        raise StopAsyncIteration

    async def aclose(self) -> None:
        await self._invocation.aclose()


async def invoke_flow(call: Call, runs: Runs) -> tuple[Values, Frames | bytes]:
    """InvokeFlow: the response's members, and its stream; all of it where the run is over already.

    All that is an error of the request is raised here; all that goes wrong in the run is a frame.
    """
    traces = call.params.get("enableTrace", False)
    found = await invoke(runs, call.ports, call.principal, order_of(call), call.place)
    body = (
        frames_of(found.events, traces=traces) if isinstance(found, Whole) else Frames(found, traces=traces)
    )
    return {"executionId": found.name}, body


def order_of(call: Call) -> Order:
    """What a request asks for (bedrock 4.1)."""
    flow = call.flow
    (given,) = call.params["inputs"]
    return Order(
        ref=flow,
        choice=Choice(alias=call.place.alias_ref(call.params["flowAliasIdentifier"], flow=flow)),
        node=given["nodeName"],
        output=given.get("nodeOutputName", "document"),
        answers=given.get("nodeInputName"),
        document=given["content"]["document"],
        name=call.params.get("executionId"),
        latency=_latency(call.params),
        split_key=call.split_key,
        operation=call.operation,
    )


def _latency(params: Params) -> str | None:
    performance = params.get("modelPerformanceConfiguration", {}).get("performanceConfig", {})
    latency: str | None = performance.get("latency")
    return latency
