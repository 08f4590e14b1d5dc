"""Prompts called through the real client, with a model that answers by a script (humanloop 4.2, 4.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.errors.unprocessable_entity_error import UnprocessableEntityError
from humanloop.types import PromptCallResponse, PromptCallStreamResponse
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.test_judging import until
from tests.contract.humanloop.test_prompt_files import LOCAL

pytestmark = pytest.mark.live

SYSTEM = [{"role": "system", "content": "You know {{topic}}."}]
ASK = [{"role": "user", "content": "What is the capital of France?"}]
KEY = "sk-of-the-caller-0123456789"
ANSWERS = {
    "answers": [
        {"text": "BROKEN", "answer": {"error": {"fault": "dependency", "message": "Context too long."}}},
        {"text": "DENIED", "answer": {"error": {"fault": "denied", "message": "Incorrect API key."}}},
        {"text": "BUSY", "answer": {"error": {"fault": "throttled", "message": "Slow down."}}},
        {"text": "DOWN", "answer": {"error": {"fault": "gateway", "message": "Out to lunch."}}},
        {
            "text": "TWICE",
            "answers": ["One.", {"error": {"fault": "gateway", "message": "Gone."}}],
        },
        {"text": "SLOW", "answer": {"text": "At last.", "delay_s": 3.0}},
        {
            "text": "WEATHER",
            "answer": {
                "content": [{"toolUse": {"toolUseId": "c1", "name": "weather", "input": {"in": "Bern"}}}],
                "stop_reason": "tool_use",
            },
        },
        {"text": "France", "answer": {"text": "Paris, of course.", "input_tokens": 12, "output_tokens": 4}},
        {"answer": "I see."},
    ]
}
WEATHER = {"name": "weather", "description": "How it is.", "parameters": {"type": "object"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose models answer by a script."""
    folder: Path = tmp_path_factory.mktemp("calling")
    (folder / "answers.json").write_text(json.dumps(ANSWERS))
    (folder / "headrace.toml").write_text(
        '[[models.route]]\nmatch = "openai/*"\nprovider = "ci"\n'
        '[[models.route]]\nmatch = "gpt-*"\nprovider = "ci"\n'
        '[[models.price]]\nmatch = "gpt-4o*"\ninput_usd = 1000000.0\noutput_usd = 2000000.0\n'
        '[models.providers.ci]\ntype = "scripted"\nfile = "answers.json"\n'
    )
    settings = {"config": str(folder / "headrace.toml"), "log_level": "error"}
    live = LiveServer(store=f"sqlite:///{folder}/headrace.db", settings=settings).start()
    yield live
    assert live.stop() == 0


def stored(server: LiveServer) -> bytes:
    """All that the server keeps in files."""
    folder = Path(server.store.removeprefix("sqlite:///")).parent
    return b"".join(file.read_bytes() for file in folder.glob("headrace.db*"))


def log_of(raw: httpx.Client, log_id: str) -> dict[str, Any]:
    found: dict[str, Any] = raw.get(f"/logs/{log_id}").json()
    return found


def test_a_prompt_is_called(client: Any, raw: httpx.Client, path: str) -> None:
    """4.4: the answer, and the log of it."""
    prompt = client.prompts.upsert(path=path, model="gpt-4o", provider="openai", template=SYSTEM)
    called = client.prompts.call(
        path=path, inputs={"topic": "cities"}, messages=ASK, user="ann", metadata={"a": 1}, source="sdk"
    )
    assert isinstance(called, PromptCallResponse)
    (answer,) = called.logs
    assert (answer.index, answer.output, answer.finish_reason) == (0, "Paris, of course.", "stop")
    assert (answer.prompt_tokens, answer.output_tokens) == (12, 4)
    assert (answer.prompt_cost, answer.output_cost) == (12.0, 8.0)
    assert (answer.output_message.role, answer.output_message.content) == ("assistant", "Paris, of course.")
    assert (called.log_id, called.prompt.path) == (called.id, path)
    assert called.prompt.version_id == prompt.version_id
    assert (called.inputs, called.user, called.metadata) == ({"topic": "cities"}, "ann", {"a": 1})
    assert [message.content for message in called.messages] == ["What is the capital of France?"]
    log = log_of(raw, called.id)
    assert (log["output"], log["inputs"], log["user"]) == ("Paris, of course.", {"topic": "cities"}, "ann")
    assert log["prompt"]["version_id"] == prompt.version_id
    assert log["provider_request"]["system"] == [{"text": "You know cities."}]
    assert log["provider_request"]["messages"][0]["content"] == [{"text": "What is the capital of France?"}]
    assert log["provider_response"]["provider"] == "ci"
    assert log["start_time"] <= log["end_time"]
    assert log["provider_latency"] >= 0
    assert client.prompts.get(prompt.id).version_logs_count == 1


