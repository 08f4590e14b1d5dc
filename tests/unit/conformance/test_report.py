"""What is told of results, to people and to programs."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from headrace.conformance import report
from headrace.conformance.checks import Check, Standing
from headrace.conformance.runner import Outcome, Result


def result(name: str, outcome: Outcome, standing: Standing = Standing.DOCUMENTED, **more: object) -> Result:
    check = Check(
        api="bedrock",
        area="tags",
        name=name,
        title=f"The rule {name}.",
        section="1.1",
        standing=standing,
        run=lambda _: None,
    )
    return Result(check=check, outcome=outcome, **more)  # type: ignore[arg-type]


GOOD = result("good", Outcome.PASSED)
BAD = result(
    "bad", Outcome.FAILED, what="tags", expected={"a": 1}, got="x\x1b[31m\ny", exchange="GET /tags -> 200"
)
ODD = result("odd", Outcome.DIFFERS, Standing.PRESUMED, what="tags", expected=[], got=None)
LEFT_OUT = result("left-out", Outcome.SKIPPED, what="it can't be")
ALL = [GOOD, BAD, ODD, LEFT_OUT]


def test_what_is_wrong_is_shown_with_both_sides() -> None:
    text = "\n".join(report.lines(ALL, is_verbose=False))
    assert "FAILED   bedrock.tags.bad  [documented, bedrock 1.1]" in text
    assert 'expected  {"a": 1}' in text
    assert "GET /tags -> 200" in text
    assert "tags.good" not in text
    assert "1 of 2 documented rules hold, 0 of 1 presumed rules hold; 1 were skipped." in text


def test_nothing_steers_the_terminal() -> None:
    assert "\x1b" not in "\n".join(report.lines(ALL, is_verbose=True))


def test_everything_is_shown_when_asked_for() -> None:
    text = "\n".join(report.lines(ALL, is_verbose=True))
    assert "PASSED   bedrock.tags.good" in text
    assert "skipped: it can't be" in text


def test_the_table_counts() -> None:
    rows = [line.split() for line in report.lines(ALL, is_verbose=False)]
    assert ["bedrock", "tags", "1", "1", "1", "1"] in rows
    assert ["total", "1", "1", "1", "1"] in rows


def test_what_is_good() -> None:
    assert report.is_good([GOOD, ODD, LEFT_OUT], is_strict=False)
    assert not report.is_good([GOOD, ODD], is_strict=True)
    assert not report.is_good([GOOD, BAD], is_strict=False)


def test_json_has_all_of_it() -> None:
    told = json.loads(report.as_json(ALL, about={"endpoint": "x"}, left=["one"]))
    assert told["endpoint"] == "x"
    assert told["summary"] == {"passed": 1, "failed": 1, "differs": 1, "skipped": 1}
    assert told["not_removed"] == ["one"]
    assert [one["id"] for one in told["checks"]] == [one.check.id for one in ALL]
    assert told["checks"][1]["expected"] == {"a": 1}


def test_junit_counts_a_difference_only_when_strict() -> None:
    for is_strict, failures, skipped in ((False, "1", "2"), (True, "2", "1")):
        (suite,) = ElementTree.fromstring(report.as_junit(ALL, is_strict=is_strict))
        assert (suite.get("name"), suite.get("tests")) == ("bedrock.tags", "4")
        assert (suite.get("failures"), suite.get("skipped")) == (failures, skipped)
