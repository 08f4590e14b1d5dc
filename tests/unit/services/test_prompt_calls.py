"""Calls of prompts: what is recorded when they break off, what moves meanwhile, and that places are given back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.services.conftest import Registry

from headrace.core.effects import (
    CallerKeys,
    EffectContext,
    EffectFailed,
    Fault,
    ModelFailed,
    ModelReply,
    ModelRequest,
    SpeakingModels,
    ToolOutcome,
    Usage,
)
from headrace.core.errors import AlreadyExists, Conflict, Invalid, NotFound, Throttled, Unavailable
from headrace.core.logs import Log, LogQuery, LogStatus, Payload
from headrace.core.prompt_filling import DefaultLanguage
from headrace.core.prompts import ChatMessage
from headrace.services.base import Ports
from headrace.services.calls import prompt_calls
from headrace.services.calls.calls import CallLimits, Calls
from headrace.services.calls.prompt_calls import Answered, Listening, Order, Piece, Sample, call, listen
from headrace.services.deployments import deployments
from headrace.services.logs import log_changes, logs
from headrace.services.logs.logs import NewLog
from headrace.services.versions import versions
from headrace.services.versions.versions import Submission

HELLO = (ChatMessage(role="user", content="Hello?"),)
WITHIN_S = 60


class Speaker(SpeakingModels):
    """Says what it is made to say, when it is let."""

    def __init__(self) -> None:
        self.pieces: list[str] = ["Well", ", yes."]
        self.failure: EffectFailed | None = None
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.asked: list[tuple[ModelRequest, EffectContext]] = []
        self.is_stopped = False
        self.meanwhile: Callable[[], Coroutine[Any, Any, object]] | None = None

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        return await self.speak(request, context, lambda _: None)

    async def speak(
        self, request: ModelRequest, context: EffectContext, heard: Callable[[str], None]
    ) -> ModelReply:
        self.asked.append((request, context))
        heard(self.pieces[0])
        try:
            await self.goes_on.wait()
        except asyncio.CancelledError:
            self.is_stopped = True
            raise
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.failure is not None:
            raise self.failure
        for piece in self.pieces[1:]:
            heard(piece)
        return ModelReply(
            content=[{"text": "".join(self.pieces)}],
            usage=Usage(input_tokens=3, output_tokens=2, cost_usd=0.5),
            provider="test",
            model="m",
            request_id="r",
        )


class NoTools:
    """For tests in which none is run."""

    async def use(self, *arguments: Any, **more: Any) -> ToolOutcome:
        raise NotImplementedError


class Desk:
    """A prompt, and somebody who calls it."""

    def __init__(self, registry: Registry, **limits: Any) -> None:
        self.ports: Ports = registry.ports
        self.principal = registry.principal
        self.speaker = Speaker()
        self.calls = Calls(
            models=self.speaker,
            languages={"default": DefaultLanguage()},
            tools=NoTools(),
            limits=CallLimits(**limits),
        )

    async def upsert(self, path: str = "P", **content: Any) -> tuple[str, str]:
        form = {"model": "m", **content}
        text = json.dumps(form).encode()
        submission = Submission(kind="prompt", ref=None, path=path, content=text, parsed=form)
        made = await versions.upsert(self.ports, self.principal, submission)
        return made.file.id, made.version.id

    def order(self, *, samples: int = 1, keys: CallerKeys | None = None, **new: Any) -> Order:
        new.setdefault("path", "P")
        order = Order(new=NewLog(kind="prompt", **new), inputs={}, messages=HELLO, samples=samples)
        return order if keys is None else replace(order, keys=keys)

    async def call(self, order: Order | None = None) -> Answered:
        return await call(self.calls, self.ports, self.principal, order or self.order())

    async def listen(self, order: Order | None = None) -> Listening:
        listening = await listen(self.calls, self.ports, self.principal, order or self.order())
        assert isinstance(listening, Listening)
        return listening

    async def logs(self, path: str = "P") -> list[Log]:
        file = await self.ports.store.read(self.principal.account, lambda tx: tx.files.at(path=path))
        if file is None:
            return []
        found, _ = await logs.page(self.ports, self.principal, LogQuery(file_id=file.id), skip=0, take=10)
        return found


Story = Callable[[Desk], Coroutine[Any, Any, None]]


def tell(registry: Registry, story: Story, **limits: Any) -> None:
    async def told() -> None:
        async with asyncio.timeout(WITHIN_S):
            await story(Desk(registry, **limits))

    asyncio.run(told())


def test_pieces_come_as_they_are_said_and_then_all_of_it(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.upsert()
        desk.speaker.goes_on.clear()
        listening = await desk.listen()
        first = await anext(listening)
        assert first == Piece(index=0, log_id=first.log_id, text="Well")
        assert await desk.logs() == []
        desk.speaker.goes_on.set()
        rest = [one async for one in listening]
        assert [type(one) for one in rest] == [Piece, Sample]
        assert rest[-1].payload.output == "Well, yes."
        (log,) = await desk.logs()
        assert (log.id, log.prompt_tokens, log.prompt_cost) == (first.log_id, 3, 0.5)
        await listening.aclose()

    tell(registry, story)


def test_who_goes_away_stops_the_model_and_leaves_a_log(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.upsert()
        desk.speaker.goes_on.clear()
        listening = await desk.listen()
        await anext(listening)
        await listening.aclose()
        assert desk.speaker.is_stopped
        (log,) = await desk.logs()
        assert log.content().output == "Well"
        assert "went away" in str(log.content().error)
        with desk.calls.place():  # the one there is was given back
            pass

    tell(registry, story, concurrent=1)


def test_what_breaks_off_is_told_with_what_was_said(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.upsert()
        desk.speaker.failure = EffectFailed("Gone.", resource="Model", fault=Fault.GATEWAY)
        listening = await desk.listen()
        heard = [one async for one in listening]
        assert isinstance(heard[-1], Sample)
        assert heard[-1].failure is desk.speaker.failure
        (log,) = await desk.logs()
        assert (log.content().output, log.content().error, log.has_error) == ("Well", "Gone.", True)
        with pytest.raises(ModelFailed, match="Gone") as caught:
            await desk.call()
        assert (caught.value.origin, caught.value.fault) == ("m", Fault.GATEWAY)
        await listening.aclose()

    tell(registry, story)


def test_there_are_no_more_calls_at_once_than_may_be(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.upsert()
        desk.speaker.goes_on.clear()
        first = await desk.listen()
        for refused in (desk.call(), desk.listen()):
            with pytest.raises(Throttled):
                await refused
        desk.speaker.goes_on.set()
        await first.aclose()
        assert len((await desk.call()).samples) == 1
        with pytest.raises(NotFound):
            await desk.listen(desk.order(path="nowhere"))
        assert len((await desk.call()).samples) == 1

    tell(registry, story, concurrent=1)


def test_what_was_found_is_what_is_called(registry: Registry) -> None:
    """What is deployed moves while the model speaks; the log is of the one that was called."""

    async def story(desk: Desk) -> None:
        file_id, first = await desk.upsert()

        async def move() -> None:
            _, second = await desk.upsert(seed=1)
            deploy = {"kind": "prompt", "ref": file_id, "environment": "production", "version_id": second}
            await deployments.deploy(desk.ports, desk.principal, **deploy)

        desk.speaker.meanwhile = move
        answered = await desk.call()
        assert answered.version.version.id == first
        (log,) = await desk.logs()
        assert log.version_id == first

    tell(registry, story)


def test_a_file_that_is_deleted_meanwhile(registry: Registry) -> None:
    """The answer is paid for, and there is nothing it could be a log of: its caller is told."""

    async def story(desk: Desk) -> None:
        file_id, _ = await desk.upsert()

        async def delete() -> None:
            await versions.delete_file(desk.ports, desk.principal, kind="prompt", ref=file_id)

        desk.speaker.meanwhile = delete
        with pytest.raises(NotFound):
            await desk.call()

    tell(registry, story)


def test_a_trace_that_is_completed_meanwhile(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.upsert()
        flow = await logs.create(desk.ports, desk.principal, NewLog(kind="flow", path="F"))
        done = NewLog(kind="flow", status=LogStatus.COMPLETE, payload=Payload(output="x"))
        change = log_changes.Change(to=done, given=frozenset({"log_status", "output"}))

        async def complete() -> None:
            await log_changes.update(desk.ports, desk.principal, change, log_id=flow.log.id, ref=None)

        desk.speaker.meanwhile = complete
        with pytest.raises(Conflict):
            await desk.call(desk.order(parent_id=flow.log.id))

    tell(registry, story)


def test_nobody_is_asked_when_the_log_would_have_no_place(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.upsert()
        taken = await desk.call(desk.order(id="mine"))
        assert taken.samples[0].log.id == "mine"
        for order, error in (
            (desk.order(parent_id="log_nowhere"), NotFound),
            (desk.order(id="mine"), AlreadyExists),
            (desk.order(id=""), Invalid),
            (desk.order(samples=17), Invalid),
            (desk.order(samples=0), Invalid),
        ):
            with pytest.raises(error):
                await desk.call(order)
        assert len(desk.speaker.asked) == 1

    tell(registry, story)


def test_every_sample_has_a_log_and_an_idempotency_key(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.upsert()
        answered = await desk.call(desk.order(samples=3, keys=CallerKeys({"openai": "sk-1"})))
        steps = [context.step for _, context in desk.speaker.asked]
        assert len(set(steps)) == 3
        assert {context.keys.get("openai") for _, context in desk.speaker.asked} == {"sk-1"}
        assert {sample.log.id for sample in answered.samples} == {log.id for log in await desk.logs()}
        assert "sk-1" not in repr(desk.speaker.asked)

    tell(registry, story)


def test_a_record_that_can_not_be_kept_is_told(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(desk: Desk) -> None:
        await desk.upsert()

        def refuse(*_: Any, **__: Any) -> Any:
            raise Unavailable("The disk is full.")

        monkeypatch.setattr(prompt_calls, "record", refuse)
        listening = await desk.listen()
        with pytest.raises(Unavailable):
            [one async for one in listening]
        await listening.aclose()
        with pytest.raises(Unavailable):
            await desk.call()
        with desk.calls.place():
            pass

    tell(registry, story, concurrent=1)