def test_a_prompt_may_come_with_the_call(client: Any, path: str) -> None:
    """2.6: found or made, and deployed when it is the first."""
    made = client.prompts.call(path=path, prompt={"model": "gpt-4o"}, messages=ASK)
    assert made.prompt.path == path
    assert [one.name for one in made.prompt.environments] == ["production"]
    again = client.prompts.call(path=path, prompt={"model": "gpt-4o", "seed": None}, messages=ASK)
    assert again.prompt.version_id == made.prompt.version_id
    other = client.prompts.call(path=path, prompt={"model": "gpt-4o", "seed": 1}, messages=ASK)
    assert other.prompt.version_id != made.prompt.version_id
    assert client.prompts.get(made.prompt.id).version_id == made.prompt.version_id


def test_a_prompt_may_come_as_the_text_of_a_file(client: Any, path: str) -> None:
    """5.6: what clients with local files send."""
    called = client.prompts.call(path=path, prompt=LOCAL, inputs={"topic": "x"}, messages=ASK)
    assert (called.prompt.path, called.prompt.model) == (path, "gpt-4o-mini")
    assert "Paris" in called.logs[0].output


def test_versions_and_environments_are_chosen(client: Any, raw: httpx.Client, path: str) -> None:
    """2.6."""
    first = client.prompts.upsert(path=path, model="gpt-1")
    second = client.prompts.upsert(path=path, model="gpt-2")
    client.prompts.set_deployment(first.id, "staging", version_id=second.version_id)
    assert client.prompts.call(id=first.id, messages=ASK).prompt.model == "gpt-1"
    staged = client.prompts.call(id=first.id, environment="staging", messages=ASK)
    assert (staged.prompt.model, staged.environment) == ("gpt-2", "staging")
    assert client.prompts.call(version_id=second.version_id, messages=ASK).prompt.model == "gpt-2"
    labelled = raw.post("/prompts/call", json={"id": first.id, "messages": ASK, "environment": "mine"}).json()
    assert labelled["environment"] == "mine"
    with pytest.raises(UnprocessableEntityError):
        client.prompts._call(
            id=first.id, version_id=second.version_id, prompt={"model": "gpt-3"}, messages=ASK
        )


def test_an_answer_is_heard_piece_by_piece(client: Any, raw: httpx.Client, path: str) -> None:
    """4.4: every piece has an output and says what it is of."""
    prompt = client.prompts.upsert(path=path, model="gpt-4o")
    heard = list(client.prompts.call_stream(path=path, messages=ASK))
    assert all(isinstance(piece, PromptCallStreamResponse) for piece in heard)
    assert [piece.output for piece in heard] == ["Paris,", " of", " course.", ""]
    assert {(piece.index, piece.prompt_id, piece.version_id) for piece in heard} == {
        (0, prompt.id, prompt.version_id)
    }
    (log_id,) = {piece.id for piece in heard}
    last = heard[-1]
    assert (last.finish_reason, last.prompt_tokens, last.output_tokens) == ("stop", 12, 4)
    assert last.output_message.content == "Paris, of course."
    assert [piece.finish_reason for piece in heard[:-1]] == [None] * 3
    assert log_of(raw, log_id)["output"] == "Paris, of course."


def test_the_stream_ends_with_the_word_for_it(raw: httpx.Client, client: Any, path: str) -> None:
    """4.4: the TypeScript client stops there."""
    client.prompts.upsert(path=path, model="gpt-4o")
    with raw.stream("POST", "/prompts/call", json={"path": path, "messages": ASK, "stream": True}) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        events = [line for line in answer.iter_lines() if line]
    assert events[-1] == "data: [DONE]"
    keys = {frozenset(json.loads(event.removeprefix("data: "))) for event in events[:-1]}
    assert keys == {frozenset(PromptCallStreamResponse.model_fields)}


