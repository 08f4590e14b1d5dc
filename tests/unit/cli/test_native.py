"""How answers of our own API read on a terminal."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from headrace.cli import COMMANDS, main
from headrace.cli.client import reason_of
from headrace.cli.diff import difference_text
from headrace.cli.gates import verdict_lines
from headrace.cli.native import aim_text, place, shares_text, time_text, wish


def aim(**said: Any) -> dict[str, Any]:
    return {"version_id": None, "number": None, "target": None, "shares": [], **said}


@pytest.mark.parametrize(
    ("targeted", "text"),
    [
        (aim(), "nothing"),
        (aim(target="DRAFT"), "the draft"),
        (aim(version_id="flv_a"), "flv_a"),
        (aim(version_id="flv_a", number=3), "3 (flv_a)"),
        (aim(version_id="flv_a", number=3, target="2"), "2 (flv_a)"),
    ],
)
def test_what_is_targeted(targeted: dict[str, Any], text: str) -> None:
    assert aim_text(targeted) == text


def test_shares_are_parts_of_all() -> None:
    shares = [
        {"version_id": "flv_a", "number": 1, "target": None, "weight": 2},
        {"version_id": "flv_b", "number": None, "target": None, "weight": 1},
        {"version_id": "flv_c", "number": 7, "target": "4", "weight": 0},
    ]
    assert shares_text(shares) == "1 66.7%, flv_b 33.3%, 4 0%"


def test_a_place_is_one_segment_each() -> None:
    assert place("a/b ü", "pointers", "x/y") == "/api/files/a%2Fb%20%C3%BC/pointers/x%2Fy"
    assert place("a", "diff", from_="1", to=None, take=5) == "/api/files/a/diff?from=1&take=5"


def test_only_what_was_said_is_sent() -> None:
    assert wish(expect=None, reason=None, dry_run=False) == {}
    assert wish(expect="1", reason="why", override=True, dry_run=True) == {
        "expected": "1",
        "reason": "why",
        "override": True,
        "dry_run": True,
    }


def test_times_are_in_seconds() -> None:
    assert time_text("2026-11-22T06:45:12.456473Z") == "2026-11-22 06:45:12Z"
    assert time_text(None) == "-"


def test_refusals_of_both_apis_are_read() -> None:
    assert reason_of(b'{"error": "no"}') == "no"
    assert reason_of(b'{"error": {"code": "stale", "message": "moved", "problems": []}}') == "moved"
    assert reason_of(b"<html>") is None


def test_a_verdict_is_told_rule_by_rule() -> None:
    figures = {"flv_a": [{"is_passed": True, "says": "fine"}, {"is_passed": False, "says": "bad\x07"}]}
    told = verdict_lines({"has_gate": True, "is_open": False, "reasons": ["bad"], "figures": figures})
    assert told == ["The gate is closed:", "  ok  fine", "  NO  bad\\x07"]
    none = {"has_gate": False, "is_open": True, "reasons": [], "figures": {}}
    assert verdict_lines(none) == ["There is no gate; everything passes."]


def test_datapoints_are_told_before_attributes() -> None:
    found = {
        "summary": {"values_changed": 1},
        "edits": [{"change": "replaced", "path": ["attributes", "a"], "before": 1, "after": 2}],
        "datapoints": {"added": ["dp_b"], "removed": ["dp_a"], "kept": 3},
    }
    assert difference_text(found).splitlines() == [
        "datapoints: 1 added, 1 removed, 3 kept",
        "- dp_a",
        "+ dp_b",
        "values: 1 changed",
        "~ attributes.a: 1 → 2",
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_has_help(name: str) -> None:
    assert isinstance(main, click.Group)
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Usage: ")


def test_commands_that_deploy_show_examples() -> None:
    for name in ("live", "diff", "deploy", "promote", "rollback", "history", "split", "off", "on"):
        assert f"headrace {name} support/triage" in CliRunner().invoke(main, [name, "--help"]).output, name
