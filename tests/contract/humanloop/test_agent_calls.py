"""Agents called through the real client, with a model that answers by a script (humanloop 4.2, 4.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.types import AgentCallResponse, AgentCallStreamResponse, AgentContinueCallResponse
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.test_judging import until
from tests.contract.humanloop.test_prompt_calls import stored

pytestmark = pytest.mark.live

KEY = "sk-of-the-caller-0123456789"


def use(name: str, *, call: str = "c1", **arguments: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": call, "name": name, "input": arguments}}


def uses(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An answer that calls tools."""
    return {
        "content": list(blocks),
        "stop_reason": "tool_use",
        "input_tokens": 10,
        "output_tokens": 5,
        **more,
    }


CUT_OFF = {"toolUse": {"toolUseId": "c1", "name": "add", "input": '{"x": 4'}}
GATEWAY = {"error": {"fault": "gateway", "message": "Out to lunch."}}
ANSWERS = {
    "answers": [
        {"text": "GO ON", "answer": "On it goes."},
        {
            "text": "HANGS",
            "answers": [uses(use("add", x=1, y=2)), {"text": "Never heard.", "delay_s": 600.0}],
        },
        {"text": "BREAKS", "answers": [uses(use("add", x=1, y=2)), GATEWAY]},
        {"text": "RECOVERS", "answers": [uses(use("weather")), GATEWAY, "Fine, after all."]},
        {"text": "DOWN", "answer": GATEWAY},
        {"text": "It is foggy", "answer": {"text": "Fog, then.", "input_tokens": 20, "output_tokens": 3}},
        {"text": "SLOWLY.*It is sunny", "answer": {"text": "Sun.", "delay_s": 1.0}},
        {"text": "(?s)SLOWLY.*It is sunny", "answer": {"text": "Sun.", "delay_s": 1.0}},
        {"text": "WEATHER", "answer": uses(use("weather", place="Bern"))},
        {
            "text": "BOTH",
            "answers": [uses(use("add", call="a", x=40, y=2), use("weather", call="w")), "Both."],
        },
        {"text": "FOREVER", "answer": uses(use("add", x=1, y=1))},
        {
            "text": "NOTHING",
            "answers": [uses(use("unheard-of")), uses({"text": "Hm."}, use("add")), uses(CUT_OFF), "Well."],
        },
        {"text": "SUM", "answers": [uses(use("add", x=40, y=2)), {"text": "It is 42.", "output_tokens": 7}]},
        {"text": "ASK THE POET", "answers": [uses(use("Poet", topic="rain")), "A poem."]},
        {"text": "A poem of rain", "answer": {"text": "Drip, drop.", "output_tokens": 4}},
        {"text": "ASK THE CLERK", "answers": [uses(use("Clerk", message="SUM")), "The clerk knows."]},
        {"text": "ASK THE SELF", "answers": [uses(use("Self", message="ASK THE SELF")), "Deep."]},
        {
            "text": "ASK THE WATCHMAN",
            "answers": [uses(use("Watchman", message="WEATHER")), "He has seen it."],
        },
        {"text": "SILENT", "answer": {"text": "At last.", "delay_s": 3.0}},
        {"answer": {"text": "Paris, of course.", "input_tokens": 12, "output_tokens": 4}},
    ]
}
WEATHER = {"name": "weather", "description": "How it is.", "parameters": {"type": "object"}}
INLINE = {"type": "inline", "json_schema": WEATHER}
ADD = {
    "function": {
        "name": "add",
        "description": "Adds.",
        "parameters": {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": "number"}}},
    },
    "source_code": "def add(x, y):\n    return x + y\n",
    "tool_type": "python",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose models answer by a script."""
    folder: Path = tmp_path_factory.mktemp("agents")
    (folder / "answers.json").write_text(json.dumps(ANSWERS))
    (folder / "headrace.toml").write_text(
        '[[models.route]]\nmatch = "*"\nprovider = "ci"\n'
        '[[models.price]]\nmatch = "gpt-4o*"\ninput_usd = 1000000.0\noutput_usd = 2000000.0\n'
        '[models.providers.ci]\ntype = "scripted"\nfile = "answers.json"\n'
    )
    settings = {
        "config": str(folder / "headrace.toml"),
        "log_level": "error",
        "agent_depth": "2",
        "agent_iterations": "6",
    }
    live = LiveServer(store=f"sqlite:///{folder}/headrace.db", settings=settings).start()
    yield live
    assert live.stop() == 0


def says(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def answers(called: Any, text: str = "It is foggy in Bern.") -> list[dict[str, str]]:
    """What its caller answers to every call that an agent waits for."""
    return [
        {"role": "tool", "tool_call_id": call.id, "content": text}
        for call in called.previous_agent_message.tool_calls
    ]


def log_of(raw: httpx.Client, log_id: str) -> dict[str, Any]:
    found: dict[str, Any] = raw.get(f"/logs/{log_id}").json()
    return found


@pytest.fixture
def adding(client: Any, home: str) -> dict[str, Any]:
    """A linked tool that this server runs."""
    tool = client.tools.upsert(path=f"{home}/add", **ADD)
    return {"type": "file", "link": {"file_id": tool.id}}


def test_an_agent_without_tools_is_called(client: Any, raw: httpx.Client, path: str) -> None:
    """4.2: the answer is its log."""
    template = [{"role": "system", "content": "You know {{topic}}."}]
    agent = client.agents.upsert(path=path, model="gpt-4o", template=template)
    called = client.agents.call(
        path=path, inputs={"topic": "cities"}, messages=says("The capital?"), user="ann", metadata={"a": 1}
    )
    assert isinstance(called, AgentCallResponse)
    assert (called.output, called.output_message.content) == ("Paris, of course.", "Paris, of course.")
    assert (called.log_status, called.finish_reason, called.error) == ("complete", "stop", None)
    assert (called.prompt_tokens, called.output_tokens) == (12, 4)
    assert (called.prompt_cost, called.output_cost) == (12.0, 8.0)
    assert (called.log_id, called.agent.version_id) == (called.id, agent.version_id)
    assert (called.user, called.metadata, called.inputs) == ("ann", {"a": 1}, {"topic": "cities"})
    assert (called.previous_agent_message, called.trace_children) == (None, None)
    assert [one.content for one in called.messages] == ["The capital?"]
    assert called.start_time <= called.end_time
    log = log_of(raw, called.id)
    assert (log["output"], log["log_status"], log["trace_children"]) == ("Paris, of course.", "complete", [])
    assert log["provider_request"]["system"] == [{"text": "You know cities."}]
    assert client.agents.get(agent.id).version_logs_count == 1


def test_an_agent_may_come_with_the_call(client: Any, path: str) -> None:
    """2.6: as an object, or as the text of a file."""
    made = client.agents.call(path=path, agent={"model": "gpt-4o", "max_iterations": 1}, messages=says("?"))
    assert (made.agent.path, made.agent.max_iterations) == (path, 1)
    text = "---\nmodel: gpt-4o\nmax_iterations: 2\n---\n<user>\n  {{question}}\n</user>\n"
    again = client.agents.call(path=path, agent=text, inputs={"question": "Where?"})
    assert (again.agent.max_iterations, again.output) == (2, "Paris, of course.")
    assert client.agents.get(made.agent.id).version_id == made.agent.version_id


def test_a_tool_of_the_callers_suspends_the_turn(client: Any, raw: httpx.Client, path: str) -> None:
    """The client's own test of this forces the tool, and needs an answer without it when it goes on."""
    choice = {"type": "function", "function": {"name": "weather"}}
    agent = {"model": "gpt-4o", "tools": [INLINE], "max_iterations": 2}
    called = client.agents.call(path=path, agent=agent, messages=says("WEATHER"), tool_choice=choice)
    assert (called.log_status, called.output, called.finish_reason) == ("incomplete", None, "tool_calls")
    (call,) = called.previous_agent_message.tool_calls
    assert (call.id, call.function.name, call.function.arguments) == ("c1", "weather", '{"place":"Bern"}')
    assert called.output_message == called.previous_agent_message
    request = log_of(raw, called.id)["provider_request"]
    assert request["tools"]["toolChoice"] == {"tool": {"name": "weather"}}

    done = client.agents.continue_call(
        log_id=called.id, messages=answers(called), include_trace_children=True
    )
    assert isinstance(done, AgentContinueCallResponse)
    assert (done.id, done.log_status, done.output) == (called.id, "complete", "Fog, then.")
    assert (done.previous_agent_message, done.trace_children) == (None, [])
    assert (done.prompt_tokens, done.output_tokens) == (10 + 20, 5 + 3)
    assert (done.prompt_cost, done.output_cost) == (30.0, 16.0)
    assert [one.role for one in done.messages] == ["user", "assistant", "tool"]
    request = log_of(raw, called.id)["provider_request"]
    assert "toolChoice" not in request["tools"]
    assert [one["role"] for one in request["messages"]] == ["user", "assistant", "user"]
    with pytest.raises(ApiError) as caught:
        client.agents.continue_call(log_id=called.id, messages=says("More?"))
    assert caught.value.status_code == 409


def test_a_linked_tool_is_carried_out(
    client: Any, raw: httpx.Client, path: str, adding: dict[str, Any]
) -> None:
    """3.12: its log stands below the agent's."""
    agent = client.agents.upsert(path=path, model="gpt-4o", tools=[adding])
    called = client.agents.call(path=path, messages=says("SUM"), include_trace_children=True, user="ann")
    assert (called.log_status, called.output) == ("complete", "It is 42.")
    (child,) = called.trace_children
    assert (child.output, child.inputs, child.user) == ("42", {"x": 40, "y": 2}, "ann")
    assert (child.trace_parent_id, child.trace_flow_id) == (called.id, agent.id)
    assert [one.role for one in called.messages] == ["user", "assistant", "tool"]
    assert called.messages[-1].content == "42"
    assert (called.prompt_tokens, called.output_tokens) == (10, 5 + 7)
    told = log_of(raw, called.id)["provider_request"]["tools"]["tools"]
    assert told[0]["toolSpec"]["name"] == "add"


def test_what_this_server_can_do_is_done_before_the_caller_is_asked(
    client: Any, raw: httpx.Client, path: str, adding: dict[str, Any]
) -> None:
    agent = {"model": "gpt-4o", "tools": [adding, INLINE]}
    called = client.agents.call(path=path, agent=agent, messages=says("BOTH"))
    assert [call.id for call in called.output_message.tool_calls] == ["a", "w"]
    assert [call.id for call in called.previous_agent_message.tool_calls] == ["w"]
    assert [(one.role, one.tool_call_id) for one in called.messages[1:]] == [
        ("assistant", None),
        ("tool", "a"),
    ]

    for messages, loc, word in (
        ([], ["body", "messages"], "missing"),
        (says("Go on."), ["body", "messages"], "missing"),
        (
            [{"role": "tool", "tool_call_id": "a", "content": "7"}],
            ["body", "messages", 0, "tool_call_id"],
            "unknown",
        ),
    ):
        answer = raw.post("/agents/continue", json={"log_id": called.id, "messages": messages})
        assert answer.status_code == 422
        assert (answer.json()["detail"][0]["loc"], answer.json()["detail"][0]["type"]) == (loc, word)
    done = client.agents.continue_call(log_id=called.id, messages=[*answers(called, "Dry."), *says("And?")])
    assert done.output == "Both."
    assert [one.role for one in done.messages] == ["user", "assistant", "tool", "tool", "user"]


def test_a_linked_prompt_and_a_linked_agent_are_called(
    client: Any, path: str, home: str, adding: dict[str, Any]
) -> None:
    """A prompt is called with its inputs; an agent without any is told something."""
    poet = client.prompts.upsert(
        path=f"{home}/Poet", model="gpt-4o", template=[{"role": "user", "content": "A poem of {{topic}}"}]
    )
    clerk = client.agents.upsert(path=f"{home}/Clerk", model="gpt-4o", tools=[adding])
    links = [{"type": "file", "link": {"file_id": one.id}} for one in (poet, clerk)]
    agent = client.agents.upsert(path=path, model="gpt-4o", tools=links)
    called = client.agents.call(id=agent.id, messages=says("ASK THE POET"), include_trace_children=True)
    (child,) = called.trace_children
    assert (called.output, child.output, child.inputs) == ("A poem.", "Drip, drop.", {"topic": "rain"})
    assert child.prompt.id == poet.id

    called = client.agents.call(id=agent.id, messages=says("ASK THE CLERK"), include_trace_children=True)
    (child,) = called.trace_children
    assert (called.output, child.output, child.agent.id) == ("The clerk knows.", "It is 42.", clerk.id)
    assert [one.output for one in child.trace_children] == ["42"]
    specs = {one["toolSpec"]["name"]: one["toolSpec"] for one in called.provider_request["tools"]["tools"]}
    assert specs["Poet"]["inputSchema"]["json"] == {
        "type": "object",
        "properties": {"topic": {"type": "string"}},
        "required": ["topic"],
    }
    assert specs["Clerk"]["inputSchema"]["json"]["required"] == ["message"]


def test_agents_do_not_call_one_another_for_ever(client: Any, home: str) -> None:
    agent = client.agents.upsert(path=f"{home}/Self", model="gpt-4o")
    link = {"type": "file", "link": {"file_id": agent.id}}
    client.agents.upsert(id=agent.id, model="gpt-4o", tools=[link])
    version = next(one for one in client.agents.list_versions(agent.id).records if one.tools)
    client.agents.set_deployment(agent.id, "production", version_id=version.version_id)
    called = client.agents.call(id=agent.id, messages=says("ASK THE SELF"), include_trace_children=True)
    (child,) = called.trace_children
    assert (called.output, child.output, child.trace_children) == ("Deep.", "Deep.", [])
    assert child.messages[-1].content == "Error: Agents may call one another 2 deep, and no deeper."


def test_a_suspended_agent_below_suspends_the_one_above(client: Any, path: str, home: str) -> None:
    """Its caller continues the one below, and answers with what came of it."""
    below = client.agents.upsert(path=f"{home}/Watchman", model="gpt-4o", tools=[INLINE])
    agent = {"model": "gpt-4o", "tools": [{"type": "file", "link": {"file_id": below.id}}]}
    called = client.agents.call(
        path=path, agent=agent, messages=says("ASK THE WATCHMAN"), include_trace_children=True
    )
    (child,) = called.trace_children
    assert (called.log_status, child.log_status) == ("incomplete", "incomplete")
    (call,) = called.previous_agent_message.tool_calls
    assert call.function.name == "Watchman"
    results = [{"role": "tool", "tool_call_id": "c1", "content": "It is foggy in Bern."}]
    seen = client.agents.continue_call(log_id=child.id, messages=results)
    assert (seen.output, seen.trace_parent_id) == ("Fog, then.", called.id)
    done = client.agents.continue_call(log_id=called.id, messages=answers(called, seen.output))
    assert (done.log_status, done.output) == ("complete", "He has seen it.")


@pytest.mark.parametrize(("given", "asked"), [(1, 1), (3, 3), (None, 6), (99, 6)])
def test_a_model_is_asked_no_more_often_than_it_may_be(
    client: Any, path: str, adding: dict[str, Any], given: int | None, asked: int
) -> None:
    """As often as the agent says, and at most as often as the server does."""
    agent = {"model": "gpt-4o", "tools": [adding], "max_iterations": given}
    called = client.agents.call(path=path, agent=agent, messages=says("FOREVER"), include_trace_children=True)
    assert (called.log_status, called.output, called.prompt_tokens) == ("complete", None, 10 * asked)
    assert len(called.trace_children) == asked - 1
    assert called.output_message.tool_calls[0].function.name == "add"
    assert called.previous_agent_message is None


def test_a_stopping_tool_ends_the_turn(client: Any, path: str, adding: dict[str, Any]) -> None:
    """One of the caller's is left to the caller; a linked one is carried out before."""
    agent = {"model": "gpt-4o", "tools": [{**INLINE, "on_agent_call": "stop"}]}
    called = client.agents.call(path=path, agent=agent, messages=says("WEATHER"))
    assert (called.log_status, called.finish_reason, called.output) == ("complete", "tool_calls", None)
    assert called.output_message.tool_calls[0].function.name == "weather"
    agent = {"model": "gpt-4o", "tools": [{**adding, "on_agent_call": "stop"}]}
    called = client.agents.call(path=path, agent=agent, messages=says("SUM"), include_trace_children=True)
    assert (called.log_status, called.messages[-1].content) == ("complete", "42")
    assert [one.output for one in called.trace_children] == ["42"]


def test_what_a_model_does_wrong_it_is_told(client: Any, path: str, adding: dict[str, Any]) -> None:
    agent = {"model": "gpt-4o", "tools": [adding]}
    called = client.agents.call(path=path, agent=agent, messages=says("NOTHING"))
    assert called.output == "Well."
    told = [one.content for one in called.messages if one.role == "tool"]
    assert told[0] == "Error: There is no tool `unheard-of`."
    assert told[1].startswith("Error: ")
    assert "argument" in told[1]
    assert told[2] == "Error: The arguments have to be a JSON object."


def test_a_turn_is_heard_as_it_happens(
    client: Any, raw: httpx.Client, path: str, home: str, adding: dict[str, Any]
) -> None:
    """Appendix A, EventType."""
    agent = {"model": "gpt-4o", "tools": [adding]}
    heard = list(client.agents.call_stream(path=path, agent=agent, messages=says("SUM")))
    assert all(isinstance(one, AgentCallStreamResponse) for one in heard)
    types = [one.type for one in heard]
    assert types == [
        "agent_turn_start",
        "agent_start",
        "agent_end",
        "tool_start",
        "tool_end",
        "agent_start",
        *["agent_update"] * 3,
        "agent_end",
        "agent_turn_end",
    ]
    (log_id,) = {one.log_id for one in heard}
    by_type = {one.type: one.payload for one in heard}
    assert by_type["tool_start"].function.name == "add"
    assert (by_type["tool_end"].output, by_type["tool_end"].trace_parent_id) == ("42", log_id)
    # The client's own test joins the outputs of all payloads that have one.
    own = [one for one in heard if one.type.startswith("agent")]
    assert "".join(one.payload.output for one in own if one.payload) == "It is 42."
    end = by_type["agent_turn_end"]
    assert (end.id, end.agent_id, end.prompt_tokens, end.output_tokens) == (
        log_id,
        called_agent(raw, log_id),
        10,
        12,
    )
    assert end.output_message.content == "It is 42."
    assert log_of(raw, log_id)["output"] == "It is 42."


def called_agent(raw: httpx.Client, log_id: str) -> str:
    found: str = log_of(raw, log_id)["agent"]["id"]
    return found


def test_a_suspension_is_heard_and_so_is_what_follows(client: Any, path: str) -> None:
    agent = {"model": "gpt-4o", "tools": [INLINE]}
    heard = list(client.agents.call_stream(path=path, agent=agent, messages=says("WEATHER")))
    assert [one.type for one in heard][-2:] == ["agent_end", "agent_turn_suspend"]
    calls = heard[-1].payload.output_message.tool_calls
    results = [{"role": "tool", "tool_call_id": one.id, "content": "It is foggy."} for one in calls]
    more = list(client.agents.continue_call_stream(log_id=heard[0].log_id, messages=results))
    assert [one.type for one in more] == [
        "agent_turn_continue",
        "agent_start",
        *["agent_update"] * 2,
        "agent_end",
        "agent_turn_end",
    ]
    assert "".join(one.payload.output for one in more if one.payload) == "Fog, then."


def test_what_prompts_and_agents_below_say_is_heard(
    client: Any, path: str, home: str, adding: dict[str, Any]
) -> None:
    poet = client.prompts.upsert(
        path=f"{home}/Poet", model="gpt-4o", template=[{"role": "user", "content": "A poem of {{topic}}"}]
    )
    clerk = client.agents.upsert(path=f"{home}/Clerk", model="gpt-4o", tools=[adding])
    agent = {
        "model": "gpt-4o",
        "tools": [{"type": "file", "link": {"file_id": one.id}} for one in (poet, clerk)],
    }
    for word, told, member in (("POET", "Drip, drop.", "prompt_id"), ("CLERK", "It is 42.", "agent_id")):
        heard = list(client.agents.call_stream(path=path, agent=agent, messages=says(f"ASK THE {word}")))
        pieces = [one.payload for one in heard if one.type == "tool_update"]
        assert "".join(one.output for one in pieces) == told
        (below,) = {getattr(one, member) for one in pieces}
        assert below in (poet.id, clerk.id)
        (end,) = (one.payload for one in heard if one.type == "tool_end")
        assert (end.output, {end.id}) == (told, {one.id for one in pieces})


def test_the_stream_ends_with_the_word_for_it(raw: httpx.Client, path: str) -> None:
    """4.4: the TypeScript client stops there."""
    body = {"path": path, "agent": {"model": "gpt-4o"}, "messages": says("?"), "stream": True}
    with raw.stream("POST", "/agents/call", json=body) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        events = [line for line in answer.iter_lines() if line]
    assert events[-1] == "data: [DONE]"
    keys = {frozenset(json.loads(event.removeprefix("data: "))) for event in events[:-1]}
    assert keys == {frozenset(AgentCallStreamResponse.model_fields)}


@pytest.mark.parametrize("streams", [False, True])
def test_a_provider_that_fails_at_once(client: Any, raw: httpx.Client, path: str, streams: bool) -> None:
    """0.5: as of prompts; and it is logged."""
    agent = client.agents.upsert(path=path, model="gpt-4o", provider="openai")
    call = client.agents.call_stream if streams else client.agents.call
    with pytest.raises(ApiError) as caught:
        list(call(path=path, messages=says("DOWN"), request_options={"max_retries": 0}))
    assert caught.value.status_code == 503
    (log,) = raw.get("/logs", params={"file_id": agent.id}).json()["records"]
    assert (log["output"], log["error"], log["log_status"]) == (None, "Out to lunch.", "complete")


def test_a_provider_that_fails_later(client: Any, path: str, adding: dict[str, Any]) -> None:
    """What was done is not lost."""
    agent = {"model": "gpt-4o", "tools": [adding]}
    called = client.agents.call(path=path, agent=agent, messages=says("BREAKS"), include_trace_children=True)
    assert (called.error, called.output, called.log_status) == ("Out to lunch.", None, "complete")
    assert [one.output for one in called.trace_children] == ["3"]
    assert (called.prompt_tokens, called.messages[-1].content) == (10, "3")
    heard = list(client.agents.call_stream(path=path, agent=agent, messages=says("BREAKS")))
    assert [one.type for one in heard][-3:] == ["agent_start", "error", "agent_turn_end"]
    assert heard[-2].payload.error == "Out to lunch."


def test_a_turn_that_can_not_go_on_now_can_later(client: Any, raw: httpx.Client, path: str) -> None:
    """A provider that is down when the caller comes with the answers costs nothing but another try."""
    agent = {"model": "gpt-4o", "tools": [INLINE]}
    called = client.agents.call(path=path, agent=agent, messages=says("RECOVERS"))
    body = {"log_id": called.id, "messages": answers(called, "Dry.")}
    before = log_of(raw, called.id)
    answer = raw.post("/agents/continue", json=body)
    assert (answer.status_code, answer.json()["detail"]["message"]) == (503, "Out to lunch.")
    assert log_of(raw, called.id) == before
    done = raw.post("/agents/continue", json=body).json()
    assert (done["output"], done["log_status"]) == ("Fine, after all.", "complete")
    assert len(done["messages"]) == 3


def test_of_two_that_go_on_at_once_one_is_refused(client: Any, raw: httpx.Client, path: str) -> None:
    agent = {"model": "gpt-4o", "tools": [INLINE]}
    called = client.agents.call(path=path, agent=agent, messages=[*says("SLOWLY"), *says("WEATHER")])
    body = {"log_id": called.id, "messages": answers(called, "It is sunny.")}
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: raw.post("/agents/continue", json=body), range(4)))
    assert sorted(one.status_code for one in got) == [200, 409, 409, 409]
    assert [one.json()["output"] for one in got if one.status_code == 200] == ["Sun."]
    log = log_of(raw, called.id)
    assert [one["role"] for one in log["messages"]] == ["user", "user", "assistant", "tool"]


