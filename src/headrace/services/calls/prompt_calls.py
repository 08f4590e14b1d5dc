"""Calling prompts: the template filled, a model asked, a log made of each answer (humanloop 2.6, 4.2, 4.4).

All that can be refused is refused before a model is asked. What a model said is recorded before its caller
has the whole of it; also when it broke off, and when the caller went away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from typing import Any

import msgspec

from headrace.core.access import Principal
from headrace.core.effects import JSON, EffectContext, EffectFailed, ModelFailed, ModelReply, ModelRequest
from headrace.core.logs import Log, Payload
from headrace.core.ports import Transaction
from headrace.core.prompt_requests import finish_reason, message_of
from headrace.services.base import Ports, write
from headrace.services.calls.called import Repeated, record
from headrace.services.calls.calls import Calls
from headrace.services.calls.prompt_orders import Order, Task, begin
from headrace.services.logs.new_logs import NewLog, Prepared
from headrace.services.versions.views import VersionView

__all__ = ["Answered", "Listening", "Order", "Piece", "Sample", "call", "hear", "listen"]
RESOURCE = "Model"
TELLING_S = 10.0
"""So long after the last moment of a call its caller may still read what came of it."""
LEFT = "The caller went away before the model had said all."


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """More of the text of an answer."""

    index: int
    log_id: str
    text: str


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, recorded.

    Attributes:
        payload: what the log holds, or would if it were kept.
        failure: why there is none, or not all of it.
    """

    index: int
    log: Log
    payload: Payload
    failure: EffectFailed | None = None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was carried out."""

    version: VersionView
    samples: Sequence[Sample]


async def call(calls: Calls, ports: Ports, principal: Principal, order: Order) -> Answered:
    """Call a prompt and wait for all answers.

    Raises:
        NotFound, Conflict, AlreadyExists: as `headrace.services.logs.logs.create`.
        Invalid: inputs are missing, or the prompt or a message is none that models can be told.
        Throttled: too much is going on.
        ModelFailed: there is no answer at all.
    """
    with calls.place():
        task = await begin(calls, ports, principal, order)
        if isinstance(task, Repeated):
            return _again(task)
        made = [_sample(task, index) for index in range(order.samples)]
        results = await asyncio.gather(*made, return_exceptions=True)
    samples: list[Sample] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        samples.append(result)
    if all(sample.failure for sample in samples):
        raise _failed(task, samples[0])
    return Answered(version=task.view, samples=samples)


class Listening:
    """A call that is listened to while models answer it. Whoever has it must close it.

    Attributes:
        version: what was called.
        limit_s: how long it may take, with telling of it.
    """

    def __init__(self, task: Task, place: ExitStack) -> None:
        self.version = task.view
        self.limit_s = task.calls.limits.timeout_s + TELLING_S
        self._place = place
        self._queue: asyncio.Queue[Piece | Sample | BaseException] = asyncio.Queue()
        self._left = task.order.samples
        self._first: Piece | Sample | None = None
        self._task = task
        self._is_closed = False
        self._asking: list[asyncio.Task[ModelReply]] = []
        self._going = [asyncio.create_task(self._one(index)) for index in range(task.order.samples)]

    async def _one(self, index: int) -> None:
        def heard(text: str) -> None:
            self._queue.put_nowait(Piece(index=index, log_id=self._task.ids[index], text=text))

        try:
            self._queue.put_nowait(await _sample(self._task, index, heard, self._asks))
        except Exception as error:  # noqa: BLE001  # whoever listens is told
            self._queue.put_nowait(error)

    def _asks(self, asking: asyncio.Task[ModelReply]) -> None:
        self._asking.append(asking)
        if self._is_closed:
            asking.cancel()

    async def open(self) -> None:
        """Wait until there is something to hear.

        Raises:
            ModelFailed: there will be nothing.
            Exception: the answer could not be recorded.
        """
        first = await self._next()
        if isinstance(first, Sample) and first.failure and self._left == 0 and len(self._going) == 1:
            raise _failed(self._task, first)
        self._first = first

    async def _next(self) -> Piece | Sample:
        item = await self._queue.get()
        if isinstance(item, BaseException):
            raise item
        self._left -= isinstance(item, Sample)
        return item

    def __aiter__(self) -> Listening:
        return self

    async def __anext__(self) -> Piece | Sample:
        first, self._first = self._first, None
        if first is not None:
            return first
        if self._left == 0:
            raise StopAsyncIteration
        return await self._next()

    async def aclose(self) -> None:
        """Stop what still goes on, and record it."""
        self._is_closed = True
        for one in self._asking:
            one.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)
        self._place.close()


def _again(repeated: Repeated) -> Answered:
    """A call that was carried out before has the answer that it had."""
    sample = Sample(index=0, log=repeated.log, payload=repeated.log.content())
    return Answered(version=repeated.version, samples=[sample])


async def hear(calls: Calls, ports: Ports, principal: Principal, order: Order) -> Listening | Answered:
    """Call a prompt and listen from the beginning; a call that was carried out before has been answered.

    Raises:
        HeadraceError: as `call`; that there is no answer at all is in the sample.
    """
    with ExitStack() as place:
        place.enter_context(calls.place())
        task = await begin(calls, ports, principal, order)
        if isinstance(task, Repeated):
            return _again(task)
        return Listening(task, place.pop_all())


async def listen(calls: Calls, ports: Ports, principal: Principal, order: Order) -> Listening | Answered:
    """Call a prompt and listen once there is something to hear.

    Raises:
        HeadraceError: as `call`; what goes wrong once there was something to hear is in the sample.
    """
    listening = await hear(calls, ports, principal, order)
    if isinstance(listening, Answered):
        return listening
    try:
        await listening.open()
    except BaseException:
        await listening.aclose()
        raise
    return listening


async def _sample(
    task: Task,
    index: int,
    heard: Callable[[str], None] | None = None,
    asks: Callable[[asyncio.Task[ModelReply]], object] = lambda _: None,
) -> Sample:
    """Ask for one answer and record it.

    Args:
        asks: given what asks the model, and may stop it. What records is not to be stopped.
    """
    clock, loop = task.ports.clock, asyncio.get_running_loop()
    started_at, started_s = clock.now(), loop.time()
    said: list[str] = []

    def hear(text: str) -> None:
        said.append(text)
        if heard is not None:
            heard(text)

    asking = asyncio.create_task(_ask(task, index, None if heard is None else hear))
    asks(asking)
    reply, failure = await _asked(asking)
    if failure is not None and task.order.leaves(failure):
        raise failure
    log = _new_log(task, index, reply, failure, "".join(said))
    log = msgspec.structs.replace(
        log,
        start_time=log.start_time or started_at,
        end_time=log.end_time or clock.now(),
        provider_latency_s=loop.time() - started_s,
    )
    return await _recorded(task, index, log, failure)


def _ask(task: Task, index: int, heard: Callable[[str], None] | None) -> Coroutine[Any, Any, ModelReply]:
    context = EffectContext(
        account=task.principal.account,
        flow_arn="",
        alias_arn="",
        execution_id=task.ids[0],
        node=task.file.name,
        step=f"{task.ids[0]}/{index}",
        timeout_s=task.calls.limits.timeout_s,
        keys=task.order.keys,
    )
    if heard is None:
        return task.calls.models.converse(task.request, context)
    return task.calls.models.speak(task.request, context, heard)


async def _asked(asking: asyncio.Task[ModelReply]) -> tuple[ModelReply | None, EffectFailed | None]:
    """The answer, or why there is none. Asking that is stopped has failed, and is recorded as that."""
    try:
        return await asking, None
    except EffectFailed as failure:
        return None, failure
    except asyncio.CancelledError:
        return None, EffectFailed(LEFT, resource=RESOURCE)


def _new_log(
    task: Task, index: int, reply: ModelReply | None, failure: EffectFailed | None, said: str
) -> NewLog:
    new = msgspec.structs.replace(task.prepared.new, id=task.ids[index])
    payload = msgspec.structs.replace(new.payload, provider_request=raw(told(task.request)))
    if reply is None:
        assert failure is not None
        payload = msgspec.structs.replace(payload, output=said or None, error=failure.message)
        return msgspec.structs.replace(new, payload=payload)
    message = message_of(reply)
    return msgspec.structs.replace(
        new,
        **used(reply),
        finish_reason=finish_reason(reply),
        payload=msgspec.structs.replace(
            payload,
            output=message["content"],
            output_message=raw(message),
            provider_response=raw(told(reply)),
        ),
    )


def used(reply: ModelReply) -> dict[str, Any]:
    """What an answer cost, in the words of logs."""
    cost = reply.usage.cost_usd
    return {
        "prompt_tokens": reply.usage.input_tokens,
        "reasoning_tokens": reply.reasoning_tokens,
        "output_tokens": reply.usage.output_tokens,
        # Where nobody tells the parts, the whole stands with the prompt, so that sums are right.
        "prompt_cost": cost if reply.input_cost_usd is None else reply.input_cost_usd,
        "output_cost": reply.output_cost_usd,
    }


async def _recorded(task: Task, index: int, new: NewLog, failure: EffectFailed | None) -> Sample:
    prepared = Prepared(
        new=new, content=None, request_hash=task.prepared.request_hash if index == 0 else None
    )

    def work(tx: Transaction) -> Log:
        return record(tx, task.ports, task.principal, prepared, task.file, task.version)

    log = await write(task.ports, task.principal, work)
    return Sample(index=index, log=log, payload=new.payload, failure=failure)


def _failed(task: Task, sample: Sample) -> ModelFailed:
    assert sample.failure is not None
    request = task.request
    origin = request.provider if isinstance(request.provider, str) else request.model_id
    return ModelFailed(sample.failure, origin=origin)


def told(value: ModelRequest | ModelReply) -> dict[str, JSON]:
    """What is kept of what a model was sent or answered."""
    parts: dict[str, JSON] = msgspec.to_builtins(value)
    return {name: part for name, part in parts.items() if part}


def raw(value: JSON) -> msgspec.Raw:
    """A value as logs hold it."""
    return msgspec.Raw(msgspec.json.encode(value))
