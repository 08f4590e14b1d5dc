"""Evaluators that monitor a file judge its logs by themselves (humanloop 2.12, 2.13, 3.7, 3.8)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer

WITHIN_S = 60
EVERY_S = 0.05
QUESTION = "Is it long: yes or no."

ANSWERS = {
    "answers": [
        {"text": "BROKEN", "answer": {"error": {"fault": "dependency", "message": "No such deployment."}}},
        {
            "text": "RELUCTANT",
            "answers": [
                {"error": {"fault": "throttled", "message": "Slow down."}},
                {"error": {"fault": "gateway", "message": "Out to lunch."}},
                {"text": "At last.\nVerdict: true", "input_tokens": 9, "output_tokens": 4},
            ],
            "per": "server",
        },
        {"text": "VAGUE", "answer": "Who knows?"},
        {
            "text": f"{QUESTION} A long answer",
            "answer": {"text": "true", "input_tokens": 9, "output_tokens": 1},
        },
        {"text": QUESTION, "answer": {"text": "Let me see.\n\nfalse", "input_tokens": 9, "output_tokens": 5}},
    ]
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose models answer by a script."""
    folder: Path = tmp_path_factory.mktemp("judging")
    (folder / "answers.json").write_text(json.dumps(ANSWERS))
    (folder / "headrace.toml").write_text(
        '[[models.route]]\nmatch = "judge-*"\nprovider = "ci"\n'
        '[models.providers.ci]\ntype = "scripted"\nfile = "answers.json"\n'
    )
    settings = {"config": str(folder / "headrace.toml"), "log_level": "error"}
    live = LiveServer(store=f"sqlite:///{folder}/headrace.db", settings=settings).start()
    yield live
    assert live.stop() == 0


def until(found: Callable[[], Any], *, within_s: float = WITHIN_S) -> Any:
    """What is found, as soon as it is found."""
    end = time.monotonic() + within_s
    while not (value := found()):
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(EVERY_S)
    return value


def python(code: str, return_type: str = "boolean", **members: Any) -> dict[str, Any]:
    return {
        "arguments_type": "target_free",
        "return_type": return_type,
        "evaluator_type": "python",
        "code": code,
        **members,
    }


def llm(template: str, return_type: str = "boolean") -> dict[str, Any]:
    prompt = {"model": "judge-1", "template": template}
    return {
        "arguments_type": "target_free",
        "return_type": return_type,
        "evaluator_type": "llm",
        "prompt": prompt,
    }


IS_LONG = python("def f(log):\n    print('seen', log['id'])\n    return len(log['output'] or '') > 5")


def _with_attributes(value: Any) -> Any:
    return json.loads(json.dumps(value), object_hook=lambda members: SimpleNamespace(**members))


class Desk:
    """A flow and its evaluators, in a directory of the test's own."""

    def __init__(self, client: Any, raw: httpx.Client, home: str) -> None:
        self.client = client
        self.raw = raw
        self.home = home
        self.flow = client.flows.upsert(path=f"{home}/Flow", attributes={"of": home})

    def evaluator(self, spec: dict[str, Any], name: str = "Judge") -> Any:
        return self.client.evaluators.upsert(path=f"{self.home}/{name}", spec=spec)

    def monitored(self, spec: dict[str, Any], name: str = "Judge") -> Any:
        evaluator = self.evaluator(spec, name)
        self.activate(evaluator)
        return evaluator

    def activate(self, evaluator: Any) -> None:
        self.client.flows.update_monitoring(
            self.flow.id, activate=[{"evaluator_version_id": evaluator.version_id}]
        )

    def log(self, output: str | None = None, status: str = "complete", **members: Any) -> str:
        made = self.client.flows.log(id=self.flow.id, output=output, log_status=status, **members)
        return str(made.id)

    def judgments(self, log_id: str) -> list[Any]:
        """The SDK gives one log as a plain dict (humanloop 0.6)."""
        return [_with_attributes(one) for one in self.client.logs.get(log_id)["evaluator_logs"]]

    def judged(self, log_id: str, count: int = 1) -> list[Any]:
        """The judgments on a log once there are so many, and nothing more waits."""
        until(lambda: len(self.judgments(log_id)) >= count)
        self.settle()
        found = self.judgments(log_id)
        assert len(found) == count
        return found

    def verdict(self, log_id: str) -> Any:
        return self.judged(log_id)[0]

    def settle(self) -> None:
        """Until no work waits."""
        until(self.is_idle)

    def is_idle(self) -> bool:
        ready = httpx.get(str(self.raw.base_url.join("/readyz"))).json()
        return bool(ready["waiting_jobs"] == 0)