@pytest.fixture
def mortal(tmp_path: Path) -> LiveServer:
    """A server that a test may stop, kill and start again."""
    (tmp_path / "answers.json").write_text(json.dumps(ANSWERS))
    (tmp_path / "headrace.toml").write_text(
        '[[models.route]]\nmatch = "*"\nprovider = "ci"\n'
        '[models.providers.ci]\ntype = "scripted"\nfile = "answers.json"\n'
    )
    settings = {"config": str(tmp_path / "headrace.toml"), "log_level": "error", "process_timeout": "2"}
    return LiveServer(store=f"sqlite:///{tmp_path}/headrace.db", settings=settings).start()


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_suspended_turn_outlives_the_server(mortal: LiveServer, is_killed: bool) -> None:
    agent = {"model": "gpt-4o", "tools": [INLINE]}
    called = mortal.humanloop().agents.call(path="A", agent=agent, messages=says("WEATHER"))
    mortal.kill() if is_killed else mortal.stop()
    mortal.start()
    done = mortal.humanloop().agents.continue_call(log_id=called.id, messages=answers(called))
    assert (done.output, done.log_status) == ("Fog, then.", "complete")
    mortal.stop()


def test_a_turn_that_a_crash_broke_off_goes_on_from_what_was_done(mortal: LiveServer) -> None:
    """What was carried out is not carried out again."""
    client = mortal.humanloop()
    tool = client.tools.upsert(path="add", **ADD)
    agent = {"model": "gpt-4o", "tools": [{"type": "file", "link": {"file_id": tool.id}}]}
    body = {"path": "A", "agent": agent, "messages": says("HANGS"), "log_id": "mine"}
    address = {"base_url": f"{mortal.url}/v5", "headers": {"X-API-KEY": "any"}}
    with httpx.Client(**address, timeout=2) as impatient, pytest.raises(httpx.ReadTimeout):
        impatient.post("/agents/call", json=body)
    with httpx.Client(**address) as raw:
        until(lambda: len(raw.get("/logs/mine").json().get("messages") or ()) == 3)
        refused = raw.post("/agents/continue", json={"log_id": "mine", "messages": says("GO ON")})
        assert refused.status_code == 409
    mortal.kill()
    mortal.start()

    def goes_on() -> Any:
        body = {"log_id": "mine", "messages": says("GO ON"), "include_trace_children": True}
        with httpx.Client(base_url=f"{mortal.url}/v5", headers={"X-API-KEY": "any"}) as raw:
            answer = raw.post("/agents/continue", json=body)
        assert answer.status_code in (200, 409)  # on a shared store it takes a moment to see who is gone
        return answer.json() if answer.status_code == 200 else None

    done = until(goes_on, within_s=30)
    assert (done["output"], done["log_status"]) == ("On it goes.", "complete")
    assert [one["output"] for one in done["trace_children"]] == ["3"]
    assert [one["role"] for one in done["messages"]] == ["user", "assistant", "tool", "user"]
    mortal.stop()


