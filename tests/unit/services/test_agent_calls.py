"""Turns of agents: what is kept when they break off, who may go on with them, and how they are stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.unit.services.conftest import START, Registry

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
from headrace.core.errors import Conflict, HeadraceError, Invalid, NotFound, Throttled, Unavailable
from headrace.core.logs import Log, LogQuery, LogStatus, Payload
from headrace.core.processes import Process, Role
from headrace.core.prompt_filling import DefaultLanguage
from headrace.core.prompts import ChatMessage
from headrace.services.agents import agent_calls, agent_logs, agent_orders
from headrace.services.agents.agent_calls import Answered, Listening, More, call, go_on, listen, listen_on
from headrace.services.agents.agent_events import Replied, Said, ToolSaid
from headrace.services.agents.agent_turns import Turn
from headrace.services.base import Ports
from headrace.services.calls.calls import CallLimits, Calls
from headrace.services.calls.prompt_orders import Order
from headrace.services.deployments import switches
from headrace.services.deployments.pointers import Where
from headrace.services.logs import log_changes, logs
from headrace.services.logs.new_logs import NewLog
from headrace.services.versions import versions
from headrace.services.versions.versions import Submission

HELLO = (ChatMessage(role="user", content="Hello?"),)
WEATHER = {"type": "inline", "json_schema": {"name": "weather", "description": ""}}
ANSWER = {"role": "tool", "tool_call_id": "c1", "content": "Fog."}
DOWN = EffectFailed("Out to lunch.", resource="Model", fault=Fault.GATEWAY)
WITHIN_S = 60
Reply = str | dict[str, Any] | EffectFailed


def use(name: str, /, *, call: str = "c1", **arguments: Any) -> dict[str, Any]:
    """What a model says to call a tool."""
    return {"toolUse": {"toolUseId": call, "name": name, "input": arguments}}


class Speaker(SpeakingModels):
    """Says one thing after another, when it is let."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.asked: list[tuple[ModelRequest, EffectContext]] = []
        self.is_asked = asyncio.Event()
        self.is_stopped = False
        self.meanwhile: Callable[[], Coroutine[Any, Any, object]] | None = None

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        return await self.speak(request, context, lambda _: None)

    async def speak(
        self, request: ModelRequest, context: EffectContext, heard: Callable[[str], None]
    ) -> ModelReply:
        self.asked.append((request, context))
        self.is_asked.set()
        said = self.replies.pop(0)
        if isinstance(said, str):
            heard(said[:1])
        try:
            await self.goes_on.wait()
        except asyncio.CancelledError:
            self.is_stopped = True
            raise
        if self.meanwhile is not None:
            await self.meanwhile()
        if isinstance(said, EffectFailed):
            raise said
        if isinstance(said, str):
            heard(said[1:])
        is_use = isinstance(said, dict)
        return ModelReply(
            content=[said if isinstance(said, dict) else {"text": said}],
            stop_reason="tool_use" if is_use else "end_turn",
            usage=Usage(input_tokens=3, output_tokens=2, cost_usd=0.5),
            provider="test",
            model="m",
            request_id="r",
        )


class Tools:
    """Runs every tool alike."""

    def __init__(self) -> None:
        self.failure: EffectFailed | None = None
        self.is_used = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def use(
        self, source: str, inputs: Any, context: EffectContext, *, name: Any, environment: Any
    ) -> ToolOutcome:
        self.is_used.set()
        await self.goes_on.wait()
        if self.failure is not None:
            raise self.failure
        return ToolOutcome(value=f"done with {sorted(inputs)}")