@pytest.fixture
def desk(client: Any, raw: httpx.Client, home: str) -> Desk:
    return Desk(client, raw, home)


def test_a_flow_s_log_is_judged_when_it_is_complete(desk: Desk) -> None:
    evaluator = desk.monitored(IS_LONG)
    log_id = desk.log(status="incomplete", output="quite long")
    desk.settle()
    assert desk.judgments(log_id) == []
    desk.client.flows.update_log(log_id, log_status="complete")
    verdict = desk.verdict(log_id)
    assert (verdict.judgment, verdict.error, verdict.stdout) == (True, None, f"seen {log_id}\n")
    assert (verdict.parent_id, verdict.evaluator.version_id) == (log_id, evaluator.version_id)
    assert verdict.start_time <= verdict.end_time
    assert [one.id for one in desk.client.logs.list(file_id=evaluator.id)] == [verdict.id]


def test_a_log_that_comes_in_complete_is_judged_at_once(desk: Desk) -> None:
    desk.monitored(IS_LONG)
    assert desk.verdict(desk.log("short")).judgment is False
    assert desk.verdict(desk.log("quite long")).judgment is True
    (version,) = desk.client.flows.list_versions(desk.flow.id, evaluator_aggregates=True).records
    (aggregate,) = version.evaluator_aggregates
    assert aggregate.value == 0.5


def test_changing_a_complete_log_has_it_judged_again_in_place_of_before(desk: Desk) -> None:
    desk.monitored(IS_LONG)
    log_id = desk.log("short")
    before = desk.verdict(log_id)
    desk.client.flows.update_log(log_id, output="not so short any more")
    after = until(lambda: [one for one in desk.judgments(log_id) if one.judgment])
    assert len(after) == 1
    assert before.id not in [one.id for one in desk.judged(log_id)]
    (version,) = desk.client.flows.list_versions(desk.flow.id, evaluator_aggregates=True).records
    assert [one.value for one in version.evaluator_aggregates] == [1.0]


def test_a_posted_judgment_stays_beside_the_automatic_one(desk: Desk) -> None:
    evaluator = desk.monitored(IS_LONG)
    log_id = desk.log("short")
    desk.verdict(log_id)
    desk.client.evaluators.log(parent_id=log_id, id=evaluator.id, judgment=True)
    assert sorted(one.judgment for one in desk.judged(log_id, 2)) == [False, True]


def test_an_environment_s_evaluator_is_what_is_deployed_there_now(
    desk: Desk, environments: dict[str, str]
) -> None:
    first = desk.evaluator(python("def f(log):\n    return 1", "number"))
    environment = environments["production"]
    desk.client.flows.update_monitoring(
        desk.flow.id, activate=[{"evaluator_id": first.id, "environment_id": environment}]
    )
    assert desk.verdict(desk.log("x")).judgment == 1
    second = desk.evaluator(python("def f(log):\n    return 2", "number"))
    desk.client.evaluators.set_deployment(second.id, environment, version_id=second.version_id)
    verdict = desk.verdict(desk.log("x"))
    assert (verdict.judgment, verdict.evaluator.version_id) == (2, second.version_id)
    desk.client.evaluators.remove_deployment(second.id, environment)
    log_id = desk.log("x")
    desk.settle()
    assert desk.judgments(log_id) == []


def test_a_boolean_is_one_on_the_wire(desk: Desk) -> None:
    """0.6: clients tell a number from a boolean, and code may count."""
    desk.monitored(python("def f(log):\n    return 1"))
    assert desk.verdict(desk.log("x")).judgment is True


def test_every_evaluator_judges_for_itself(desk: Desk) -> None:
    desk.monitored(IS_LONG, "Long")
    desk.monitored(python("def f(log):\n    return 'x'", "text"), "Text")
    desk.monitored(python("def f(log):\n    return 1 / 0"), "Broken")
    found = {one.evaluator.name: one for one in desk.judged(desk.log("quite long"), 3)}
    assert (found["Long"].judgment, found["Text"].judgment, found["Broken"].judgment) == (True, "x", None)
    assert found["Broken"].error == "ZeroDivisionError: division by zero (line 2)"