def test_several_answers(client: Any, raw: httpx.Client, path: str) -> None:
    client.prompts.upsert(path=path, model="gpt-4o")
    called = client.prompts.call(path=path, messages=ASK, num_samples=3, log_id=f"{path} several")
    assert [one.index for one in called.logs] == [0, 1, 2]
    assert called.id == f"{path} several"
    assert client.prompts.get(called.prompt.id).version_logs_count == 3
    heard = list(client.prompts.call_stream(path=path, messages=ASK, num_samples=2))
    assert {piece.index for piece in heard} == {0, 1}
    assert len({piece.id for piece in heard}) == 2
    for samples in (0, 17):
        answer = raw.post("/prompts/call", json={"path": path, "messages": ASK, "num_samples": samples})
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["body", "num_samples"]


def test_one_of_several_answers_may_fail(client: Any, path: str) -> None:
    client.prompts.upsert(path=path, model="gpt-4o")
    called = client.prompts.call(path=path, messages=[{"role": "user", "content": "TWICE"}], num_samples=2)
    assert sorted((one.output, one.error) for one in called.logs if one.output) == [("One.", None)]
    assert [one.error for one in called.logs if one.error] == ["Gone."]


@pytest.mark.parametrize(
    ("word", "status", "kind", "message"),
    [
        ("BROKEN", 422, "unprocessable_entity_error", "Context too long."),
        ("DENIED", 401, "authentication_error", "Incorrect API key."),
        ("BUSY", 429, "rate_limit_error", "Slow down."),
        ("DOWN", 503, "service_unavailable_error", "Out to lunch."),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_what_a_provider_says_is_told(
    client: Any, raw: httpx.Client, path: str, word: str, status: int, kind: str, message: str, streams: bool
) -> None:
    """0.5: and it is logged."""
    prompt = client.prompts.upsert(path=path, model="gpt-4o", provider="openai")
    messages = [{"role": "user", "content": word}]
    call = client.prompts.call_stream if streams else client.prompts._call
    with pytest.raises(ApiError) as caught:
        list(call(path=path, messages=messages))
    assert caught.value.status_code == status
    body = caught.value.body
    detail = body["detail"] if isinstance(body, dict) else body.detail
    assert detail == {"type": kind, "message": message, "code": status, "origin": "openai"}
    (log,) = raw.get("/logs", params={"file_id": prompt.id}).json()["records"]
    assert (log["output"], log["error"]) == (None, message)


def test_a_model_that_nobody_answers_for(raw: httpx.Client, path: str) -> None:
    answer = raw.post(
        "/prompts/call", json={"path": path, "prompt": {"model": "unheard-of"}, "messages": ASK}
    )
    assert answer.status_code == 422
    assert "Nothing answers for the model `unheard-of`" in answer.json()["detail"]["message"]


def test_missing_inputs_are_refused_before_anything_is_made(raw: httpx.Client, path: str) -> None:
    """4.4."""
    template = [*SYSTEM, {"role": "user", "content": "{{question}} {{topic}} {{given}}"}]
    body = {"path": path, "prompt": {"model": "gpt-4o", "template": template}, "inputs": {"given": 1}}
    answer = raw.post("/prompts/call", json=body)
    assert answer.status_code == 422
    assert [(one["loc"], one["type"]) for one in answer.json()["detail"]] == [
        (["body", "inputs", "topic"], "missing"),
        (["body", "inputs", "question"], "missing"),
    ]
    assert raw.post("/files/retrieve-by-path", json={"path": path}).status_code == 404


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"prompt": {"model": "gpt-4o"}}, ["body", "messages"]),
        ({"prompt": {"model": "gpt-4o", "endpoint": "edit"}, "messages": ASK}, ["body", "prompt"]),
        (
            {"prompt": {"model": "gpt-4o"}, "messages": [{"role": "tool", "content": "x"}]},
            ["body", "messages", 0, "tool_call_id"],
        ),
        (
            {
                "prompt": {"model": "gpt-4o"},
                "messages": [
                    {
                        "role": "assistant",
                        "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{"}}],
                    }
                ],
            },
            ["body", "messages", 0, "tool_calls", 0, "function", "arguments"],
        ),
        (
            {"prompt": {"model": "gpt-4o"}, "messages": ASK, "tool_choice": "required"},
            ["body", "tool_choice"],
        ),
        (
            {
                "prompt": {"model": "gpt-4o", "tools": [WEATHER]},
                "messages": ASK,
                "tool_choice": {"type": "function", "function": {"name": "other"}},
            },
            ["body", "tool_choice"],
        ),
        ({"prompt": {"model": "gpt-4o"}, "messages": ASK, "stream": "yes"}, ["body", "stream"]),
        ({"prompt": {"model": "gpt-4o"}, "messages": ASK, "provider_api_keys": {"openai": 1}}, None),
    ],
)
def test_what_a_client_does_wrong_is_told(raw: httpx.Client, path: str, body: Any, loc: Any) -> None:
    answer = raw.post("/prompts/call", json={"path": path, **body})
    assert answer.status_code == 422
    (item,) = answer.json()["detail"]
    assert loc in (None, item["loc"])
    assert raw.post("/files/retrieve-by-path", json={"path": path}).status_code == 404