class Desk:
    """An agent, and somebody who calls it."""

    def __init__(self, registry: Registry, **limits: Any) -> None:
        self.ports: Ports = registry.ports
        self.principal = registry.principal
        self.speaker = Speaker()
        self.tools = Tools()
        self.calls = Calls(
            models=self.speaker,
            languages={"default": DefaultLanguage()},
            tools=self.tools,
            limits=CallLimits(**limits),
        )

    async def upsert(self, kind: str, path: str, **content: Any) -> str:
        submission = Submission(
            kind=kind, ref=None, path=path, content=json.dumps(content).encode(), parsed=content
        )
        return (await versions.upsert(self.ports, self.principal, submission)).file.id

    async def agent(self, *tools: dict[str, Any], path: str = "A", **content: Any) -> str:
        return await self.upsert("agent", path, model="m", tools=list(tools), **content)

    async def link(self, path: str = "T", kind: str = "tool", **content: Any) -> dict[str, Any]:
        if kind == "tool":
            content.setdefault("source_code", "def f(): ...")
            content.setdefault("function", {"name": path, "description": ""})
        else:
            content.setdefault("model", "m")
        return {"type": "file", "link": {"file_id": await self.upsert(kind, path, **content)}}

    def order(self, **new: Any) -> Order:
        new.setdefault("path", "A")
        return Order(new=NewLog(kind="agent", **new), inputs={}, messages=HELLO)

    def say(self, *replies: Reply) -> None:
        self.speaker.replies += replies

    async def call(self, order: Order | None = None) -> Answered:
        return await call(self.calls, self.ports, self.principal, order or self.order())

    async def listen(self, order: Order | None = None) -> Listening:
        listening = await listen(self.calls, self.ports, self.principal, order or self.order())
        assert isinstance(listening, Listening)
        return listening

    def more(self, log_id: str, *messages: Any) -> More:
        return More(log_id=log_id, messages=messages or (ANSWER,))

    async def go_on(self, log_id: str, *messages: Any, calls: Calls | None = None) -> Answered:
        more = self.more(log_id, *messages)
        return await go_on(calls or self.calls, self.ports, self.principal, more)

    async def suspended(self) -> str:
        """A log whose turn waits for the weather."""
        await self.agent(WEATHER)
        self.say(use("weather"))
        answered = await self.call()
        assert answered.log.log.status is LogStatus.INCOMPLETE
        return answered.log.log.id

    async def log(self, log_id: str) -> Log:
        return (await logs.get(self.ports, self.principal, log_id=log_id)).log

    async def logs(self, path: str = "A") -> list[Log]:
        file = await self.ports.store.read(self.principal.account, lambda tx: tx.files.at(path=path))
        assert file is not None
        found, _ = await logs.page(self.ports, self.principal, LogQuery(file_id=file.id), skip=0, take=10)
        return found

    def restarted(self) -> Calls:
        """What another process, or this one after a restart, calls with: it is at no turn."""
        calls = self.calls
        return Calls(models=calls.models, languages=calls.languages, tools=calls.tools, limits=calls.limits)


Story = Callable[[Desk], Coroutine[Any, Any, None]]


def tell(registry: Registry, story: Story, **limits: Any) -> None:
    async def told() -> None:
        async with asyncio.timeout(WITHIN_S):
            await story(Desk(registry, **limits))

    asyncio.run(told())


def messages_of(log: Log) -> list[dict[str, Any]]:
    messages = log.content().messages
    return [] if messages is None else msgspec.json.decode(messages)


def roles(log: Log) -> list[str]:
    return [one["role"] for one in messages_of(log)]


def test_all_that_was_done_is_kept_before_the_model_is_asked_again(registry: Registry) -> None:
    """After a crash the turn goes on from there: what was carried out is not carried out again."""

    async def story(desk: Desk) -> None:
        await desk.agent(await desk.link())
        desk.say(use("T"), "Done.", "Done by another.")

        async def crash() -> None:
            if len(desk.speaker.asked) == 2:
                (log,) = await desk.logs()
                assert (log.status, log.prompt_tokens) == (LogStatus.INCOMPLETE, 3)
                assert roles(log) == ["user", "assistant", "tool"]
                more = {"role": "user", "content": "Go on."}
                answered = await desk.go_on(log.id, more, calls=desk.restarted())
                assert answered.log.log.content().output == "Done by another."
                assert len(answered.log.children or ()) == 1

        desk.speaker.meanwhile = crash
        # It was not dead after all, and has nothing to say any more.
        with pytest.raises(Conflict, match="completed while"):
            await desk.call()
        (log,) = await desk.logs()
        assert log.content().output == "Done by another."

    tell(registry, story)