def test_keys_are_kept_nowhere(
    server: LiveServer, client: Any, raw: httpx.Client, path: str, adding: dict[str, Any]
) -> None:
    """4.4."""
    agent = {"model": "gpt-4o", "tools": [adding, INLINE]}
    keys = {"openai": KEY}
    called = client.agents.call(
        path=path, agent=agent, messages=says("BOTH"), provider_api_keys=keys, log_id=f"{path} keys"
    )
    done = client.agents.continue_call(log_id=called.id, messages=answers(called), provider_api_keys=keys)
    assert KEY not in called.json() + done.json() + json.dumps(log_of(raw, called.id))
    assert KEY.encode() not in stored(server)


def test_what_is_not_to_be_saved_is_answered_and_not_kept(
    server: LiveServer, client: Any, raw: httpx.Client, path: str, adding: dict[str, Any]
) -> None:
    """3.11; what the agent calls is not kept either."""
    agent = {"model": "gpt-4o", "tools": [adding, INLINE]}
    secret = "a-word-that-nobody-keeps"
    called = client.agents.call(
        path=path, agent=agent, messages=[*says("BOTH"), *says(secret)], save=False, inputs={"a": secret}
    )
    assert called.previous_agent_message.tool_calls[0].id == "w"
    assert called.inputs == {"a": secret}
    done = client.agents.continue_call(log_id=called.id, messages=answers(called, secret))
    assert (done.output, len(done.messages)) == ("Both.", 5)
    log = log_of(raw, called.id)
    assert (log["output"], log["messages"], log["inputs"], log["provider_request"]) == (None, None, {}, None)
    assert [one["output"] for one in log["trace_children"]] == [None]
    assert secret.encode() not in stored(server)
    shown = client.agents.call(
        path=path, agent=agent, messages=says("?"), inputs={"a": 1}, return_inputs=False
    )
    assert (shown.inputs, log_of(raw, shown.id)["inputs"]) == ({}, {"a": 1})