def test_code_sees_the_log_as_clients_do_with_all_that_is_below_it(desk: Desk) -> None:
    code = (
        "import json\n"
        "def f(log):\n"
        "    inner = log['children'][0]\n"
        "    deep = inner['children'][0]\n"
        "    assert log['trace_children'][0]['trace_children'][0]['id'] == deep['id']\n"
        "    assert deep['children'] == [] and log['evaluator_logs'] == []\n"
        "    return json.dumps([log['inputs'], log['flow']['attributes'], inner['output'], deep['inputs'],\n"
        "                       log['start_time'] <= log['end_time'], log['error'], log['log_status']])\n"
    )
    desk.monitored(python(code, "text"))
    log_id = desk.log(status="incomplete", inputs={"q": [1, {"a": None}]}, output="done")
    inner = desk.client.flows.log(
        path=f"{desk.home}/Inner", trace_parent_id=log_id, output="inner", log_status="incomplete"
    )
    desk.client.tools.log(
        path=f"{desk.home}/Tool",
        tool={"function": {"name": "t", "description": "d"}},
        trace_parent_id=inner.id,
        inputs={"x": 1.5},
        output="deep",
    )
    desk.client.flows.update_log(log_id, log_status="complete")
    seen = json.loads(desk.verdict(log_id).judgment)
    assert seen == [{"q": [1, {"a": None}]}, {"of": desk.home}, "inner", {"x": 1.5}, True, None, "complete"]


def test_a_prompt_s_log_is_judged_as_soon_as_it_is_there(desk: Desk) -> None:
    evaluator = desk.evaluator(python("def f(log):\n    return log['prompt_tokens']", "number"))
    prompt = desk.client.prompts.upsert(path=f"{desk.home}/Prompt", model="m", template="Hi")
    desk.client.prompts.update_monitoring(
        prompt.id, activate=[{"evaluator_version_id": evaluator.version_id}]
    )
    at_once = desk.client.prompts.log(id=prompt.id, output="Ho", prompt_tokens=3)
    assert desk.verdict(at_once.id).judgment == 3
    later = desk.client.prompts.log(id=prompt.id, prompt_tokens=4, log_status="incomplete")
    desk.settle()
    assert desk.judgments(later.id) == []
    desk.client.prompts.update_log(prompt.id, later.id, output="Ho", log_status="complete")
    assert desk.verdict(later.id).judgment == 4


ERRORS = {
    "import numpy\ndef f(log):\n    return True": "ModuleNotFoundError: No module named 'numpy' (line 1). Evaluators have",
    "def f(log):\n    return 'no truth'": "The judgment 'no truth' is neither true nor false.",
    "def f(log, target):\n    return True": "TypeError: f() missing 1 required positional argument: 'target'",
    "x = 1": "NameError: the code defines no function at its top level",
    "import socket\ndef f(log):\n    socket.socket()": "PermissionError",
}


@pytest.mark.parametrize("code", ERRORS)
def test_what_goes_wrong_is_an_error_and_no_judgment(desk: Desk, code: str) -> None:
    desk.monitored(python(code))
    verdict = desk.verdict(desk.log("x"))
    assert verdict.judgment is None
    assert verdict.error.startswith(ERRORS[code])
    (version,) = desk.client.flows.list_versions(desk.flow.id, evaluator_aggregates=True).records
    assert version.evaluator_aggregates == []


def test_one_that_requires_a_target_does_without_if_it_can(desk: Desk) -> None:
    desk.monitored(python("def f(log):\n    return True", arguments_type="target_required"))
    assert desk.verdict(desk.log("x")).judgment is True


@pytest.mark.parametrize("kind", ["human", "external"])
def test_people_and_clients_are_not_run(desk: Desk, kind: str) -> None:
    spec = {"arguments_type": "target_free", "return_type": "text", "evaluator_type": kind}
    evaluator = desk.monitored(spec, "Somebody")
    desk.monitored(IS_LONG)
    log_id = desk.log("x")
    assert desk.verdict(log_id).evaluator.name == "Judge"
    desk.client.evaluators.log(parent_id=log_id, id=evaluator.id, judgment="fine")
    assert {one.judgment for one in desk.judged(log_id, 2)} == {False, "fine"}


def test_one_that_was_deactivated_judges_no_more(desk: Desk) -> None:
    evaluator = desk.monitored(IS_LONG)
    desk.verdict(desk.log("x"))
    desk.client.flows.update_monitoring(
        desk.flow.id, deactivate=[{"evaluator_version_id": evaluator.version_id}]
    )
    log_id = desk.log("x")
    desk.settle()
    assert desk.judgments(log_id) == []
    desk.activate(evaluator)
    desk.client.flows.update_log(log_id, output="quite long")
    assert desk.verdict(log_id).judgment is True