def test_nobody_goes_on_while_somebody_does(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        log_id = await desk.suspended()
        before = await desk.log(log_id)
        desk.speaker.goes_on.clear()
        desk.say("One.", "Two.")
        desk.speaker.is_asked.clear()
        first = asyncio.create_task(desk.go_on(log_id))
        await desk.speaker.is_asked.wait()
        for refused in (
            desk.go_on(log_id),
            listen_on(desk.calls, desk.ports, desk.principal, desk.more(log_id)),
        ):
            with pytest.raises(Conflict, match="at work"):
                await refused
        desk.speaker.goes_on.set()
        assert (await first).log.log.content().output == "One."
        with pytest.raises(Conflict, match="not incomplete"):
            await desk.go_on(log_id)
        assert before.status is LogStatus.INCOMPLETE
        assert desk.calls.turns == set()

    tell(registry, story)


def test_the_store_decides_who_was_first(registry: Registry) -> None:
    """Both have seen that nobody is at it."""

    async def story(desk: Desk) -> None:
        log_id = await desk.suspended()
        desk.say("Once.")
        arguments = (desk.calls, desk.ports, desk.principal, desk.more(log_id))
        both = await asyncio.gather(
            *(agent_orders.resume(*arguments) for _ in range(2)), return_exceptions=True
        )
        assert sorted(type(one).__name__ for one in both) == ["Conflict", "Task"]
        assert len(desk.calls.turns) == 1

    tell(registry, story)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_turn_of_another_process_is_that_processs_as_long_as_it_is_there(
    registry: Registry, is_there: bool
) -> None:
    async def story(desk: Desk) -> None:
        log_id = await desk.suspended()
        other = Process(
            id="prc_other",
            role=Role.SERVER,
            host="h",
            pid=1,
            release="1",
            capacity=0,
            started_at=START,
            seen_at=START,
        )
        if is_there:
            await desk.ports.store.write(desk.principal.account, lambda tx: tx.processes.put(other))
        elsewhere = replace(desk.ports, holder=other.id)
        await agent_orders.resume(desk.restarted(), elsewhere, desk.principal, desk.more(log_id))
        desk.say("Mine.")
        if is_there:
            with pytest.raises(Conflict, match="at work"):
                await desk.go_on(log_id)
        else:
            assert (await desk.go_on(log_id)).log.log.content().output == "Mine."

    tell(registry, story)


def test_a_turn_that_could_not_go_on_is_suspended_as_it_was(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        log_id = await desk.suspended()
        before = await desk.log(log_id)
        desk.say(DOWN, DOWN, "Fine.")
        with pytest.raises(ModelFailed, match="lunch") as caught:
            await desk.go_on(log_id)
        assert (caught.value.origin, caught.value.fault) == ("m", Fault.GATEWAY)
        with pytest.raises(ModelFailed):
            await listen_on(desk.calls, desk.ports, desk.principal, desk.more(log_id))
        assert await desk.log(log_id) == before
        assert (await desk.go_on(log_id)).log.log.status is LogStatus.COMPLETE

    tell(registry, story)


def test_how_often_a_model_was_asked_counts_over_suspensions(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent(WEATHER, max_iterations=2)
        desk.say(use("weather"), use("weather", call="c2"))
        log_id = (await desk.call()).log.log.id
        answered = await desk.go_on(log_id)
        assert (answered.log.log.status, answered.waiting) == (LogStatus.COMPLETE, None)
        assert roles(answered.log.log)[-1] == "assistant"
        assert len({context.step for _, context in desk.speaker.asked}) == 2

    tell(registry, story)


def test_a_tool_that_ends_the_turn_is_carried_out_the_last_time_too(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        link = await desk.link()
        await desk.agent({**link, "on_agent_call": "stop"}, max_iterations=1)
        desk.say(use("T"))
        assert len((await desk.call()).log.children or ()) == 1
        await desk.agent(link, path="B", max_iterations=1)
        desk.say(use("T"))
        assert (await desk.call(desk.order(path="B"))).log.children == ()

    tell(registry, story)


def test_what_is_switched_off_does_not_go_on(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        log_id = await desk.suspended()
        file_id = (await desk.log(log_id)).file_id
        await switches.switch(desk.ports, desk.principal, Where(kind="agent", ref=file_id), is_off=True)
        with pytest.raises(Conflict, match="switched off"):
            await desk.go_on(log_id)

    tell(registry, story)


def test_what_a_model_said_may_be_none_that_it_can_be_told_again(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent(await desk.link())
        deep: Any = "x"
        for _ in range(300):
            deep = [deep]
        desk.say(use("T", a=deep))
        answered = await desk.call()
        assert answered.log.log.status is LogStatus.COMPLETE
        assert "nested deeper" in str(answered.error)

    tell(registry, story)


def test_who_goes_away_before_anything_was_asked(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent()
        task = await agent_orders.begin(desk.calls, desk.ports, desk.principal, desk.order())
        assert isinstance(task, agent_orders.Task)
        turn = Turn(task)
        turn.stop("Nobody wants it.")
        with pytest.raises(ModelFailed, match="Nobody wants it"):
            await turn.run()
        assert desk.speaker.asked == []
        assert (await desk.logs())[0].content().error == "Nobody wants it."

    tell(registry, story)


def test_who_goes_away_stops_the_model_and_leaves_a_log(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent()
        desk.say("Well, yes.")
        desk.speaker.goes_on.clear()
        listening = await desk.listen()
        assert [type(await anext(listening)).__name__ for _ in range(3)] == ["Begun", "Asked", "Said"]
        await listening.aclose()
        assert desk.speaker.is_stopped
        (log,) = await desk.logs()
        payload = log.content()
        assert (log.status, payload.output, payload.output_message) == (LogStatus.COMPLETE, "W", None)
        assert "went away" in str(payload.error)
        with desk.calls.place():  # the one there is was given back
            pass
        assert desk.calls.turns == set()

    tell(registry, story, concurrent=1)


def test_who_goes_away_from_a_turn_that_goes_on_can_come_back(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        log_id = await desk.suspended()
        desk.say("Well, yes.", "Yes.")
        desk.speaker.goes_on.clear()
        listening = await listen_on(desk.calls, desk.ports, desk.principal, desk.more(log_id))
        await listening.aclose()
        desk.speaker.goes_on.set()
        assert (await desk.go_on(log_id)).log.log.content().output == "Yes."

    tell(registry, story)


def test_a_call_that_is_cancelled_is_kept(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent(await desk.link())
        desk.say(use("T"))
        desk.tools.goes_on.clear()
        calling = asyncio.create_task(desk.call())
        await desk.tools.is_used.wait()
        calling.cancel()
        answered = await calling
        assert "went away" in str(answered.error)
        assert answered.log.log.status is LogStatus.COMPLETE

    tell(registry, story)


def test_a_turn_takes_no_longer_than_it_may(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        link = await desk.link("B", "agent")
        await desk.agent(link)
        desk.say(use("B", message="x"), "Never heard.")
        listening = await desk.listen()
        heard = [one async for one in listening]
        await listening.aclose()
        assert isinstance(heard[-1], Answered)
        assert str(heard[-1].error) == "The turn took longer than the 0.2 seconds that it may take."
        (below,) = await desk.logs("B")
        assert (below.status, below.has_error) == (LogStatus.COMPLETE, True)
        assert desk.calls.turns == set()

    async def slowly(desk: Desk) -> None:
        async def stop_at_the_second() -> None:
            if len(desk.speaker.asked) == 2:
                await asyncio.Event().wait()

        desk.speaker.meanwhile = stop_at_the_second
        await story(desk)

    tell(registry, slowly, agent_s=0.2)


def test_what_breaks_off_with_the_first_word_is_told_and_kept(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent()

        async def fail() -> None:
            raise DOWN

        desk.speaker.meanwhile = fail
        desk.say("Well, yes.", "Well, no.")
        listening = await desk.listen()
        heard = [one async for one in listening]
        await listening.aclose()
        assert isinstance(heard[-1], Answered)
        assert (heard[-1].error, heard[-1].log.log.content().output) == ("Out to lunch.", "W")
        with pytest.raises(ModelFailed):
            await desk.call()

    tell(registry, story)


def test_a_call_that_will_be_made_again_leaves_nothing(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent(await desk.link())
        desk.say(DOWN, use("T"), DOWN, "Fine.")
        again = replace(desk.order(id="mine"), leaves=lambda failure: failure is DOWN)
        for _ in range(2):
            with pytest.raises(ModelFailed):
                await desk.call(again)
            assert (await desk.logs(), await desk.logs("T")) == ([], [])
        assert (await desk.call(again)).log.log.id == "mine"

    tell(registry, story)


def test_what_is_deleted_or_completed_meanwhile(registry: Registry) -> None:
    """There is nothing left that the answer could be kept in: its caller is told."""

    async def story(desk: Desk) -> None:
        await desk.agent()

        async def delete() -> None:
            await logs.delete(desk.ports, desk.principal, [(await desk.logs())[0].id])

        async def complete() -> None:
            to = NewLog(kind="agent", status=LogStatus.COMPLETE, payload=Payload(output="Enough."))
            change = log_changes.Change(to=to, given=frozenset({"output"}))
            (log,) = await desk.logs()
            await log_changes.update(desk.ports, desk.principal, change, log_id=log.id)

        errors: tuple[tuple[Any, type[HeadraceError]], ...] = ((delete, NotFound), (complete, Conflict))
        for meanwhile, error in errors:
            desk.speaker.meanwhile = meanwhile
            desk.say("Too late.")
            with pytest.raises(error):
                await desk.call()
        (log,) = await desk.logs()
        assert log.content().output == "Enough."

    tell(registry, story)


def test_a_record_that_can_not_be_kept_is_told(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the turn can be taken up later."""

    async def story(desk: Desk) -> None:
        await desk.agent()

        def refuse(*_: Any, **__: Any) -> Any:
            raise Unavailable("The disk is full.")

        desk.say("One.", "Two.", "Three.")
        with monkeypatch.context() as broken:
            broken.setattr(agent_logs, "close", refuse)
            with pytest.raises(Unavailable):
                await desk.call()
            listening = await desk.listen()
            with pytest.raises(Unavailable):
                [one async for one in listening]
            await listening.aclose()
        with desk.calls.place():
            pass
        log = (await desk.logs())[0]
        answered = await desk.go_on(log.id, {"role": "user", "content": "Again?"})
        assert answered.log.log.content().output == "Three."

    tell(registry, story, concurrent=1)


def test_a_server_that_runs_no_code_leaves_tools_to_the_caller(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent(await desk.link())
        desk.tools.failure = EffectFailed("No code here.", resource="Tool", fault=Fault.DEPENDENCY)
        desk.say(use("T", a=1))
        answered = await desk.call()
        assert answered.waiting is not None
        assert answered.waiting["tool_calls"][0]["function"] == {"name": "T", "arguments": '{"a":1}'}
        desk.tools.failure = EffectFailed("No room.", resource="Tool", fault=Fault.GATEWAY)
        desk.say(use("T"), "Well.")
        answered = await desk.call()
        assert messages_of(answered.log.log)[-1]["content"] == "Error: No room."

    tell(registry, story)


def test_a_flow_is_left_to_the_caller(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        flow = {"type": "file", "link": {"file_id": await desk.upsert("flow", "My Flow", a=1)}}
        await desk.agent(flow)
        desk.say(use("My_Flow"))
        answered = await desk.call()
        assert answered.waiting is not None
        assert answered.log.children == ()

    tell(registry, story)


def test_a_prompt_below_fails_and_the_agent_is_told(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent(await desk.link("P", "prompt", template="Hi {{name}}"))
        desk.say(use("P", name="Ann"), DOWN, use("P"), "I give up.")
        answered = await desk.call()
        told = [one["content"] for one in messages_of(answered.log.log) if one["role"] == "tool"]
        assert told == ["Error: Out to lunch.", "Error: The template needs a value for `name`."]
        (below,) = await desk.logs("P")
        assert below.trace_parent_id == answered.log.log.id

    tell(registry, story)


def test_keys_go_with_all_that_an_agent_calls(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent(await desk.link("P", "prompt"), await desk.link("B", "agent"))
        desk.say(use("P", message="x"), "Yes.", use("B", message="y"), "No.", "Done.")
        order = replace(desk.order(user="ann"), keys=CallerKeys({"openai": "sk-1"}))
        listening = await desk.listen(order)
        heard = [one async for one in listening]
        await listening.aclose()
        assert {context.keys.get("openai") for _, context in desk.speaker.asked} == {"sk-1"}
        assert "".join(one.text for one in heard if isinstance(one, ToolSaid)) == "Yes.No."
        assert "".join(one.text for one in heard if isinstance(one, Said)) == "Done."
        assert len([one for one in heard if isinstance(one, Replied)]) == 3
        below = [*await desk.logs("P"), *await desk.logs("B")]
        assert {log.user for log in below} == {"ann"}
        assert "sk-1" not in repr(desk.speaker.asked)

    tell(registry, story)


def test_nothing_is_made_where_a_call_is_refused(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent(WEATHER)
        refused: tuple[tuple[Order, type[HeadraceError]], ...] = (
            (desk.order(parent_id="log_nowhere"), NotFound),
            (desk.order(id=""), Invalid),
            (desk.order(path="nowhere"), NotFound),
            (replace(desk.order(), choice={"type": "function", "function": {"name": "other"}}), Invalid),
            (replace(desk.order(), messages=()), Invalid),
        )
        for order, error in refused:
            with pytest.raises(error):
                await desk.call(order)
            with pytest.raises(error):
                await desk.listen(order)
        assert await desk.logs() == []
        assert desk.calls.turns == set()
        with desk.calls.place():
            pass

    tell(registry, story, concurrent=1)


def test_there_are_no_more_calls_at_once_than_may_be(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent()
        desk.say("One.")
        desk.speaker.goes_on.clear()
        first = await desk.listen()
        for refused in (desk.call(), desk.listen(), desk.go_on("x")):
            with pytest.raises(Throttled):
                await refused
        await first.aclose()

    tell(registry, story, concurrent=1)


def test_a_repeated_call_waits_for_nobody(registry: Registry) -> None:
    """8.24: while the first goes on there is nothing to be answered yet."""

    async def story(desk: Desk) -> None:
        await desk.agent()
        order = desk.order(id="mine", request=b"{}")
        desk.say("One.")
        desk.speaker.goes_on.clear()
        first = asyncio.create_task(desk.call(order))
        await desk.speaker.is_asked.wait()
        with pytest.raises(Conflict, match="at work"):
            await desk.call(order)
        desk.speaker.goes_on.set()
        await first
        assert (await desk.call(order)).log.log.content().output == "One."
        assert len(desk.speaker.asked) == 1

    tell(registry, story)


def test_what_was_not_to_be_saved_can_be_gone_on_with_as_long_as_it_is_known(registry: Registry) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent(WEATHER)
        desk.say(use("weather"), "Done.")
        log_id = (await desk.call(desk.order(is_saved=False))).log.log.id
        forgetful = replace(desk.ports, unsaved=type(desk.ports.unsaved)())
        with pytest.raises(Conflict, match="not to be saved"):
            await agent_calls.go_on(desk.calls, forgetful, desk.principal, desk.more(log_id))
        assert (await desk.go_on(log_id)).log.log.content().output == "Done."
        assert (await desk.log(log_id)).content() == Payload()

    tell(registry, story)


@pytest.mark.parametrize("messages", [b'"x"', b'[{"role": "nobody"}]', b'[["x"]]', b"[7]"])
def test_what_others_wrote_as_messages_may_be_none(registry: Registry, messages: bytes) -> None:
    async def story(desk: Desk) -> None:
        await desk.agent(WEATHER)
        payload = Payload(messages=msgspec.Raw(messages))
        new = NewLog(kind="agent", path="A", status=LogStatus.INCOMPLETE, payload=payload)
        made = await logs.create(desk.ports, desk.principal, new)
        with pytest.raises(Conflict, match="can't be gone on with"):
            await desk.go_on(made.log.id)

    tell(registry, story)
