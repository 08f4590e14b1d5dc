"""Evaluators that are prompts: what the model is asked, and what is made of its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from tests.sandbox.box import context

from headrace.backends.evaluators.answer import NoJudgment, judgment_in
from headrace.backends.evaluators.judges import Evaluators
from headrace.backends.sandbox.runners import NoSandbox
from headrace.core.effects import (
    EffectContext,
    EffectFailed,
    Fault,
    ModelProvider,
    ModelReply,
    ModelRequest,
    Usage,
)
from headrace.core.judging import Verdict
from headrace.core.kinds.evaluator import EvaluatorSpec, ReturnType
from headrace.core.placeholders import fill
from headrace.core.template import UnfilledVariable

LOG: dict[str, Any] = {
    "id": "log_1",
    "inputs": {"question": "How far?", "user-id": 7, "deep": {"list": [1, {"x": None}]}},
    "output": "42 {{log.id}}",
    "error": None,
    "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
    "children": [{"id": "log_2", "output": "inner", "children": []}],
}
CASE = {"id": "dp_1", "inputs": {"a": 1}, "target": {"output": "43"}}


class Answering(ModelProvider):
    """Keeps what it is asked, and answers what it was made with."""

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer
        self.requests: list[ModelRequest] = []

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return ModelReply(
            content=[{"text": self.answer}],
            usage=Usage(input_tokens=5, output_tokens=2, cost_usd=0.25),
            provider="test",
            model="m",
            request_id="r",
        )


def spec(template: Any = "{{log.output}}?", return_type: str = "boolean", **members: Any) -> EvaluatorSpec:
    prompt = {"model": "judge-1", "template": template, **members.pop("prompt", {})}
    form = {"arguments_type": "target_free", "return_type": return_type, "evaluator_type": "llm"}
    return msgspec.convert({**form, "prompt": prompt, **members}, EvaluatorSpec)


def judged(
    of: EvaluatorSpec,
    answer: str | Exception = "true",
    *,
    log: Mapping[str, Any] = LOG,
    target: Mapping[str, Any] | None = None,
) -> tuple[Verdict, list[ModelRequest]]:
    models = Answering(answer)
    verdict = asyncio.run(Evaluators(NoSandbox(), models).judge(of, log, target, context()))
    return verdict, models.requests


FILLED: dict[str, str] = {
    "{{log.output}}": "42 {{log.id}}",
    "{{ log.output }}": "42 {{log.id}}",
    "Q: {{log.inputs.question}} A: {{log.output}}": "Q: How far? A: 42 {{log.id}}",
    "{{log.inputs.user-id}}": "7",
    "{{log.inputs.deep.list.0}} {{log.inputs.deep.list[0]}}": "1 1",
    "{{log.inputs.deep.list[-1]}}": '{"x":null}',
    "[{{log.error}}]": "[]",
    "{{log.children}}": '[{"id":"log_2","output":"inner","children":[]}]',
    "{{log.children[0].output}}": "inner",
    "{{log.messages[1].content}}": "Ho",
    '{"a": {{log.inputs.user-id}}}': '{"a": 7}',
    "{{}} {{ }} {{1}} { {log.id} } {{log.id": "{{}} {{ }} {{1}} { {log.id} } {{log.id",
    "": "",
}


@pytest.mark.parametrize("template", FILLED)
def test_a_template_is_filled_with_what_its_paths_lead_to(template: str) -> None:
    assert fill(template, {"log": LOG}) == FILLED[template]


@pytest.mark.parametrize(
    "path",
    ["log.nothing", "log.inputs.question.more", "log.children[1]", "log.children.x", "log.inputs[0]", "other", "log.error.x"],
)  # fmt: skip
def test_a_path_that_leads_nowhere_is_an_error_that_names_it(path: str) -> None:
    with pytest.raises(UnfilledVariable) as caught:
        fill(f"a {{{{{path}}}}}", {"log": LOG})
    assert caught.value.name == path
    verdict, requests = judged(spec(f"a {{{{{path}}}}}"))
    assert (verdict.judgment, requests) == (None, [])
    assert (
        verdict.error
        == f"The evaluator's prompt can't be filled: there is no value for the variable '{path}'."
    )


def test_a_text_is_what_the_user_says() -> None:
    _, (asked,) = judged(spec("Is {{log.inputs.question}} a question?"))
    assert asked == ModelRequest(
        model_id="judge-1",
        messages=[{"role": "user", "content": [{"text": "Is How far? a question?"}]}],
        system=[],
    )


def test_a_conversation_is_asked_as_one() -> None:
    _, (asked,) = judged(
        spec(
            [
                {"role": "system", "content": "You judge."},
                {"role": "user", "content": [{"type": "text", "text": "{{log.output}}"}]},
                {"role": "assistant", "content": "Well"},
                {"role": "developer", "content": "Be strict."},
                {"role": "user", "content": "Say it."},
            ]
        )
    )
    assert [(one["role"], one["content"][0]["text"]) for one in asked.messages] == [
        ("user", "42 {{log.id}}"),
        ("assistant", "Well"),
        ("user", "Say it."),
    ]
    assert asked.system == [{"text": "You judge."}, {"text": "Be strict."}]


def test_a_system_message_alone_is_said_by_the_user() -> None:
    _, (asked,) = judged(spec([{"role": "system", "content": "Is {{log.id}} good?"}]))
    assert asked.messages == [{"role": "user", "content": [{"text": "Is log_1 good?"}]}]
    assert asked.system == []


def test_parameters_go_along() -> None:
    parameters = {
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": "END",
        "seed": 1,
        "presence_penalty": 0.1,
        "response_format": {"type": "json_object"},
        "other": {"logprobs": True},
    }
    _, (asked,) = judged(spec(prompt=parameters))
    assert asked.inference == {"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]}
    assert asked.extra["logprobs"] is True
    assert (asked.extra["seed"], asked.extra["presence_penalty"]) == (1, 0.1)
    assert asked.extra["response_format"]["type"] == "json_object"
    _, (asked,) = judged(spec(prompt={"max_tokens": -1, "stop": ["a", "b"]}))
    assert asked.inference == {"stopSequences": ["a", "b"]}


def test_the_data_point_is_in_scope_where_there_is_one() -> None:
    of = spec("{{testcase.inputs.a}} {{target.output}} {{testcase.target.output}}")
    _, (asked,) = judged(of, target=CASE)
    assert asked.messages[0]["content"] == [{"text": "1 43 43"}]
    verdict, _ = judged(of)
    assert "'testcase.inputs.a'" in (verdict.error or "")


def test_the_prompt_of_a_prompt_s_log_is_in_scope() -> None:
    template = [
        {"role": "system", "content": "Answer {{question}}"},
        {"role": "user", "content": "{{user-id}}"},
    ]
    log = {**LOG, "prompt": {"model": "m", "template": template, "id": "pr_1", "path": "p"}}
    _, (asked,) = judged(spec("{{log_prompt[0].content}} {{log_prompt}}"), log=log)
    said = '[{"role":"system","content":"Answer How far?"},{"role":"user","content":"7"},'
    said += '{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]'
    assert asked.messages[0]["content"] == [{"text": f"Answer How far? {said}"}]
    _, (asked,) = judged(
        spec("{{log_prompt[1].content}}"), log={**log, "prompt": None, "agent": log["prompt"]}
    )
    assert asked.messages[0]["content"] == [{"text": "7"}]
    log = {**LOG, "messages": [], "prompt": {"model": "m", "template": "Just {{question}}"}}
    _, (asked,) = judged(spec("{{log_prompt}}"), log=log)
    assert asked.messages[0]["content"] == [{"text": "Just How far?"}]
    verdict, _ = judged(spec("{{log_prompt}}"))
    assert "'log_prompt'" in (verdict.error or "")


def test_a_template_in_jinja_is_filled_with_the_same() -> None:
    template = (
        "{% for m in log.messages %}{{ m.content }};{% endfor %} {{ testcase.target.output }} "
        "{% if log.error %}failed{% else %}{{ log_prompt }}{% endif %}"
    )
    prompt = {"model": "m", "template": "{{ question.upper() }}", "template_language": "jinja"}
    log = {**LOG, "prompt": prompt}
    _, (asked,) = judged(spec(template, prompt={"template_language": "jinja"}), log=log, target=CASE)
    (said,) = asked.messages[0]["content"]
    assert said["text"].startswith("Hi;Ho; 43 [{")
    assert "HOW FAR?" in said["text"]
    verdict, requests = judged(spec("{% for %}", prompt={"template_language": "jinja"}))
    assert requests == []
    assert (verdict.error or "").startswith("The evaluator's prompt can't be filled: ")


UNASKABLE: dict[str, tuple[EvaluatorSpec, str]] = {
    "no prompt": (msgspec.structs.replace(spec(), prompt=None), "The evaluator has no prompt."),
    "no template": (spec(None), "The evaluator's prompt has no template."),
    "tools": (
        spec(prompt={"tools": [{"name": "t", "description": "d"}]}),
        "An evaluator's prompt can't use tools.",
    ),
    "a tool's message": (
        spec([{"role": "tool", "content": "x"}]),
        "An evaluator's prompt can't have messages of the role `tool`.",
    ),
    "an image": (
        spec([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]),
        "An evaluator's prompt can't have images.",
    ),
}


@pytest.mark.parametrize("name", UNASKABLE)
def test_a_prompt_that_can_t_be_sent_is_a_verdict(name: str) -> None:
    of, error = UNASKABLE[name]
    assert judged(of) == (Verdict(error=error), [])


OPTIONS = [{"name": "Very good"}, {"name": "bad"}, {"name": "so-so."}]
ANSWERS: list[tuple[str, str, Any]] = [
    ("boolean", "true", True),
    ("boolean", "False.", False),
    ("boolean", "It is short.\n\nYes\n\n", True),
    ("boolean", "It is true that it is long.\n**Verdict: FALSE**", False),
    ("boolean", "Answer: `no`", False),
    ("boolean", "PASS", True),
    ("boolean", "0", False),
    ("number", "4", 4),
    ("number", "Reasons: 3 of them.\nScore: -0.5", -0.5),
    ("number", "**1e-3**", 0.001),
    ("number", "5.", 5.0),
    ("number", ".5", 0.5),
    ("select", "bad", "bad"),
    ("select", "I think:\nvery GOOD!", "Very good"),
    ("select", "Verdict: so-so.", "so-so."),
    ("multi_select", "bad, Very good, bad", ["bad", "Very good"]),
    ("multi_select", '["bad", "Very good"]', ["bad", "Very good"]),
    ("multi_select", "[bad, very good]", ["bad", "Very good"]),
    ("multi_select", "[]", []),
    ("text", "\nFirst line.\nSecond: line\n", "First line.\nSecond: line"),
    ("text", "", ""),
]


@pytest.mark.parametrize(("return_type", "text", "expected"), ANSWERS)
def test_the_last_line_is_the_judgment(return_type: str, text: str, expected: Any) -> None:
    verdict, _ = judged(spec(return_type=return_type, options=OPTIONS), text)
    assert verdict.error is None
    assert (verdict.judgment, type(verdict.judgment)) == (expected, type(expected))
    assert verdict.output == text


USELESS = [
    ("boolean", "maybe"),
    ("boolean", "true or false"),
    ("boolean", "true\nI am sure."),
    ("boolean", ""),
    ("number", "four"),
    ("number", "4/5"),
    ("number", "nan"),
    ("number", "1e999999"),
    ("number", "9" * 5000),
    ("select", "good"),
    ("select", "bad, Very good"),
    ("multi_select", "bad, ugly"),
]


@pytest.mark.parametrize(("return_type", "text"), USELESS)
def test_an_answer_without_a_judgment_is_an_error_that_shows_it(return_type: str, text: str) -> None:
    of = spec(return_type=return_type, options=OPTIONS)
    with pytest.raises(NoJudgment):
        judgment_in(text, of)
    verdict, _ = judged(of, text)
    assert (verdict.judgment, verdict.output) == (None, text)
    start = f"The model's answer does not end with a judgment of the type {return_type}, but with:"
    assert (verdict.error or "").startswith(start)
    assert len(verdict.error or "") < 700


def test_a_judgment_outside_the_limits_is_an_error() -> None:
    verdict, _ = judged(spec(return_type="number", number_limits={"min": 1, "max": 5}), "Score: 7")
    assert (verdict.judgment, verdict.error) == (None, "The judgment 7 is above 5.0.")


def test_what_was_said_and_what_it_took_is_kept() -> None:
    verdict, _ = judged(spec("Well?"), "Hm.\ntrue")
    assert verdict.output_message == {"role": "assistant", "content": "Hm.\ntrue"}
    assert verdict.usage == Usage(input_tokens=5, output_tokens=2, cost_usd=0.25)
    assert (verdict.provider_latency_s or -1) >= 0
    assert verdict.provider_request == {
        "model_id": "judge-1",
        "messages": [{"role": "user", "content": [{"text": "Well?"}]}],
    }
    assert verdict.provider_response is not None
    assert verdict.provider_response["content"] == [{"text": "Hm.\ntrue"}]


@pytest.mark.parametrize("fault", [Fault.GATEWAY, Fault.THROTTLED])
def test_a_model_that_does_not_answer_now_may_be_asked_later(fault: Fault) -> None:
    with pytest.raises(EffectFailed, match="down"):
        judged(spec(), EffectFailed("It is down.", resource="Amazon Bedrock", fault=fault))


@pytest.mark.parametrize("fault", [Fault.DEPENDENCY, Fault.DENIED])
def test_a_model_that_will_not_answer_is_a_verdict(fault: Fault) -> None:
    verdict, _ = judged(spec(), EffectFailed("No such model.", resource="Amazon Bedrock", fault=fault))
    assert verdict == Verdict(error="No such model.")


@pytest.mark.parametrize("kind", ReturnType)
def test_every_type_can_be_read(kind: ReturnType) -> None:
    assert any(return_type == kind for return_type, _, _ in ANSWERS)