def test_what_is_not_there(raw: httpx.Client, client: Any, path: str) -> None:
    prompt = client.prompts.upsert(path=path, model="gpt-4o")
    for wrong in (
        {"path": f"{path} nowhere"},
        {"id": "pr_nowhere"},
        {"id": prompt.id, "trace_parent_id": "log_nowhere"},
    ):
        assert raw.post("/prompts/call", json={"messages": ASK, **wrong}).status_code == 404
    assert raw.post("/prompts/call", json={"messages": ASK}).status_code == 422
    assert raw.get("/logs", params={"file_id": prompt.id}).json()["total"] == 0


def test_tools_are_told_of_and_asked_for(client: Any, raw: httpx.Client, path: str, home: str) -> None:
    """4.4, appendix A: the prompt's own and linked ones."""
    tool = client.tools.upsert(path=f"{home}/add", function={"name": "add", "description": "Adds."})
    client.prompts.upsert(path=path, model="gpt-4o", tools=[WEATHER], linked_tools=[tool.id])
    messages = [{"role": "user", "content": "WEATHER"}]
    called = client.prompts.call(path=path, messages=messages, tool_choice="auto")
    (answer,) = called.logs
    assert (answer.output, answer.finish_reason) == (None, "tool_calls")
    (asked,) = answer.output_message.tool_calls
    assert (asked.id, asked.function.name, asked.function.arguments) == ("c1", "weather", '{"in":"Bern"}')
    sent = log_of(raw, called.id)["provider_request"]["tools"]
    assert [one["toolSpec"]["name"] for one in sent["tools"]] == ["weather", "add"]
    assert sent["toolChoice"] == {"auto": {}}
    answered = [
        *messages,
        {"role": "assistant", "content": None, "tool_calls": [asked.dict()]},
        {"role": "tool", "tool_call_id": "c1", "content": "Fog."},
    ]
    choice = {"type": "function", "function": {"name": "add"}}
    again = client.prompts.call(path=path, messages=answered, tool_choice=choice)
    request = log_of(raw, again.id)["provider_request"]
    assert request["tools"]["toolChoice"] == {"tool": {"name": "add"}}
    assert request["messages"][2] == {
        "role": "user",
        "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "Fog."}]}}],
    }
    none = client.prompts.call(path=path, messages=messages, tool_choice="none")
    assert "tools" not in log_of(raw, none.id)["provider_request"]
    (piece,) = list(client.prompts.call_stream(path=path, messages=messages))
    assert (piece.output, piece.output_message.tool_calls[0].id) == ("", "c1")


def test_keys_are_kept_nowhere(server: LiveServer, client: Any, raw: httpx.Client, path: str) -> None:
    """4.4."""
    client.prompts.upsert(path=path, model="gpt-4o")
    called = client.prompts.call(
        path=path, messages=ASK, provider_api_keys={"openai": KEY}, log_id=f"{path} keys"
    )
    assert KEY not in called.json()
    assert KEY not in json.dumps(log_of(raw, called.id))
    assert KEY.encode() not in stored(server)


def test_what_is_not_to_be_saved_is_answered_and_not_kept(client: Any, raw: httpx.Client, path: str) -> None:
    """3.11."""
    client.prompts.upsert(path=path, model="gpt-4o")
    called = client.prompts.call(path=path, messages=ASK, save=False, inputs={"secret": "x"})
    assert called.logs[0].output == "Paris, of course."
    log = log_of(raw, called.id)
    assert (log["output"], log["messages"], log["inputs"], log["provider_request"]) == (None, None, {}, None)
    assert log["prompt_tokens"] == 12
    kept = client.prompts.call(path=path, messages=ASK, inputs={"a": 1}, return_inputs=False)
    assert kept.inputs == {}
    assert log_of(raw, kept.id)["inputs"] == {"a": 1}