def test_a_repeated_call_is_answered_as_it_stands(client: Any, raw: httpx.Client, path: str) -> None:
    """8.24: no model is asked again; another request under the id is refused."""
    agent = {"model": "gpt-4o", "tools": [INLINE]}
    body = {"path": path, "agent": agent, "messages": says("WEATHER"), "log_id": f"{path} once"}
    first = raw.post("/agents/call", json=body).json()
    again = raw.post("/agents/call", json={**body, "include_trace_children": True}).json()
    assert again["previous_agent_message"] == first["previous_agent_message"]
    assert again["agent"]["version_logs_count"] == 1
    heard = list(client.agents.call_stream(**body))
    assert [one.type for one in heard] == ["agent_turn_start", "agent_turn_suspend"]
    assert raw.post("/agents/call", json={**body, "user": "x"}).status_code == 409


def test_a_call_is_a_step_of_a_trace(client: Any, raw: httpx.Client, path: str, adding: Any) -> None:
    """3.12: with everything below it."""
    flow = client.flows.log(path=f"{path} flow", flow={"attributes": {}}, log_status="incomplete")
    agent = {"model": "gpt-4o", "tools": [adding]}
    called = client.agents.call(path=path, agent=agent, messages=says("SUM"), trace_parent_id=flow.id)
    assert (called.trace_parent_id, called.trace_id) == (flow.id, flow.id)
    (child,) = log_of(raw, flow.id)["trace_children"]
    assert (child["id"], child["trace_children"][0]["output"]) == (called.id, "42")
    client.flows.update_log(log_id=flow.id, output="x", log_status="complete")
    body = {"path": path, "messages": says("?"), "trace_parent_id": flow.id}
    assert raw.post("/agents/call", json=body).status_code == 409


