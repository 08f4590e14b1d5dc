"""The router, the scripted provider, records, the echo."""

from __future__ import annotations

import asyncio
import json
import os
import textwrap
from pathlib import Path
from typing import Any

import pytest
from tests.backends.things import ask, context, converse, failure, with_effects

from headrace.core.effects import Effects, Fault, Usage

SCRIPTED = """
    [models.providers.ci]
    type = "scripted"
    file = "answers.yaml"
    [[models.route]]
    match = "*"
    provider = "ci"
"""


def write(path: Path, text: str) -> None:
    """A file that differs from the one before in its time, however fast the test is."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(textwrap.dedent(text))
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_a_model_that_nothing_is_mapped_to_says_how_to_map_it(tmp_path: Path) -> None:
    model = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.acme.m-1:0"
    failed = failure(lambda: converse("", ask(model_id=model), folder=tmp_path), Fault.DEPENDENCY)
    assert model in failed.message
    assert '[[models.route]] match = "acme.m-1:0", provider = "…"' in failed.message
    assert "HEADRACE_CONFIG" in failed.message


@pytest.mark.parametrize(
    "model",
    [
        "acme.m-1",
        "us.acme.m-1",
        "global.acme.m-1",
        "arn:aws:bedrock:us-east-1::foundation-model/acme.m-1",
        "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.acme.m-1",
    ],
)
def test_a_pattern_fits_every_way_to_name_a_model(model: str, tmp_path: Path) -> None:
    config = '[[models.route]]\nmatch = "acme.*"\nprovider = "echo"\nmodel = "loud"'
    reply = converse(config, ask("Hi", model_id=model), folder=tmp_path)
    assert reply.text == "[echo of loud] Hi"
    assert reply.usage == Usage()


def test_the_first_route_that_fits_decides(tmp_path: Path) -> None:
    config = """
        models.route = [
            {match = "us.*", provider = "echo", model = "first"},
            {match = "*", provider = "echo", model = "second"},
        ]
    """
    assert "first" in converse(config, ask(model_id="us.acme.m-1"), folder=tmp_path).text
    assert "second" in converse(config, ask(model_id="acme.m-1"), folder=tmp_path).text


def test_answers_are_chosen_by_node_model_and_text(tmp_path: Path) -> None:
    write(
        tmp_path / "answers.yaml",
        """
        answers:
          - {node: "Class*", text: "(?i)refund", answer: billing}
          - {node: "Class*", answer: other}
          - {model: "acme.*", answer: {text: priced, input_tokens: 3, output_tokens: 2}}
        """,
    )
    assert converse(SCRIPTED, ask("a REFUND"), folder=tmp_path, node="Classify").text == "billing"
    assert converse(SCRIPTED, ask("hello"), folder=tmp_path, node="Classify").text == "other"
    assert converse(SCRIPTED, ask(), folder=tmp_path).usage == Usage(input_tokens=3, output_tokens=2)


def test_what_has_no_answer_names_the_node_and_the_prompt(tmp_path: Path) -> None:
    write(tmp_path / "answers.yaml", "answers: [{node: Other, answer: nothing}]")
    failed = failure(lambda: converse(SCRIPTED, ask("Why?"), folder=tmp_path), Fault.DEPENDENCY)
    assert "`Ask`" in failed.message
    assert "Why?" in failed.message


@pytest.mark.parametrize("fault", list(Fault))
def test_a_script_fails_as_it_is_told(fault: Fault, tmp_path: Path) -> None:
    script = {"answers": [{"answer": {"error": {"fault": fault.value, "message": "as told"}}}]}
    write(tmp_path / "answers.yaml", json.dumps(script))
    failure(lambda: converse(SCRIPTED, ask(), folder=tmp_path), fault, match="as told")


def test_answers_follow_each_other_in_each_execution(tmp_path: Path) -> None:
    write(tmp_path / "answers.yaml", "answers: [{answers: [one, {error: {fault: throttled}}, three]}]")

    async def use(effects: Effects) -> list[str]:
        said = []
        for execution in ("a", "a", "b", "a", "a"):
            try:
                said.append((await effects.models.converse(ask(), context(execution=execution))).text)
            except Exception as error:
                said.append(str(error))
        return said

    said = with_effects(SCRIPTED, use, folder=tmp_path)
    assert said[:4] == ["one", "The script says so.", "one", "three"]
    assert "answer number 4" in said[4]


def test_answers_may_go_on_over_all_executions(tmp_path: Path) -> None:
    write(tmp_path / "answers.yaml", "answers: [{answers: [one, two], per: server}]")

    async def use(effects: Effects) -> list[str]:
        return [
            (await effects.models.converse(ask(), context(execution=execution))).text for execution in "ab"
        ]

    assert with_effects(SCRIPTED, use, folder=tmp_path) == ["one", "two"]


def test_a_script_can_be_changed_while_it_runs(tmp_path: Path) -> None:
    async def use(effects: Effects) -> list[str]:
        said = []
        for answer in ("before", "later!"):  # as long as each other: the time tells
            write(tmp_path / "answers.yaml", f"answers: [{{answer: {answer}}}]")
            said.append((await effects.models.converse(ask(), context())).text)
        return said

    assert with_effects(SCRIPTED, use, folder=tmp_path) == ["before", "later!"]


@pytest.mark.parametrize(
    ("script", "rule"),
    [
        ("answers: [{answer: a, answers: [b]}]", "either answer or answers"),
        ("answers: [{answer: {text: a, error: {}}}]", "one of text, content, error"),
        ('answers: [{text: "(", answer: a}]', "no regular expression"),
        ("answers: [{nod: X, answer: a}]", "unknown field `nod`"),
        ("answers: [", "no YAML"),
        ("answers: [{answer: {error: {fault: bad}}}]", "Invalid enum value"),
    ],
)
def test_a_script_that_breaks_a_rule_is_named_with_it(script: str, rule: str, tmp_path: Path) -> None:
    write(tmp_path / "answers.yaml", script)
    failed = failure(lambda: converse(SCRIPTED, ask(), folder=tmp_path), Fault.DEPENDENCY, match=rule)
    assert "answers.yaml" in failed.message


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    failure(lambda: converse(SCRIPTED, ask(), folder=tmp_path), Fault.DEPENDENCY, match="No such file")


def test_a_slow_answer_is_not_waited_for_too_long(tmp_path: Path) -> None:
    write(tmp_path / "answers.yaml", "answers: [{answer: {text: slow, delay_s: 60}}]")
    call = lambda: converse(SCRIPTED, ask(), folder=tmp_path, timeout_s=0.05)  # noqa: E731
    failure(call, Fault.GATEWAY, match="within 0.05 s")


RECORDING = """
    [models.providers.ci]
    type = "scripted"
    file = "answers.yaml"
    [models.providers.tape]
    type = "record"
    provider = "ci"
    folder = "tape"
    [models.providers.player]
    type = "replay"
    folder = "tape"
    [[models.route]]
    match = "{match}"
    provider = "tape"
    [[models.route]]
    match = "*"
    provider = "player"