def test_a_repeated_call_is_answered_as_the_first(client: Any, raw: httpx.Client, path: str) -> None:
    """8.24: no model is asked again; another request under the id is refused."""
    client.prompts.upsert(path=path, model="gpt-4o")
    body = {"path": path, "messages": ASK, "log_id": f"{path} once"}
    first = raw.post("/prompts/call", json=body).json()
    again = raw.post("/prompts/call", json={**body, "provider_api_keys": {"openai": "other"}}).json()
    assert again["logs"] == first["logs"]
    assert again["prompt"]["version_logs_count"] == 1
    heard = list(client.prompts.call_stream(**body))
    assert [piece.output for piece in heard] == ["Paris, of course.", ""]
    assert raw.post("/prompts/call", json={**body, "user": "x"}).status_code == 409


def test_a_call_is_a_step_of_a_trace(client: Any, raw: httpx.Client, path: str) -> None:
    """3.12."""
    flow = client.flows.log(path=f"{path} flow", flow={"attributes": {}}, log_status="incomplete")
    called = client.prompts.call(path=path, prompt={"model": "gpt-4o"}, messages=ASK, trace_parent_id=flow.id)
    assert (called.trace_parent_id, called.trace_id) == (flow.id, flow.id)
    (child,) = log_of(raw, flow.id)["trace_children"]
    assert child["id"] == called.id
    client.flows.update_log(log_id=flow.id, output="x", log_status="complete")
    answer = raw.post("/prompts/call", json={"path": path, "messages": ASK, "trace_parent_id": flow.id})
    assert answer.status_code == 409
    assert client.prompts.get(called.prompt.id).version_logs_count == 1


def test_within_a_decorated_flow(client: Any, raw: httpx.Client, path: str) -> None:
    """5.1, 5.7: the client adds the flow's log by itself."""

    @client.flow(path=f"{path} flow")
    def ask() -> str:
        called = client.prompts.call(path=path, prompt={"model": "gpt-4o"}, messages=ASK)
        return str(called.logs[0].output)

    assert ask() == "Paris, of course."
    prompt = client.files.retrieve_by_path(path=path)
    flow = client.files.retrieve_by_path(path=f"{path} flow")
    (log,) = raw.get("/logs", params={"file_id": prompt.id}).json()["records"]
    (above,) = raw.get("/logs", params={"file_id": flow.id}).json()["records"]
    assert log["trace_parent_id"] == above["id"]


def test_who_monitors_a_prompt_judges_its_calls(client: Any, raw: httpx.Client, path: str, home: str) -> None:
    """2.12."""
    prompt = client.prompts.upsert(path=path, model="gpt-4o")
    spec = {
        "arguments_type": "target_free",
        "return_type": "boolean",
        "evaluator_type": "python",
        "code": "def f(log):\n    return 'Paris' in log['output']",
    }
    evaluator = client.evaluators.upsert(path=f"{home}/Judge", spec=spec)
    client.prompts.update_monitoring(prompt.id, activate=[{"evaluator_version_id": evaluator.version_id}])
    called = client.prompts.call(path=path, messages=ASK, save=False)
    (judgment,) = until(lambda: log_of(raw, called.id)["evaluator_logs"])
    assert judgment["judgment"] is True


def test_a_caller_that_goes_away_leaves_a_log(
    server: LiveServer, raw: httpx.Client, client: Any, path: str
) -> None:
    """4.4."""
    prompt = client.prompts.upsert(path=path, model="gpt-4o")
    body = {"path": path, "messages": [{"role": "user", "content": "SLOW"}], "stream": True}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/v5/prompts/call", json=body, headers={"X-API-KEY": "any"}, timeout=0.3)

    def logged() -> Any:
        return raw.get("/logs", params={"file_id": prompt.id}).json()["records"]

    (log,) = until(logged)
    assert log["prompt"]["id"] == prompt.id


def test_calls_at_once_make_one_version(client: Any, raw: httpx.Client, path: str) -> None:
    """8.44."""
    body = {"path": path, "prompt": {"model": "gpt-4o"}, "messages": ASK}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: raw.post("/prompts/call", json=body), range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.json()["prompt"]["version_id"] for answer in answers}) == 1
    assert len({answer.json()["id"] for answer in answers}) == 8


