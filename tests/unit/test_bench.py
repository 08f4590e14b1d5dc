"""The report of the benchmarks: medians, goals judged as they are, what was left out or broke named."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bench import __main__ as command
from bench import environments, parts, report
from bench.figures import Spread, gathered, tables
from bench.goals import GOALS, Goal, Verdict, judged
from bench.parts import PARTS, Failed, Outcome, Part
from bench.peer_servers import in_turn


def _spread(*values: float) -> Spread:
    return Spread(rounds=values)


def _outcome(
    name: str,
    failed: str = "",
    skipped: Mapping[str, str] | None = None,
    load_after: float = 2.0,
    **figures: Spread,
) -> Outcome:
    part = Part(name=name, about="something")
    loads = {"load_before": [1.0, 1.0, 1.0], "load_after": [load_after, 1.0, 1.0]}
    return Outcome(
        part=part, figures=figures, failed=failed, skipped=skipped or {}, took_s=3, rounds=3, **loads
    )


# ------------------------------------------------------------------ figures


def test_figures_of_rounds_are_put_together_by_their_labels() -> None:
    rounds = [
        {"rows": [{"operation": "read", "connections": 16, "rate": rate, "failures": 0}], "memory": 5, "skipped": {"a": 1}}
        for rate in (10, 30, 20)
    ]  # fmt: skip
    found = gathered(rounds)
    assert set(found) == {"rows/read, 16/rate", "rows/read, 16/failures", "memory"}
    assert found["rows/read, 16/rate"].median == 20
    assert found["rows/read, 16/rate"].shown() == "20.0 (10.0–30.0)"


def test_a_figure_that_a_round_lacks_is_left_out() -> None:
    assert set(gathered([{"a": 1, "b": 2}, {"a": 1}])) == {"a"}
    assert gathered([]) == {}


def test_ratios_are_taken_round_by_round() -> None:
    # The machine was half as fast in the second round, for both: the ratio stays.
    assert _spread(100, 50, 100).over(_spread(10, 5, 10)).rounds == (10, 10, 10)


def test_tables_have_rows_and_columns() -> None:
    found = tables(
        gathered([{"rows": [{"name": "x", "rate": 1, "p50": 2}], "plain": 3, "deep": {"a": {"b": 4}}}])
    )
    assert {place: {row: list(cells) for row, cells in rows.items()} for place, rows in found.items()} == {
        "rows": {"x": ["rate", "p50"]},
        "": {"": ["plain"]},
        "deep": {"a": ["b"]},
    }


# ------------------------------------------------------------------ goals


@pytest.mark.parametrize(
    ("limits", "rounds", "verdict"),
    [
        ({"at_least": 0.8}, (0.8, 0.81, 0.9), Verdict.MET),
        ({"at_least": 0.8}, (0.7, 0.8, 0.9), Verdict.UNCLEAR),
        ({"at_least": 0.8}, (0.7, 0.75, 0.79), Verdict.MISSED),
        ({"at_most": 40}, (10, 40, 20), Verdict.MET),
        ({"at_most": 40}, (10, 10, 41), Verdict.UNCLEAR),
        ({"at_most": 40}, (41, 90, 50), Verdict.MISSED),
        ({}, (1,), Verdict.NONE),
    ],
)
def test_rounds_have_to_agree(limits: dict[str, float], rounds: tuple[float, ...], verdict: Verdict) -> None:
    goal = Goal(title="t", part="p", value="a", **limits)
    spread = goal.measured({"p": {"a": Spread(rounds=rounds)}})
    assert goal.verdict(spread) is verdict


def test_a_goal_is_compared_with_the_best_peer_that_was_measured() -> None:
    figures = {"p": {"mine": _spread(100), "slow": _spread(5), "fast": _spread(10)}}
    goal = Goal(title="t", part="p", value="mine", over=("slow", "fast", "absent"), at_least=20)
    spread = goal.measured(figures)
    assert spread == _spread(10)
    assert goal.verdict(spread) is Verdict.MISSED


def test_where_less_is_better_it_is_turned_round() -> None:
    figures = {"p": {"mine": _spread(2), "theirs": _spread(50), "best": _spread(30)}}
    goal = Goal(title="t", part="p", value="mine", over=("theirs", "best"), flips=True, at_least=10)
    assert goal.measured(figures) == _spread(15)


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    goal = Goal(title="t", part="p", value="mine", over=("theirs",), at_least=1)
    for figures in ({}, {"p": {}}, {"p": {"mine": _spread(5)}}, {"p": {"theirs": _spread(5)}}):
        assert goal.measured(figures) is None
        (told,) = judged([goal], figures)
        assert (told["verdict"], told["measured"], told["shown"]) == ("not measured", None, "")


def test_units_are_changed() -> None:
    goal = Goal(title="t", part="p", value="us", times=0.001, at_most=200, unit="ms")
    assert goal.measured({"p": {"us": _spread(5000)}}) == _spread(5)
    assert goal.limit == "≤ 200 ms"


def test_goals_are_of_benchmarks_that_there_are() -> None:
    assert {goal.part for goal in GOALS} <= {part.name for part in PARTS}
    assert len({goal.title for goal in GOALS}) == len(GOALS)
    for part in PARTS:
        assert Path(parts.__file__).with_name(f"{part.name}.py").is_file()


# ------------------------------------------------------------------ report


def test_the_report_says_what_was_met_missed_skipped_and_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    goals = [
        Goal(title="good", part="one", value="a", at_least=2),
        Goal(title="wavering", part="one", value="a", at_least=3),
        Goal(title="bad", part="one", value="a", at_most=1),
        Goal(title="absent", part="one", value="b", at_most=1),
        Goal(title="elsewhere", part="not run", value="b", at_most=1),
        Goal(title="compared", part="one", value="a", over=("c",)),
    ]
    skipped = {"rival": "not\ninstalled"}
    outcomes = [
        _outcome("one", skipped=skipped, a=_spread(2, 3, 4), c=_spread(4, 6, 8), failures=_spread(0, 0, 0)),
        _outcome("two", failed="round 2 of 3: status 1: no such\nfile"),
    ]
    found = report.built(outcomes, goals, quick=True)
    assert report.has_failed(found)
    assert json.loads(json.dumps(found)) == found
    text = report.markdown(found)
    for line in (
        "- **FAILED: two**: round 2 of 3: status 1: no such file",
        "- **SKIPPED: rival** in one: not installed",
        "1 met, 1 missed, 1 unclear, 1 not measured. Unclear is what some rounds met and others missed.",
        "| good | 3 (2–4) × | ≥ 2 × | met |",
        "| bad | 3 (2–4) × | ≤ 1 × | **missed** |",
        "| wavering | 3 (2–4) × | ≥ 3 × | unclear |",
        "| absent |  | ≤ 1 × | not measured |",
        "| compared | 0.5 (0.5–0.5) × |",
        "`make bench NAMES=one`, 3 rounds, load 1 before and 2 after, 3 s.",
    ):
        assert line in text.splitlines()
    assert "elsewhere" not in text
    assert "failures" not in text
    assert {"os", "cpu", "python"} <= found["machine"].keys()
    assert {"headrace", "SQLite", "msgspec"} <= found["versions"].keys()
    assert "was busy" not in report.markdown({**found, "machine": {**found["machine"], "cores_usable": 4}})


def test_a_busy_machine_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    found = report.built([_outcome("one", load_after=9.5)], [], quick=False)
    found["machine"]["cores_usable"] = 2
    assert "**The machine was busy with other work: a load of up to 9.5 on 2 cores.**" in report.markdown(
        found
    )


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for what is written, and two benchmarks: `good` and `bad`, which breaks in its second round."""
    monkeypatch.setattr(parts, "FOLDER", tmp_path)
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    monkeypatch.setattr(command, "PARTS", (Part(name="bad", about="b"), Part(name="good", about="g")))
    monkeypatch.setattr(command, "GOALS", (Goal(title="fast", part="good", value="rate", at_least=3),))
    code = """
import json, pathlib, sys
seen = pathlib.Path(sys.argv[2]) / sys.argv[1]
seen.write_text((seen.read_text() if seen.exists() else "") + "x")
if sys.argv[1] == "bad" and len(seen.read_text()) == 2:
    sys.exit("out of luck")
print(json.dumps({"rate": len(seen.read_text()), "skipped": {"rival": "far away"}}))
"""
    monkeypatch.setattr(parts, "command", lambda part: [sys.executable, "-c", code, part.name, str(tmp_path)])
    return tmp_path