def test_who_monitors_an_agent_judges_it_once_it_is_done(
    client: Any, raw: httpx.Client, path: str, home: str
) -> None:
    """2.12, 3.2: not while it is suspended."""
    agent = client.agents.upsert(path=path, model="gpt-4o", tools=[INLINE])
    spec = {
        "arguments_type": "target_free",
        "return_type": "boolean",
        "evaluator_type": "python",
        "code": "def f(log):\n    return 'Fog' in log['output']",
    }
    evaluator = client.evaluators.upsert(path=f"{home}/Judge", spec=spec)
    client.agents.update_monitoring(agent.id, activate=[{"evaluator_version_id": evaluator.version_id}])
    called = client.agents.call(path=path, messages=says("WEATHER"))
    assert log_of(raw, called.id)["evaluator_logs"] == []
    client.agents.continue_call(log_id=called.id, messages=answers(called))
    (judgment,) = until(lambda: log_of(raw, called.id)["evaluator_logs"])
    assert (judgment["judgment"], judgment["error"]) == (True, None)


def test_a_log_that_a_client_left_incomplete_can_be_continued(client: Any, path: str) -> None:
    """The client began the turn by itself."""
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    made = client.agents.log(
        path=path,
        agent={"model": "gpt-4o", "tools": [INLINE]},
        messages=says("WEATHER"),
        output_message={"role": "assistant", "content": None, "tool_calls": [call]},
        log_status="incomplete",
    )
    results = [{"role": "tool", "tool_call_id": "c1", "content": "It is foggy."}]
    done = client.agents.continue_call(log_id=made.id, messages=results)
    assert (done.output, [one.role for one in done.messages]) == ("Fog, then.", ["user", "assistant", "tool"])