def test_templates_are_filled_without_a_model(client: Any, raw: httpx.Client, path: str) -> None:
    """4.2: populate."""
    template = [*SYSTEM, {"role": "user", "content": [{"type": "text", "text": "{{ one.two }} {{list[0]}}"}]}]
    prompt = client.prompts.upsert(path=path, model="nobody", template=template)
    inputs = {"topic": "a {{b}}", "one": {"two": 2}, "list": [True]}
    filled = client.prompts.populate(prompt.id, request=inputs)
    assert filled.populated_template == [
        {"role": "system", "content": "You know a {{b}}."},
        {"role": "user", "content": [{"type": "text", "text": "2 true"}]},
    ]
    assert (filled.id, filled.template) == (prompt.id, template)
    text = client.prompts.upsert(path=path, model="nobody", template="{{topic}}!", endpoint="complete")
    shown = client.prompts.populate(prompt.id, version_id=text.version_id, request=inputs)
    assert shown.populated_template == "a {{b}}!"
    none = client.prompts.upsert(path=path, model="nobody")
    assert (
        client.prompts.populate(prompt.id, version_id=none.version_id, request={}).populated_template is None
    )
    answer = raw.post(f"/prompts/{prompt.id}/populate", json={"one": {}, "list": [], "topic": None})
    assert answer.status_code == 422
    assert [one["loc"] for one in answer.json()["detail"]] == [
        ["body", "topic"],
        ["body", "one.two"],
        ["body", "list[0]"],
    ]


def test_jinja(client: Any, raw: httpx.Client, path: str) -> None:
    """4.4."""
    template = "{% for city in cities %}{{ city|upper }} {% endfor %}France"
    prompt = client.prompts.upsert(path=path, model="gpt-4o", template=template, template_language="jinja")
    filled = client.prompts.populate(prompt.id, request={"cities": ["Bern", "Rom"]})
    assert filled.populated_template == "BERN ROM France"
    called = client.prompts.call(path=path, inputs={"cities": []})
    assert called.logs[0].output == "Paris, of course."
    broken = {"model": "gpt-4o", "template": "{% if %}", "template_language": "jinja"}
    answer = raw.post("/prompts/call", json={"path": f"{path} broken", "prompt": broken})
    assert answer.status_code == 422
    (item,) = answer.json()["detail"]
    assert (item["loc"], item["type"]) == (["body", "inputs"], "template")


def test_a_reader_may_fill_and_not_call(make_server: Any) -> None:
    from tests.contract.humanloop.conftest import issue_key

    live = make_server()
    editor, reader = (
        live.humanloop(issue_key(live, email=f"{right}@example.org", right=right))
        for right in ("editor", "reader")
    )
    prompt = editor.prompts.upsert(path="p", model="m", template="{{a}}")
    assert reader.prompts.populate(prompt.id, request={"a": "b"}).populated_template == "b"
    with pytest.raises(ApiError) as caught:
        reader.prompts._call(path="p", inputs={"a": "b"})
    assert caught.value.status_code == 401


def test_what_is_wrong_is_a_text_a_list_or_an_object(client: Any, raw: httpx.Client, path: str) -> None:
    """8.43: of most errors, of what breaks the schema, of what a provider says."""
    prompt = client.prompts.upsert(path=path, model="gpt-4o", provider="openai", version_name="taken")
    denied = [{"role": "user", "content": "DENIED"}]
    taken = {"path": path, "model": "gpt-5", "version_name": "taken"}
    answers = {
        404: raw.get("/prompts/pr_nothing"),
        409: raw.post("/prompts", json=taken),
        422: raw.post("/prompts/call", json={"path": path, "messages": "none"}),
        401: raw.post("/prompts/call", json={"id": prompt.id, "messages": denied}),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {one: one for one in answers}
    details = {status: answer.json()["detail"] for status, answer in answers.items()}
    assert [type(details[status]) for status in (404, 409, 422, 401)] == [str, str, list, dict]
    assert all(answer.json().keys() == {"detail"} for answer in answers.values())
    assert all(one.keys() == {"loc", "msg", "type"} for one in details[422])
    assert details[401].keys() == {"type", "message", "code", "origin"}
