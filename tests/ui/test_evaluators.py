"""Evaluators in a browser: a list, a form made of a schema, trials on logs, and where they judge."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker
from tests.ui.conftest import Screen

_numbers = itertools.count(1)
CODE = 'def judge(log):\n    print("seen:", log["output"])\n    return len(log["output"]) > 12\n'
SPEC = {
    "evaluator_type": "python",
    "arguments_type": "target_free",
    "return_type": "boolean",
    "code": CODE,
}


class Bench:
    """A flow with a log, and an evaluator."""

    def __init__(self, server: LiveServer) -> None:
        self.client = server.humanloop()
        self.asker = Asker(url=server.url)
        folder = f"ui evaluators {next(_numbers)}"
        self.flow_path, self.path = f"{folder}/support", f"{folder}/long enough"
        self.flow = self.client.flows.upsert(path=self.flow_path, attributes={"a": 1}).id
        self.log = self.say("Hello, how can I help?")
        self.id = self.client.evaluators.upsert(path=self.path, spec=SPEC).id

    def say(self, output: str) -> str:
        made = self.client.flows.log(id=self.flow, output=output, inputs={"q": "Hi"}, log_status="complete")
        return str(made.id)

    def spec(self, version: str) -> Any:
        return self.asker.ask("GET", "files", self.id, "versions", version)["content"]


@pytest.fixture
def bench(server: LiveServer) -> Bench:
    return Bench(server)


def test_the_list(screen: Screen, bench: Bench) -> None:
    bench.asker.ask("PUT", "files", bench.flow, "monitors", bench.id, body={})
    screen.open("#/evaluators")
    row = screen.page.get_by_role("row").filter(has_text=bench.path)
    row.get_by_text("Code").wait_for()
    row.get_by_role("link", name=bench.flow_path).wait_for()
    screen.axe()
    screen.shot("evaluators")
    row.get_by_role("link", name=bench.path).click()
    screen.page.get_by_role("heading", name=bench.path).wait_for()


def test_a_trial_shows_what_came_of_it(screen: Screen, bench: Bench) -> None:
    screen.open(f"#/evaluators/{bench.id}?log={bench.log}")
    page = screen.page
    page.get_by_role("button", name="Try", exact=True).click()
    page.get_by_text("✓ yes").wait_for()
    page.get_by_text("seen: Hello, how can I help?").wait_for()
    screen.axe()
    screen.shot("evaluator")
    page.get_by_label("Code").fill('def judge(log):\n    print("before")\n    return log["nothing"]\n')
    page.get_by_text("with your changes").wait_for()
    page.get_by_role("button", name="Try", exact=True).click()
    page.get_by_text("KeyError").wait_for()
    page.get_by_text("before", exact=True).wait_for()
    assert bench.asker.ask("GET", "logs", bench.log)["judgments"] == []


def test_changes_make_a_new_version(screen: Screen, bench: Bench) -> None:
    screen.open(f"#/evaluators/{bench.id}")
    page = screen.page
    save = page.get_by_role("button", name="Save as a new version")
    assert save.is_disabled()
    page.get_by_label("Judgment").select_option("select")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("name", exact=True).fill("good")
    page.get_by_label("valence").select_option("positive")
    page.get_by_label("What changed").fill("Choose")
    save.click()
    page.wait_for_url("**version=2*")
    found = bench.spec("2")
    assert (found["return_type"], found["options"]) == ("select", [{"name": "good", "valence": "positive"}])
    assert bench.spec("1")["return_type"] == "boolean"
    page.get_by_text("Where nothing else is said, v1 judges.").wait_for()
    page.get_by_label("Version").select_option("1")
    assert page.get_by_label("Judgment").input_value() == "boolean"


def test_what_is_wrong_is_told_and_kept(screen: Screen, bench: Bench) -> None:
    screen.allowed.append("400")
    screen.open(f"#/evaluators/{bench.id}")
    page = screen.page
    page.get_by_label("Judgment").select_option("select")
    page.get_by_role("button", name="Save as a new version").click()
    page.get_by_role("alert").filter(has_text="needs options to choose from").wait_for()
    assert page.get_by_label("Judgment").input_value() == "select"


def test_a_new_one_for_each_type(screen: Screen, bench: Bench) -> None:
    page = screen.page
    for title, member in (("Code", "Code"), ("Model", "Model"), ("People", "Instructions")):
        screen.open("#/evaluators/new")
        page.get_by_role("radio", name=title).check()
        page.get_by_label("Path").fill(f"{bench.path} new/{title}")
        page.get_by_label(member, exact=True).wait_for()
        screen.axe()
        screen.shot(f"evaluator-new-{title.lower()}")
        page.get_by_role("button", name="Make the evaluator").click()
        page.get_by_role("heading", name=f"{bench.path} new/{title}").wait_for()


def test_it_is_attached_and_judges(screen: Screen, bench: Bench) -> None:
    screen.open(f"#/evaluators/{bench.id}")
    page = screen.page
    page.get_by_text("Attached to nothing yet.").wait_for()
    page.get_by_label("Attach to a file").fill(bench.flow_path)
    page.get_by_role("button", name="Attach", exact=True).click()
    page.get_by_role("link", name=bench.flow_path).wait_for()
    bench.say("A long answer that is judged")
    screen.open(f"#/f/{bench.flow}/logs?live=1")
    page.get_by_text("✓ yes").wait_for()
    screen.open(f"#/evaluators/{bench.id}")
    page.get_by_role("button", name=f"Detach from {bench.flow_path}").click()
    page.get_by_text("Attached to nothing yet.").wait_for()