def test_what_is_not_there(raw: httpx.Client, client: Any, path: str) -> None:
    agent = client.agents.upsert(path=path, model="gpt-4o")
    prompt = client.prompts.call(path=f"{path} prompt", prompt={"model": "gpt-4o"}, messages=says("?"))
    for wrong in (
        {"path": f"{path} nowhere"},
        {"id": "ag_nowhere"},
        {"id": agent.id, "trace_parent_id": "log_nowhere"},
    ):
        assert raw.post("/agents/call", json={"messages": says("?"), **wrong}).status_code == 404
    for log_id in ("log_nowhere", prompt.id):
        body = {"log_id": log_id, "messages": says("?")}
        assert raw.post("/agents/continue", json=body).status_code == 404
    assert raw.get("/logs", params={"file_id": agent.id}).json()["total"] == 0


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"agent": {"model": "m"}}, ["body", "messages"]),
        ({"agent": {"model": "m", "endpoint": "edit"}, "messages": says("?")}, ["body", "agent"]),
        ({"agent": {"model": "m", "template": "{{a}}"}}, ["body", "inputs", "a"]),
        (
            {"agent": {"model": "m", "tools": [INLINE, INLINE]}, "messages": says("?")},
            ["body", "agent", "tools", 1],
        ),
        (
            {"agent": {"model": "m"}, "messages": [{"role": "tool", "content": "x"}]},
            ["body", "messages", 0, "tool_call_id"],
        ),
        (
            {"agent": {"model": "m"}, "messages": says("?"), "tool_choice": "required"},
            ["body", "tool_choice"],
        ),
        ({"agent": {"model": "m", "max_iterations": 0}, "messages": says("?")}, None),
        ({"agent": {"model": "m"}, "messages": says("?"), "stream": "yes"}, ["body", "stream"]),
    ],
)
def test_what_a_client_does_wrong_is_told(raw: httpx.Client, path: str, body: Any, loc: Any) -> None:
    answer = raw.post("/agents/call", json={"path": path, **body})
    assert answer.status_code == 422
    (item,) = answer.json()["detail"]
    assert loc in (None, item["loc"])
    assert raw.post("/files/retrieve-by-path", json={"path": path}).status_code == 404


def test_a_caller_that_goes_away_leaves_a_log(
    server: LiveServer, raw: httpx.Client, client: Any, path: str
) -> None:
    """4.4."""
    agent = client.agents.upsert(path=path, model="gpt-4o", tools=[INLINE])
    body = {"path": path, "messages": says("SILENT"), "stream": True}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/v5/agents/call", json=body, headers={"X-API-KEY": "any"}, timeout=0.3)

    def done() -> Any:
        found = raw.get("/logs", params={"file_id": agent.id}).json()["records"]
        return found and found[0]["log_status"] == "complete" and found[0]

    log = until(done)
    assert "At last." in (log["output"] or "") or "went away" in log["error"]