def test_a_log_that_is_deleted_takes_its_judgments_along(desk: Desk) -> None:
    evaluator = desk.monitored(
        python(
            "import time\ndef f(log):\n    time.sleep(0.5 if log['output'] == 'slow' else 0)\n    return True"
        )
    )
    quick, slow = desk.log("quick"), desk.log("slow")
    desk.verdict(quick)
    desk.client.logs.delete(id=[quick, slow])
    desk.settle()
    assert list(desk.client.logs.list(file_id=evaluator.id)) == []


def test_an_evaluator_that_is_deleted_judges_no_more(desk: Desk) -> None:
    slow = desk.monitored(python("import time\ndef f(log):\n    time.sleep(0.5)\n    return True"), "Slow")
    log_id = desk.log("x")
    desk.client.evaluators.delete(slow.id)
    desk.settle()
    assert desk.judgments(log_id) == []


def test_judgments_are_judged_but_not_in_circles(desk: Desk) -> None:
    evaluators = desk.client.evaluators
    first, second = (
        desk.monitored(IS_LONG, "First"),
        desk.evaluator(python("def f(log):\n    return True"), "Second"),
    )
    for file, judge in ((first, second), (second, first), (first, first)):
        evaluators.update_monitoring(file.id, activate=[{"evaluator_version_id": judge.version_id}])
    log_id = desk.log("x")
    verdict = desk.verdict(log_id)
    on_first = {one.evaluator.name for one in desk.judgments(verdict.id)}
    assert on_first == {"First", "Second"}
    desk.settle()
    made = [len(list(desk.client.logs.list(file_id=one.id))) for one in (first, second)]
    assert made == [3, 1], "the judgment on the log, on itself, and on the judgment on it: then it is enough"


def test_a_model_judges(desk: Desk) -> None:
    desk.monitored(llm(QUESTION + " {{log.output}}"))
    long, short = desk.log("A long answer"), desk.log("Short")
    verdict = desk.verdict(long)
    assert (verdict.judgment, verdict.output, verdict.output_message.content) == (True, "true", "true")
    assert verdict.provider_latency >= 0
    assert verdict.provider_request.model_id == "judge-1"
    verdict = desk.verdict(short)
    assert (verdict.judgment, verdict.output, verdict.error) == (False, "Let me see.\n\nfalse", None)


def test_a_model_that_is_busy_is_asked_again(desk: Desk) -> None:
    desk.monitored(llm("RELUCTANT {{log.output}}"))
    verdict = desk.verdict(desk.log("x"))
    assert (verdict.judgment, verdict.output) == (True, "At last.\nVerdict: true")


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ("BROKEN", "No such deployment."),
        (
            "VAGUE",
            "The model's answer does not end with a judgment of the type boolean, but with: Who knows?",
        ),
        (
            "{{log.inputs.nothing}}",
            "The evaluator's prompt can't be filled: there is no value for the variable 'log.inputs.nothing'.",
        ),
    ],
)
def test_what_a_model_can_t_judge_is_an_error(desk: Desk, template: str, error: str) -> None:
    desk.monitored(llm(template))
    verdict = desk.verdict(desk.log("x"))
    assert (verdict.judgment, verdict.error) == (None, error)


def test_many_logs_are_all_judged(desk: Desk) -> None:
    desk.monitored(IS_LONG, "Long")
    desk.monitored(llm(QUESTION + " {{log.output}}"), "Model")
    logs = [desk.log("x" * index) for index in range(30)]
    for log_id in logs:
        assert len(desk.judged(log_id, 2)) == 2
    (version,) = desk.client.flows.list_versions(desk.flow.id, evaluator_aggregates=True).records
    assert sorted(one.value for one in version.evaluator_aggregates) == [0, 24 / 30]


def test_what_is_not_to_be_kept_is_judged_all_the_same(desk: Desk) -> None:
    code = "def f(log):\n    return log['output'] + log['inputs']['a'] + log['children'][0]['output']"
    desk.monitored(python(code, "text"))
    log_id = desk.log("top", status="incomplete", inputs={"a": "secret"}, save=False)
    tool = {"function": {"name": "t", "description": "d"}}
    desk.client.tools.log(
        path=f"{desk.home}/Tool", tool=tool, trace_parent_id=log_id, output="inner", save=False
    )
    desk.client.flows.update_log(log_id, log_status="complete")
    assert desk.verdict(log_id).judgment == "topsecretinner"
    shown = desk.client.logs.get(log_id)
    assert (shown["output"], shown["inputs"], shown["trace_children"][0]["output"]) == (None, {}, None)
