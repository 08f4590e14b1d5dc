"""Agents of this process: a real loop of scripted answers and real tools."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.backends.things import context, failure, with_effects

from headrace.core.effects import Effects, Fault, Usage

T = TypeVar("T")
ALIAS = "arn:aws:bedrock:us-east-1:123456789012:agent-alias/AGENT12345/ALIAS12345"
CONFIG = """
    [handlers]
    path = ["."]
    [models.providers.ci]
    type = "scripted"
    file = "answers.json"
    [[models.route]]
    match = "acme.*"
    provider = "ci"
    [[models.price]]
    match = "acme.*"
    input_usd = 1.0
    output_usd = 1.0
    [[agents.route]]
    type = "local"
    match = "*/AGENT12345/*"
    model = "acme.m-1"
    instructions = "Look up orders."
    max_turns = 3
    [[agents.route.tools]]
    name = "order"
    handler = "own_tools:order"
    description = "An order by its number."
    schema = {type = "object", properties = {number = {type = "integer"}}}
"""
TOOLS = """
    seen = []
    def order(arguments, context):
        seen.append(arguments)
        return {"state": ["open", "sent"][arguments["number"]]}
"""


def use(name: str, id: str = "c1", **arguments: Any) -> dict[str, Any]:
    """A call of a tool."""
    return {"toolUse": {"toolUseId": id, "name": name, "input": arguments}}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "own_tools.py").write_text(textwrap.dedent(TOOLS))
    yield tmp_path
    sys.modules.pop("own_tools", None)
    if str(tmp_path) in sys.path:
        sys.path.remove(str(tmp_path))


def with_answers(folder: Path, *answers: Any, act: Callable[[Effects], Coroutine[Any, Any, T]]) -> T:
    """What ``act`` returns while the model gives these answers."""
    said = [
        one
        if isinstance(one, str)
        else {"content": one, "stop_reason": "tool_use", "input_tokens": 5, "output_tokens": 1}
        for one in answers
    ]
    (folder / "answers.json").write_text(json.dumps({"answers": [{"answers": said}]}))
    return with_effects(CONFIG, act, folder=folder)


def test_an_agent_uses_its_tools_and_answers(folder: Path) -> None:
    async def act(effects: Effects) -> Any:
        return await effects.agents.invoke(ALIAS, "Where is order 1?", context())

    reply = with_answers(folder, [{"text": "Let me see."}, use("order", number=1)], "It was sent.", act=act)
    assert (reply.text, reply.asks) == ("It was sent.", False)
    assert reply.usage == Usage(input_tokens=5, output_tokens=1, cost_usd=6e-6)
    assert sys.modules["own_tools"].seen == [{"number": 1}]


def test_the_result_of_a_tool_and_its_failure_are_for_the_model_to_read(folder: Path) -> None:
    recorded = CONFIG.replace('provider = "ci"', 'provider = "tape"') + (
        '\n[models.providers.tape]\ntype = "record"\nprovider = "ci"\nfolder = "tape"\n'
    )
    cut_off = {"toolUse": {"toolUseId": "c4", "name": "order", "input": '{"numb'}}
    asked = [use("order", number=0), use("order", "c2", number=9), use("none", "c3"), cut_off]
    said = [{"content": asked}, "Done."]
    (folder / "answers.json").write_text(json.dumps({"answers": [{"answers": said}]}))

    async def act(effects: Effects) -> Any:
        known = {"tier": "gold", "limits": {"n": 1}}
        return await effects.agents.invoke(ALIAS, "Orders?", context(), prompt_attributes=known)

    assert with_effects(recorded, act, folder=folder).text == "Done."
    requests = [json.loads(path.read_bytes())["request"] for path in (folder / "tape").iterdir()]
    last = max(requests, key=lambda request: len(request["messages"]))
    results = [block["toolResult"] for block in last["messages"][-1]["content"]]
    assert results[0] == {"toolUseId": "c1", "content": [{"text": '{"state":"open"}'}]}
    assert results[1]["status"] == results[2]["status"] == results[3]["status"] == "error"
    assert "IndexError" in results[1]["content"][0]["text"]
    assert "no tool none" in results[2]["content"][0]["text"]
    assert "JSON object" in results[3]["content"][0]["text"]
    assert last["system"][0]["text"] == 'Look up orders.\n\nWhat is known:\ntier: gold\nlimits: {"n":1}'
    assert [tool["toolSpec"]["name"] for tool in last["tools"]["tools"]] == ["order", "ask_user"]


def test_a_question_pauses_and_its_answer_goes_on(folder: Path) -> None:
    async def act(effects: Effects) -> Any:
        first = await effects.agents.invoke(ALIAS, "My order?", context())
        second = await effects.agents.invoke(ALIAS, "Number 0", context(), memory=first.memory)
        return first, second

    asked = [use("order", number=1), use("ask_user", "c2", question="Which one?"), use("ask_user", "c3")]
    first, second = with_answers(folder, asked, "It is open.", act=act)
    assert (first.text, first.asks) == ("Which one?", True)
    assert (second.text, second.asks) == ("It is open.", False)


def test_an_agent_knows_what_it_is_given_to_remember_and_nothing_else(folder: Path) -> None:
    (folder / "answers.json").write_text(
        json.dumps(
            {"answers": [{"text": "blue(.|\n)*colour", "answer": "Blue."}, {"answer": "I don't know."}]}
        )
    )

    async def tell(effects: Effects) -> str | None:
        return (await effects.agents.invoke(ALIAS, "I like blue", context())).memory

    memory = with_effects(CONFIG, tell, folder=folder)

    async def ask(effects: Effects) -> list[str]:
        given = (memory, None)
        return [
            (await effects.agents.invoke(ALIAS, "Which colour?", context(), memory=one)).text for one in given
        ]

    assert with_effects(CONFIG, ask, folder=folder) == ["Blue.", "I don't know."]


def test_an_agent_that_comes_to_no_end(folder: Path) -> None:
    async def act(effects: Effects) -> Any:
        return await effects.agents.invoke(ALIAS, "Go", context())

    answers = [[use("order", number=0)]] * 3
    failure(lambda: with_answers(folder, *answers, act=act), Fault.DEPENDENCY, match="max_turns")


def test_an_agent_that_is_too_slow(folder: Path) -> None:
    (folder / "answers.json").write_text('{"answers": [{"answer": {"text": "slow", "delay_s": 60}}]}')

    async def act(effects: Effects) -> Any:
        return await effects.agents.invoke(ALIAS, "Go", context(timeout_s=0.05))

    failure(lambda: with_effects(CONFIG, act, folder=folder), Fault.GATEWAY, match="within 0.05 s")


def test_an_agent_that_nothing_is_mapped_to_says_how(folder: Path) -> None:
    async def act(effects: Effects) -> Any:
        return await effects.agents.invoke(ALIAS, "Go", context())

    failure(lambda: with_effects("", act, folder=folder), Fault.DEPENDENCY, match=r"\[\[agents.route\]\]")