"""


def test_what_was_recorded_is_replayed(tmp_path: Path) -> None:
    write(tmp_path / "answers.yaml", "answers: [{answer: {text: real, input_tokens: 5}}]")
    recorded = converse(RECORDING.format(match="*"), ask("Q"), folder=tmp_path)
    (tmp_path / "answers.yaml").unlink()
    config = RECORDING.format(match="none")
    assert converse(config, ask("Q"), folder=tmp_path) == recorded
    assert converse(RECORDING.format(match="*"), ask("Q"), folder=tmp_path) == recorded  # asked no more
    failed = failure(lambda: converse(config, ask("Other"), folder=tmp_path), Fault.DEPENDENCY)
    assert "`Ask`" in failed.message
    assert "Other" in failed.message
    different: list[dict[str, Any]] = [{"inference": {"maxTokens": 1}}, {"system": [{"text": "S"}]}]
    for others in different:
        failure(lambda o=others: converse(config, ask("Q", **o), folder=tmp_path), Fault.DEPENDENCY)  # type: ignore[misc]


def test_a_record_that_was_spoilt_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "answers.yaml", "answers: [{answer: real}]")
    converse(RECORDING.format(match="*"), ask("Q"), folder=tmp_path)
    (record,) = (tmp_path / "tape").iterdir()
    record.write_text("{")
    config = RECORDING.format(match="none")
    failure(lambda: converse(config, ask("Q"), folder=tmp_path), Fault.DEPENDENCY, match=record.name)


def test_many_calls_at_once_are_all_answered(tmp_path: Path) -> None:
    write(tmp_path / "answers.yaml", "answers: [{answer: same}]")

    async def use(effects: Effects) -> set[str]:
        calls = (effects.models.converse(ask(), context(execution=str(n))) for n in range(200))
        return {reply.text for reply in await asyncio.gather(*calls)}

    assert with_effects(SCRIPTED, use, folder=tmp_path) == {"same"}
