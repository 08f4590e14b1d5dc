"""Evaluations move in with their runs and logs, and out again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.exchange.conftest import Place
from tests.unit.exchange.humanloop_sample import (
    OUTSIDE,
    QUESTIONS,
    SHORT,
    TRIAGE,
    Thing,
    at,
    evaluation,
    evaluation_run,
    judgment,
    log,
    run_log,
    write_evaluation,
    write_file,
    write_json,
    write_lines,
)
from tests.unit.exchange.test_humanloop_moving import contents, told
from tests.unit.services.conftest import START

from headrace.cli.humanloop_report import Report
from headrace.core.evaluations import RunStatus, Slot
from headrace.core.ports import Transaction
from headrace.core.run_stats import BooleanStats
from headrace.services.evaluations import evaluation_runs, evaluation_stats
from headrace.services.exchange_humanloop.parts import (
    Batch,
    EvaluationPart,
    RunLinkPart,
    RunLogPart,
    RunPart,
)
from headrace.services.versions import versions

EVALUATIONS = "files/fl_triage/evaluations"


def slots(place: Place, run_id: str) -> list[tuple[str | None, str | None, bool]]:
    """The datapoints and logs of a run."""
    found = place.read(lambda tx: tx.runs.slots(run_id=run_id, take=99))
    return [(one.datapoint_id, one.log_id, one.is_done) for one in found]


def small(home: Path, runs: list[Thing], lines: list[Thing], *, judges: tuple[Thing, ...] = (SHORT,)) -> Path:
    """An export of one flow, one evaluator, one dataset of two datapoints and one evaluation."""
    write_file(home, [SHORT], 0, [])
    write_file(home, [OUTSIDE], 0, [])
    folder = write_file(home, [QUESTIONS], 0, None)
    points = [{"id": f"dp_{n}", "inputs": {"q": str(n)}, "messages": None, "target": None} for n in (1, 2)]
    write_lines(folder / "datapoints" / "dsv_q", points)
    write_file(home, TRIAGE[1:2], 0, [line["log"] for line in lines])
    write_evaluation(home, evaluation("evr_1", judges, runs=1, name="n", minute=90), runs, lines)
    return home


def one_run(status: str = "completed", **more: Any) -> Thing:
    return evaluation_run("rn_1", dataset=QUESTIONS, of=TRIAGE[1], status=status, minute=100) | more


def point(number: int, **more: Any) -> Thing:
    return {"id": f"dp_{number}", "inputs": {"q": str(number)}, "messages": None, "target": None} | more


def flow_log(id: str, minute: int = 10, **more: Any) -> Thing:
    return log("flow", id, TRIAGE[1], minute, trace_id=id, trace_flow_id="fl_triage", **more)


def test_evaluations_are_what_they_were(place: Place, sample: Path) -> None:
    place.bring(sample)
    found = place.read(lambda tx: tx.evaluations.get(id="evr_1"))
    assert found is not None
    assert (found.file_id, found.name, found.created_by) == ("fl_triage", "Weekly ü", "usr_ben")
    assert (found.created_at.isoformat(), found.updated_at.isoformat()) == (
        at(90) + "+00:00",
        at(95) + "+00:00",
    )
    seats = place.read(lambda tx: tx.evaluations.seats(evaluation_id="evr_1"))
    assert [(one.version_id, one.evaluator_id, one.is_orchestrated) for one in seats] == [
        ("evv_Short", "ev_Short", True),
        ("evv_rating", "ev_rating", False),
    ]
    assert [one.added_at.isoformat() for one in seats] == [at(90) + "+00:00", at(91) + "+00:00"]


def test_runs_are_what_they_were(place: Place, sample: Path) -> None:
    place.bring(sample)
    runs = {one.id: one for one in place.read(lambda tx: tx.runs.some(ids=["rn_1", "rn_2", "rn_3"]))}
    first, second, third = runs["rn_1"], runs["rn_2"], runs["rn_3"]
    assert (first.version_id, first.dataset_id, first.dataset_version_id) == ("flv_triage1", "ds_q", "dsv_q")
    assert (first.status, first.size, first.created_by) == (RunStatus.COMPLETED, 2, "usr_ann")
    assert (second.version_id, second.dataset_version_id, second.status) == (None, None, RunStatus.RUNNING)
    assert (third.dataset_version_id, third.status) == ("dsv_lost", RunStatus.CANCELLED)
    assert first.created_at.isoformat() == at(100) + "+00:00"
    links = {
        of: place.read(lambda tx, of=of: tx.evaluations.links(evaluation_id=of)) for of in ("evr_1", "evr_2")
    }
    assert [(one.run_id, one.is_control) for one in links["evr_1"]] == [("rn_2", False), ("rn_1", True)]
    assert [(one.run_id, one.is_control) for one in links["evr_2"]] == [("rn_1", False), ("rn_3", False)]
    assert [one.added_at.isoformat() for one in links["evr_2"]] == [at(130) + "+00:00", at(121) + "+00:00"]


def test_logs_have_their_places_in_runs(place: Place, sample: Path) -> None:
    place.bring(sample)
    assert slots(place, "rn_1") == [("dp_1", "log_root", True), ("dp_2", None, False)]
    assert slots(place, "rn_2") == [(None, "log_deep2", True), (None, "log_open", False)]
    jobs = place.read(lambda tx: tx.jobs.count())
    assert jobs == 0, "nothing is judged or generated because of an import"
    assert not place.read(lambda tx: tx.runs.is_awaiting(run_id="rn_1"))


def test_what_is_counted_is_what_was_judged(place: Place, sample: Path) -> None:
    place.bring(sample)
    stats = place.runner.run(evaluation_stats.stats(place.ports, place.local, evaluation_id="evr_1"))
    (first,) = [one for one in stats.runs if one.run.id == "rn_1"]
    short = first.seats[0]
    assert isinstance(short, BooleanStats)
    assert (first.num_logs, short.total_logs, short.num_true, short.num_false) == (1, 1, 1, 0)


def test_a_dataset_that_only_a_run_shows_has_the_datapoints_that_it_shows(place: Place, sample: Path) -> None:
    place.bring(sample)
    file = place.read(lambda tx: tx.files.get(id="ds_lost"))
    assert file is not None
    assert file.path == "Lab/Old/Lost"
    held = slots(place, "rn_3")
    assert {(datapoint_id, log_id) for datapoint_id, log_id, _ in held} == {
        ("dp_lost2", "log_old"),
        ("dp_lost1", "log_deep1"),
    }
    run = place.read(lambda tx: tx.runs.get(id="rn_3"))
    assert run is not None
    assert run.size == 2


def test_what_goes_out_is_what_came_in(place: Place, sample: Path, tmp_path: Path) -> None:
    place.bring(sample)
    home = place.take(tmp_path / "out")
    ours = {"url", "evaluators", "dataset", "version"}
    for name in ("evr_1/evaluation.json", "evr_1/runs/rn_1", "evr_1/runs/rn_2", "evr_2/runs/rn_1"):
        sent, shown = (json.loads((root / EVALUATIONS / name).read_text()) for root in (sample, home))
        assert {key: shown[key] for key in set(sent) - ours} == {key: sent[key] for key in set(sent) - ours}
    run = json.loads((home / EVALUATIONS / "evr_1/runs/rn_1").read_text())
    assert (run["dataset"]["version_id"], run["version"]["version_id"]) == ("dsv_q", "flv_triage1")
    lines = (home / EVALUATIONS / "evr_2/logs/1.jsonl").read_text().splitlines()
    shown = {(one["run_id"], one["datapoint"]["id"], one["log"]["id"]) for one in map(json.loads, lines)}
    assert shown == {
        ("rn_1", "dp_1", "log_root"),
        ("rn_3", "dp_lost2", "log_old"),
        ("rn_3", "dp_lost1", "log_deep1"),
    }
    stats = json.loads((home / EVALUATIONS / "evr_1/stats.json").read_text())
    assert [one["num_logs"] for one in stats["run_stats"]] == [2, 1]
    assert not (home / "files/fl_exp/evaluations").exists()


def test_an_export_without_logs_has_evaluations_all_the_same(
    make_place: Callable[[], Place], sample: Path, tmp_path: Path
) -> None:
    place = make_place()
    place.bring(sample)
    home = place.take(tmp_path / "out", with_logs=False)
    assert not (home / EVALUATIONS / "evr_1/logs").exists()
    other = make_place()
    report = other.bring(home)
    assert report.is_clean
    assert report.missing == []
    assert slots(other, "rn_1") == [("dp_1", None, False), ("dp_2", None, False)]
    run = other.read(lambda tx: tx.runs.get(id="rn_1"))
    assert run is not None
    assert run.status is RunStatus.COMPLETED
    with_logs = other.bring(place.take(tmp_path / "logs"))
    assert with_logs.is_clean
    assert slots(other, "rn_1")[0] == ("dp_1", "log_root", True)


def test_a_datapoint_that_has_another_id_here_is_found_by_its_content(
    make_place: Callable[[], Place], tmp_path: Path
) -> None:
    place = make_place()
    home = small(tmp_path / "one", [one_run()], [run_log("rn_1", flow_log("log_1"), point(1))])
    place.bring(home)
    renamed = {"id": "dp_new", "inputs": {"q": "2"}, "messages": None, "target": None}
    line = run_log("rn_1", flow_log("log_2", source_datapoint_id="dp_new"), renamed)
    report = place.bring(small(tmp_path / "two", [one_run()], [line]))
    assert ("run_logs", "refused", "rn_1 log_2") not in told(report)
    assert slots(place, "rn_1") == [("dp_1", "log_1", True), ("dp_2", "log_2", True)]


def test_a_run_that_was_open_waits_for_what_others_post_only(place: Place, tmp_path: Path) -> None:
    lines = [run_log("rn_1", flow_log(f"log_{n}", n), point(n)) for n in (1, 2)]
    lines[1]["evaluator_logs"] = [judgment("log_j", OUTSIDE, "log_2", "fine", 20)]
    place.bring(small(tmp_path / "x", [one_run("running")], lines, judges=(SHORT, OUTSIDE)))
    assert place.read(lambda tx: tx.runs.is_awaiting(run_id="rn_1")), "of the external one on log_1"
    assert place.read(lambda tx: tx.jobs.count()) == 0
    assert not place.read(lambda tx: tx.runs.is_undone(run_id="rn_1"))

    def meet(tx: Transaction) -> None:
        tx.runs.forget_awaited(run_id="rn_1", version_id="evv_Outside")

    place.runner.run(place.ports.store.write(place.local.account, meet))
    assert not place.read(lambda tx: tx.runs.is_awaiting(run_id="rn_1"))


def test_who_is_no_program_is_not_asked_by_the_server(place: Place, tmp_path: Path) -> None:
    home = small(tmp_path / "x", [one_run("running")], [], judges=(SHORT, OUTSIDE))
    facts = home / EVALUATIONS / "evr_1" / "evaluation.json"
    shown = json.loads(facts.read_text())
    facts.write_text(
        json.dumps({**shown, "evaluators": [{**one, "orchestrated": True} for one in shown["evaluators"]]})
    )
    place.bring(home)
    seats = place.read(lambda tx: tx.evaluations.seats(evaluation_id="evr_1"))
    assert [one.is_orchestrated for one in seats] == [True, False]
    assert place.bring(home).is_clean


def test_logs_that_an_export_lacks_are_told_by_run(place: Place, tmp_path: Path) -> None:
    home = small(tmp_path / "x", [one_run()], [run_log("rn_1", flow_log("log_1"), point(1))])
    write_json(
        home / EVALUATIONS / "evr_1" / "stats.json", {"run_stats": [{"run_id": "rn_1", "num_logs": 7}]}
    )
    (short,) = [one for one in place.bring(home).missing if one.version_id == "rn_1"]
    assert (short.path, short.expected, short.found) == ("files/fl_triage/evaluations/evr_1", 7, 1)


@pytest.mark.parametrize(
    ("name", "text", "trouble"),
    [
        ("evaluation.json", "{", "no JSON"),
        ("evaluation.json", '{"id": "a/b"}', "can't be the ID"),
        ("evaluation.json", "[]", "object"),
        ("runs/rn_1", '{"status": 1}', "status"),
        ("runs/rn_1", '{"id": ".."}', "can't be the ID"),
        ("stats.json", '{"run_stats": 1}', "array"),
        ("stats.json", '{"run_stats": [{"run_id": "a", "num_logs": 1%s}]}' % ("0" * 30), "num_logs"),
        ("logs/1.jsonl", '{"run_id": 1}', "str"),
        ("logs/1.jsonl", '{"run_id": "rn_1", "log": 5}', "object"),
    ],
)
def test_what_is_broken_is_told_and_the_rest_goes_on(
    place: Place, tmp_path: Path, name: str, text: str, trouble: str
) -> None:
    home = small(tmp_path / "x", [one_run()], [run_log("rn_1", flow_log("log_1"), point(1))])
    (home / EVALUATIONS / "evr_1" / name).write_text(text)
    report = place.bring(home)
    assert any(trouble in one.reason and "evr_1" in one.source for one in report.unreadable), (
        report.unreadable
    )
    assert not report.is_clean
    assert place.read(lambda tx: tx.versions.kept(id="flv_triage1")) is not None


def test_an_evaluation_without_its_facts_is_told(place: Place, tmp_path: Path) -> None:
    home = small(tmp_path / "x", [one_run()], [run_log("rn_1", flow_log("log_1"), point(1))])
    (home / EVALUATIONS / "evr_1" / "evaluation.json").unlink()
    report = place.bring(home)
    assert [one.reason for one in report.unreadable] == ["it has no evaluation.json"]
    assert ("run_logs", "refused", "rn_1 log_1") in told(report)


def changed(report: Report) -> dict[tuple[str, str], str]:
    return {(one.sort, one.act): one.note for one in report.told}


def test_what_is_different_here_stays(place: Place, tmp_path: Path) -> None:
    lines = [run_log("rn_1", flow_log("log_1"), point(1))]
    place.bring(small(tmp_path / "x", [one_run(control=True)], lines))
    other = small(
        tmp_path / "y",
        [one_run("cancelled")],
        [run_log("rn_1", flow_log("log_9"), point(1))],
        judges=(SHORT, OUTSIDE),
    )
    notes = changed(place.bring(other))
    assert notes["evaluations", "different"] == "here it has another list of evaluators"
    assert notes["runs", "different"] == "here it has another status"
    assert notes["run_links", "different"] == "here it is the control"
    assert notes["run_logs", "different"] == "here log log_1 has its place"
    assert slots(place, "rn_1")[0] == ("dp_1", "log_1", True)


def test_a_name_that_is_taken_is_left_away(place: Place, tmp_path: Path) -> None:
    lines = [run_log("rn_1", flow_log("log_1"), point(1))]
    place.bring(small(tmp_path / "x", [one_run()], lines))
    namesake = evaluation("evr_2", [SHORT], runs=1, name="n", minute=95)
    home = small(tmp_path / "y", [one_run(control=True)], lines)
    write_evaluation(home, namesake, [one_run()], lines)
    notes = changed(place.bring(home))
    assert notes["evaluations", "made"] == "another evaluation has its name `n` here"
    found = place.read(lambda tx: tx.evaluations.get(id="evr_2"))
    assert found is not None
    assert found.name is None
    assert place.read(lambda tx: [one.run_id for one in tx.evaluations.links(evaluation_id="evr_2")]) == [
        "rn_1"
    ]


def test_another_control_stays_the_control(place: Place, tmp_path: Path) -> None:
    lines = [run_log("rn_1", flow_log("log_1"), point(1))]
    place.bring(small(tmp_path / "x", [one_run(control=True)], lines))
    second = evaluation_run("rn_2", dataset=None, of=None, status="completed", minute=101, control=True)
    notes = changed(place.bring(small(tmp_path / "y", [one_run(), second], lines)))
    assert notes["run_links", "made"] == "the control is run rn_1 here"
    links = place.read(lambda tx: tx.evaluations.links(evaluation_id="evr_1"))
    assert [(one.run_id, one.is_control) for one in links] == [("rn_2", False), ("rn_1", True)]


def test_what_refers_to_nothing_that_is_here_is_refused(place: Place, tmp_path: Path) -> None:
    batch = Batch(
        evaluations=(EvaluationPart(id="evr_9", file_id="none", created_at=START, updated_at=START),),
        runs=(RunPart(id="rn_9", file_id="none", status=RunStatus.COMPLETED, created_at=START),),
        run_links=(RunLinkPart(evaluation_id="evr_9", run_id="rn_9", is_control=False, added_at=START),),
        run_logs=(RunLogPart(run_id="rn_9", log_id="log_9"),),
    )
    answer = place.put(batch)
    assert answer.made == answer.unchanged == 0
    assert [one.note for one in answer.told] == [
        "the file that it evaluates is not here",
        "the file that it evaluates is not here",
        "its evaluation or its run is not here",
        "its run or its log is not here",
    ]


def test_an_evaluation_whose_file_was_deleted_does_not_come_back(place: Place, sample: Path) -> None:
    place.bring(sample)
    place.runner.run(versions.delete_file(place.ports, place.local, kind="flow", ref="fl_triage"))
    report = place.bring(sample)
    assert ("files", "refused", "fl_triage") in told(report)
    assert ("evaluations", "skipped", "evr_1") in told(report)
    assert place.read(lambda tx: tx.evaluations.get(id="evr_1")) is None


def test_an_imported_run_goes_on(place: Place, sample: Path) -> None:
    """What was open can be closed, and what is over can still get logs."""
    place.bring(sample)
    shown = place.runner.run(
        evaluation_runs.update(
            place.ports,
            place.local,
            evaluation_id="evr_1",
            run_id="rn_2",
            is_control=None,
            status=RunStatus.COMPLETED,
        )
    )
    assert shown.run.status is RunStatus.COMPLETED
    rows, total = place.runner.run(
        evaluation_runs.logs(place.ports, place.local, evaluation_id="evr_1", run_ids=[], skip=0, take=9)
    )
    assert total == 3
    assert [row.log.log.id for row in rows] == ["log_deep2", "log_open", "log_root"]
    assert isinstance(place.read(lambda tx: tx.runs.slot(run_id="rn_1", datapoint_id="dp_1")), Slot)


def test_much_is_read_page_by_page(
    make_place: Callable[[], Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More logs than are read at a time, and more evaluations; one more line in the first file (quirk 1)."""
    monkeypatch.setattr("headrace.apis.humanloop.exchange.writer.PAGE", 50)
    lines = [run_log("rn_1", flow_log(f"log_{n}", n), None) for n in range(60)]
    place = make_place()
    home = small(tmp_path / "x", [one_run()], lines)
    for number in range(55):
        extra = evaluation(f"evr_m{number}", [], runs=0, name=None, minute=number)
        write_evaluation(home, extra, [], [])
    assert place.bring(home).is_clean
    out = place.take(tmp_path / "out")
    folder = out / EVALUATIONS / "evr_1" / "logs"
    assert [len((folder / f"{n}.jsonl").read_text().splitlines()) for n in (1, 2)] == [51, 9]
    assert len(list((out / EVALUATIONS).iterdir())) == 56
    other = make_place()
    assert other.bring(out).is_clean
    assert contents(other.take(tmp_path / "again")) == contents(out)