def test_a_benchmark_that_fails_is_named_and_the_others_go_on(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([]) == 1
    found = json.loads((work / "report.json").read_text())
    bad, good = found["parts"]
    assert bad["failed"] == "round 2 of 3: status 1: out of luck"
    assert bad["figures"]["rate"]["rounds"] == [1]
    assert (good["failed"], good["figures"]["rate"]["median"]) == ("", 2)
    assert good["skipped"] == {"rival": "far away"}
    assert found["goals"][0]["verdict"] == "unclear"
    said = capsys.readouterr()
    assert "**FAILED: bad**" in said.out
    assert "bad FAILED: round 2" in said.err
    assert (work / "report.md").read_text().strip() == said.out.strip()


def test_a_load_that_was_answered_by_errors_has_failed(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for failures, told in ((0, ""), (7, "rows/read, 16/failures: 7 answers were errors")):
        row = {"operation": "read", "connections": 16, "rate": 9, "failures": failures}
        code = f"import json; print(json.dumps({{'rows': [{row!r}]}}))"
        monkeypatch.setattr(parts, "command", lambda part, code=code: [sys.executable, "-c", code])
        assert parts.measured(Part(name="good", about="g"), quick=False).failed == told


def test_a_peer_that_fails_is_told_and_ours_is_not_hidden() -> None:
    def start(name: str) -> str:
        if name == "absent":
            raise environments.NotThere("not installed")
        return name

    def rows(name: str, started: str) -> list[dict[str, Any]]:
        if name == broken:
            raise RuntimeError("out of luck")
        return [{"who": name, "rate": 1}]

    broken = "rival"
    found = in_turn(["headrace", "rival", "absent", "fine"], start, rows, 2)
    assert found["skipped"] == {"absent": "not installed", "rival": "it failed: RuntimeError: out of luck"}
    assert [[row["who"] for row in one["rows"]] for one in found["rounds"]] == [["headrace", "fine"]] * 2
    broken = "headrace"
    with pytest.raises(RuntimeError, match="out of luck"):
        in_turn(["headrace", "rival"], start, rows, 2)


def test_without_failures_the_status_is_zero(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["good"]) == 0
    assert "FAILED" not in capsys.readouterr().out


def test_a_name_that_there_is_not_is_refused(work: Path) -> None:
    with pytest.raises(SystemExit, match="no benchmark ugly; there are: bad, good"):
        command.main(["ugly"])


def test_what_prints_no_json_has_failed(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "command", lambda part: [sys.executable, "-c", "print('hello')"])
    with pytest.raises(Failed, match="printed no JSON"):
        parts.once(Part(name="good", about="g"), {}, 1, limit_s=60)


def test_a_quick_run_ends_in_time_and_says_what_it_left_out(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "QUICK_LIMIT_S", 0)
    assert command.main(["--quick", "good"]) == 1
    assert "- **FAILED: good**: round 1 of 3: the time was over" in capsys.readouterr().out


def test_what_takes_too_long_ends_its_servers(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import pathlib, sys, time
try:
    pathlib.Path(sys.argv[1], "begun").touch()
    time.sleep(60)
finally:
    pathlib.Path(sys.argv[1], "ended").touch()
"""
    monkeypatch.setattr(parts, "command", lambda part: [sys.executable, "-c", code, str(work)])
    found = parts.measured(Part(name="good", about="g"), quick=True, limit_s=5)
    assert found.failed == "round 1 of 3: not done within 5 s"
    assert (work / "begun").exists()
    assert (work / "ended").exists()


def test_a_quick_run_installs_nothing_and_leaves_out_what_is_long(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import json, os; print(json.dumps({'installs': int(os.environ.get('BENCH_INSTALL', '1')), 'size': int(os.environ['SIZE'])}))"
    part = Part(name="good", about="g", rounds=1, full={"SIZE": "9"}, quick={"SIZE": "2"})
    monkeypatch.setattr(parts, "command", lambda part: [sys.executable, "-c", code])
    monkeypatch.delenv("BENCH_INSTALL", raising=False)
    for quick, installs, size in ((True, 0, 2), (False, 1, 9)):
        figures: Any = parts.measured(part, quick=quick).figures
        assert (figures["installs"].median, figures["size"].median) == (installs, size)
    assert [part.name for part in command.chosen([], quick=True)] == []
    assert [part.name for part in command.chosen(["good"], quick=True)] == ["good"]


# ------------------------------------------------------------------ peers


def test_every_peer_has_pins() -> None:
    assert {"langgraph", "burr", "haystack", "phoenix", "mlflow", "ministack", "moto"} <= set(
        environments.names()
    )
    assert environments.pinned("moto") == ["moto"]
    for name in environments.names():
        lines = (environments.PINS / f"{name}.txt").read_text().split()
        assert lines
        assert all("==" in line for line in lines)


def test_a_peer_that_is_not_there_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    monkeypatch.setenv("BENCH_INSTALL", "0")
    with pytest.raises(environments.NotThere, match=r"python -m bench\.environments burr"):
        environments.ready("burr")
    assert not environments.is_there("burr")


def test_a_peer_that_cannot_be_installed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def steps(name: str, folder: Path) -> list[list[str]]:
        assert environments._steps is steps
        *_, pip = real(name, folder)
        assert pip[-2:] == ["--requirement", str(environments.PINS / "burr.txt")]
        return [[sys.executable, "-c", "import sys; sys.exit('no such\\npackage')"]]

    real = environments._steps
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    monkeypatch.setattr(environments, "_steps", steps)
    monkeypatch.delenv("BENCH_INSTALL", raising=False)
    with pytest.raises(environments.NotThere, match="can't be installed: no such package"):
        environments.ready("burr")
    assert not environments.is_there("burr")
    monkeypatch.setattr(environments, "INSTALL_LIMIT_S", 0.001)
    with pytest.raises(environments.NotThere, match=r"more than 0\.001 s"):
        environments.ready("burr")
    monkeypatch.setattr(environments, "INSTALL_LIMIT_S", 60)
    monkeypatch.setattr(environments, "_steps", lambda name, folder: [])
    environments.ready("burr")
    assert environments.is_there("burr")


def test_other_pins_are_another_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = tmp_path / "pins"
    pins.mkdir()
    (pins / "rival.txt").write_text("rival==1\n")
    monkeypatch.setattr(environments, "PINS", pins)
    monkeypatch.setattr(environments, "FOLDER", tmp_path / "peers")
    (tmp_path / "peers/rival").mkdir(parents=True)
    (tmp_path / "peers/rival/installed").write_text(environments._digest("rival"))
    assert environments.ready("rival").python == tmp_path / "peers/rival/.venv/bin/python"
    (pins / "rival.txt").write_text("rival==2\n")
    assert not environments.is_there("rival")
