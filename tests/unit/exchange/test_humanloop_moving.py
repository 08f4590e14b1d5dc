"""Moving in and out: what is kept, what is refused, and that a second time changes nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.prepared import store_file
from tests.unit.exchange.conftest import Place, new_place
from tests.unit.exchange.humanloop_sample import (
    ANN,
    ANSWER,
    EXPERIMENT,
    FOREIGN_ID,
    PRODUCTION,
    SHORT,
    STAGING,
    TRIAGE,
    at,
    judgment,
    log,
    triage_logs,
    version,
    write_file,
    write_json,
)
from tests.unit.services.conftest import START

from headrace.apis.humanloop.exchange.service import Piece
from headrace.apis.humanloop.exchange.writer import NoName, Writer
from headrace.cli.client import Refusal
from headrace.cli.humanloop_report import Report
from headrace.core.access import Right
from headrace.core.datasets import case_of
from headrace.core.deployments import PointerKind
from headrace.core.errors import Forbidden, Malformed
from headrace.core.files import Directory, File, FileQuery
from headrace.core.logs import Log, LogQuery
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.exchange_humanloop.parts import Batch, MonitorPart
from headrace.services.tree import directories, files
from headrace.services.tree.files import NewTexts
from headrace.services.versions import drafts, versions
from headrace.services.versions.drafts import Edit
from headrace.storage import open_store
from headrace.storage.memory.store import MemoryStore


def told(report: Report) -> list[tuple[str, str, str]]:
    return [(one.sort, one.act, one.id) for one in report.told]


def notes(report: Report) -> list[str]:
    return [one.note for one in report.told]


def acts(report: Report, act: str) -> int:
    return sum(counts[act] for counts in report.outcomes.values())


def contents(home: Path) -> dict[str, Any]:
    """What an export holds, without the order of lines and the pages they are on."""
    found: dict[str, Any] = {}
    for path in sorted((home / "files").rglob("*")):
        name = str(path.relative_to(home))
        if path.suffix == ".jsonl":
            found.setdefault(str(Path(name).parent), []).extend(path.read_text().splitlines())
        elif path.is_file():
            found[name] = path.read_text()
    return {
        name: sorted(map(json.loads, value), key=lambda one: str(one.get("id") or one))
        if isinstance(value, list)
        else value
        for name, value in found.items()
    }


def log_of(place: Place, id: str) -> Log:
    found = place.read(lambda tx: tx.logs.get(id=id))
    assert found is not None
    return found


def version_of(place: Place, id: str) -> Version:
    found = place.read(lambda tx: tx.versions.kept(id=id))
    assert found is not None
    return found


def file_of(place: Place, id: str) -> File:
    found = place.read(lambda tx: tx.files.get(id=id))
    assert found is not None
    return found


def test_everything_that_has_a_place_is_made(place: Place, sample: Path) -> None:
    report = place.bring(sample)
    assert {sort: counts["made"] for sort, counts in report.outcomes.items()} == {
        "directories": 5,
        "environments": 2,
        "files": 13,
        "datapoints": 4,
        "versions": 17,
        "deployments": 9,
        "monitors": 2,
        "logs": 22,
        "evaluations": 2,
        "runs": 3,
        "run_links": 4,
        "run_logs": 5,
    }
    assert told(report) == [("files", "made", "tl_taken")]
    assert report.is_clean


def test_a_second_time_changes_nothing(place: Place, sample: Path, tmp_path: Path) -> None:
    place.bring(sample)
    before = contents(place.take(tmp_path / "before"))
    report = place.bring(sample)
    assert acts(report, "made") == 0
    assert acts(report, "unchanged") == 88
    assert report.is_clean
    assert contents(place.take(tmp_path / "after")) == before


def test_out_in_and_out_again_is_equal(make_place: Callable[[], Place], sample: Path, tmp_path: Path) -> None:
    first, second = make_place(), make_place()
    first.bring(sample)
    taken = contents(first.take(tmp_path / "first"))
    assert len(taken) > 40
    report = second.bring(tmp_path / "first")
    assert report.is_clean
    assert acts(report, "refused") == 0
    assert contents(second.take(tmp_path / "second")) == taken


def test_what_is_taken_out_is_what_was_brought_in(place: Place, sample: Path, tmp_path: Path) -> None:
    """Except for what was repaired, has no place, or this server computes itself."""
    place.bring(sample)
    home = place.take(tmp_path / "out")
    ours = {"inputs", "total_logs_count", "commit_message", "status", "linked_tools", "version_description"}
    for one in (*TRIAGE[1:], *ANSWER, SHORT, EXPERIMENT):
        shown = json.loads((home / "files" / one["id"] / "versions" / one["version_id"]).read_text())
        for key in set(one) - ours - {"evaluators"}:
            wanted = one[key].removesuffix("Z") if key.endswith("_at") else one[key]
            assert shown[key] == wanted, (one["version_id"], key)
    (line,) = [
        json.loads(line)
        for line in (home / "files/fl_triage/logs/1.jsonl").read_text().splitlines()
        if json.loads(line)["id"] == "log_root"
    ]
    sent = triage_logs()[0]
    for key in set(sent) - {"flow", "trace_children", "evaluator_logs", "metadata"}:
        assert line[key] == sent[key], key
    assert line["metadata"] == {"score": None, "k": 1}
    assert [one["id"] for one in line["trace_children"]] == [one["id"] for one in sent["trace_children"]]
    assert [one["judgment"] for one in line["evaluator_logs"]] == [True, "good"]


def test_ids_of_everything_are_kept(place: Place, sample: Path) -> None:
    place.bring(sample)

    def work(tx: Transaction) -> dict[str, Any]:
        root = tx.files.at(path="")
        support = tx.files.at(path="Support")
        assert isinstance(root, Directory)
        assert isinstance(support, Directory)
        return {
            "root": root.id,
            "support": (support.id, support.parent_id),
            "environments": {one.id: one.name for one in tx.environments.all()},
            "default": [one.id for one in tx.environments.all() if one.tag.value == "default"],
            "ann": tx.access.user(id="usr_ann"),
        }

    found = place.read(work)
    assert found["root"] == "dir_root"
    assert found["support"] == ("dir_support", "dir_root")
    assert found["environments"] == {"env_prod": "production", "env_stag": "staging"}
    assert found["default"] == ["env_prod"]
    assert found["ann"].email == ANN["email_address"]
    assert version_of(place, "prv_answer1").created_by == "usr_ben"
    assert log_of(place, FOREIGN_ID).user == "u"


def test_times_and_uses_are_kept(place: Place, sample: Path) -> None:
    place.bring(sample)
    shown = version_of(place, "flv_triage1")
    assert shown.created_at.isoformat() == at(1) + "+00:00"
    assert shown.updated_at.isoformat() == at(59) + "+00:00"
    assert shown.last_used_at.isoformat() == at(58, day=20) + "+00:00"
    assert shown.logs_count == 4
    flow = file_of(place, "fl_triage")
    assert (flow.created_at.isoformat(), flow.updated_at.isoformat()) == (
        at(0) + "+00:00",
        at(59) + "+00:00",
    )


def test_versions_are_numbered_in_the_order_they_were_made(place: Place, sample: Path) -> None:
    place.bring(sample)
    numbers = place.read(
        lambda tx: [
            tx.releases.of_version(version_id=one) for one in ("flv_triage0", "flv_triage1", "flv_triage2")
        ]
    )
    assert numbers == [[], [1], [2]]


def test_a_version_that_was_deleted_is_shown_by_its_logs_alone(place: Place, sample: Path) -> None:
    place.bring(sample)
    assert version_of(place, "flv_triage0").deleted_at is not None
    assert log_of(place, "log_old").version_id == "flv_triage0"
    listed = place.read(lambda tx: [one.id for one in tx.versions.of_file(file_id="fl_triage")])
    assert listed == ["flv_triage2", "flv_triage1"]


def test_nothing_is_deployed_by_itself(place: Place, tmp_path: Path) -> None:
    home = tmp_path / "x"
    write_file(home, [{**EXPERIMENT, "environments": []}], 0, None)
    place.bring(home)
    assert place.read(lambda tx: tx.pointers.of_file(file_id="fl_exp")) == []


def test_deployments_are_kept(place: Place, sample: Path) -> None:
    place.bring(sample)
    pointers = place.read(lambda tx: tx.pointers.of_file(file_id="pr_answer"))
    assert {one.pointer_id: one.version_id for one in pointers} == {
        "env_stag": "prv_answer1",
        "env_prod": "prv_answer2",
    }
    assert all(one.kind is PointerKind.ENVIRONMENT for one in pointers)


def test_monitoring_is_kept_and_nothing_is_judged(place: Place, sample: Path) -> None:
    place.bring(sample)
    first, second = place.read(lambda tx: tx.monitors.of_file(file_id="fl_triage"))
    assert (first.evaluator_id, first.environment_id, first.is_active) == ("ev_rating", "env_prod", False)
    assert (second.version_id, second.is_active) == ("evv_Short", True)
    assert place.read(lambda tx: tx.jobs.count()) == 0


def test_the_version_that_monitors_is_one_of_its_evaluator(place: Place, sample: Path) -> None:
    place.bring(sample)
    part = MonitorPart(
        file_id="fl_exp",
        evaluator_id="ev_Short",
        version_id="flv_exp",
        environment_id=None,
        environment_name=None,
        is_active=True,
        created_at=START,
        updated_at=START,
    )
    for wrong in (part, msgspec.structs.replace(part, evaluator_id="fl_triage", version_id="flv_triage1")):
        (told,) = place.put(Batch(monitors=(wrong,))).told
        assert told.act == "refused"


def test_judgments_count_in_the_means(place: Place, sample: Path) -> None:
    place.bring(sample)
    (aggregate,) = place.read(lambda tx: tx.logs.aggregates(version_ids=["flv_triage1"]))
    assert aggregate.total.evaluator_version_id == "evv_Short"
    assert aggregate.total.mean() == 1.0


def test_of_judgments_the_newest_are_kept(place: Place, tmp_path: Path) -> None:
    home = tmp_path / "x"
    write_file(home, [SHORT], 0, None)
    judged = [judgment(f"log_j{n}", SHORT, "log_1", bool(n % 2), 10 + n) for n in range(3)]
    write_file(home, [EXPERIMENT], 0, [log("flow", "log_1", EXPERIMENT, 1, evaluator_logs=judged)])
    report = place.bring(home)
    assert told(report) == [("logs", "skipped", "log_j0")]
    kept = place.read(lambda tx: tx.logs.judgments(judged_ids=["log_1"]))
    assert {one.id: one.is_automatic for one in kept} == {"log_j1": False, "log_j2": True}
    again = place.bring(home)
    assert (acts(again, "made"), told(again)) == (0, told(report))


def test_traces_are_whole(place: Place, sample: Path) -> None:
    place.bring(sample)
    trace = place.read(lambda tx: tx.logs.of_trace(trace_id="log_root"))
    assert {one.id for one in trace} == {
        "log_root",
        "log_answer",
        "log_search",
        "log_gone",
        "log_taken",
        "log_deep0",
        "log_deep1",
        "log_deep2",
        "log_agent",
        "log_turn",
    }
    assert {one.trace_flow_id for one in trace} == {"fl_triage"}
    assert log_of(place, "log_search").trace_parent_id == "log_answer"
    assert log_of(place, "log_turn").trace_parent_id == "log_agent"


def test_a_trace_is_mended_when_what_was_missing_comes(place: Place, tmp_path: Path) -> None:
    root = log("flow", "log_1", EXPERIMENT, 1)
    middle = log("prompt", "log_2", ANSWER[0], 2, trace_parent_id="log_1")
    leaf = log("prompt", "log_3", ANSWER[0], 3, trace_parent_id="log_2")
    for number, some in enumerate([[leaf, root], [leaf, root, middle]]):
        home = tmp_path / str(number)
        write_file(home, [EXPERIMENT], 0, [])
        write_file(home, ANSWER, 0, some)
        place.bring(home)
    assert log_of(place, "log_3").trace_id == "log_1"
    assert {one.id for one in place.read(lambda tx: tx.logs.of_trace(trace_id="log_1"))} == {
        "log_1",
        "log_2",
        "log_3",
    }


def test_files_that_only_logs_show_are_made(place: Place, sample: Path) -> None:
    place.bring(sample)
    assert file_of(place, "pr_gone").path == "Support/Gone"
    assert file_of(place, "tl_taken").path == "Support/Answer (tl_taken)"


def test_the_node_of_a_flow_stays_one(place: Place, tmp_path: Path) -> None:
    node = version("tool", "tl_node", "MedQA/Step", "tv_node", {"attributes": {"n": 1}})
    root = log("flow", "log_1", EXPERIMENT, 1)
    root["trace_children"] = [log("tool", "log_2", node, 2, trace_parent_id="log_1")]
    write_file(tmp_path / "x", [EXPERIMENT], 0, [root])
    report = place.bring(tmp_path / "x")
    assert report.told == []
    assert report.is_clean
    kept = file_of(place, "tl_node")
    assert (kept.path, kept.owner_id) == ("MedQA/Step", "fl_exp")
    assert place.read(lambda tx: tx.files.page(FileQuery(), skip=0, take=10)[1]) == 1
    assert acts(place.bring(tmp_path / "x"), "made") == 0


def test_an_agent_moves_in_and_out_again(place: Place, sample: Path) -> None:
    """Of the files that its tools link, only the links are its content; one that is gone stays linked."""
    place.bring(sample)
    kept = place.read(lambda tx: tx.versions.get(id="agv_one"))
    assert json.loads(kept.content) == {
        "model": "m",
        "template": [{"role": "system", "content": "You know {{topic}}"}],
        "tools": [
            {"type": "file", "link": {"file_id": "tl_search"}, "on_agent_call": "continue"},
            {"type": "file", "link": {"file_id": "fl_gone", "version_id": "flv_gone"}},
            {
                "type": "inline",
                "json_schema": {"name": "stop", "description": "Ends", "strict": None, "parameters": None},
                "on_agent_call": "stop",
            },
        ],
        "max_iterations": 5,
    }
    assert (file_of(place, "ag_one").path, kept.logs_count) == ("Support/Assistant", 1)


def test_a_judgment_on_a_log_of_an_agent_is_kept(place: Place, tmp_path: Path) -> None:
    agent = version("agent", "ag_1", "A", "agv_1", {"model": "m"})
    write_file(tmp_path / "x", [agent], 0, [log("agent", "log_1", agent, 1)])
    write_file(tmp_path / "x", [SHORT], 0, [judgment("log_2", SHORT, "log_1", True, 2)])
    report = place.bring(tmp_path / "x")
    assert report.is_clean
    assert (log_of(place, "log_1").trace_flow_id, log_of(place, "log_2").judged_id) == ("ag_1", "log_1")


def test_a_judgment_of_nothing_is_refused(place: Place, tmp_path: Path) -> None:
    write_file(tmp_path / "x", [SHORT], 0, [judgment("log_2", SHORT, "log_1", True, 2)])
    report = place.bring(tmp_path / "x")
    assert told(report) == [("logs", "refused", "log_2")]
    assert not report.is_clean


def test_missing_logs_are_reported(place: Place, tmp_path: Path) -> None:
    write_file(tmp_path / "x", [EXPERIMENT], 0, [log("flow", "log_1", EXPERIMENT, 1)])
    (short,) = place.bring(tmp_path / "x").missing
    assert (short.version_id, short.expected, short.found) == ("flv_exp", 5, 1)


def test_an_export_without_logs_misses_none(place: Place, tmp_path: Path) -> None:
    write_file(tmp_path / "x", [EXPERIMENT], 0, None)
    report = place.bring(tmp_path / "x")
    assert report.missing == []
    assert report.notes == ["The export holds no logs: it was made without EXPORT_LOGS=true."]
    shown = version_of(place, "flv_exp")
    assert (shown.logs_count, shown.last_used_at.isoformat()) == (0, at(0, day=3) + "+00:00")


def test_a_rehearsal_tells_all_and_keeps_nothing(
    place: Place, sample: Path, tmp_path: Path, make_place: Callable[[], Place]
) -> None:
    before = contents(place.take(tmp_path / "before"))
    rehearsal = place.bring(sample, is_rehearsal=True)
    assert contents(place.take(tmp_path / "after")) == before
    assert place.read(lambda tx: tx.access.user(id="usr_ann")) is None
    real = make_place().bring(sample)
    assert rehearsal.is_rehearsal
    assert {sort: counts["made"] for sort, counts in rehearsal.outcomes.items()} == {
        sort: counts["made"] for sort, counts in real.outcomes.items()
    }


def test_an_import_that_was_cut_off_goes_on(
    place: Place,
    sample: Path,
    tmp_path: Path,
    make_place: Callable[[], Place],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("headrace.cli.humanloop_moving.MOST_PARTS", 2)
    whole = make_place()
    whole.bring(sample)
    wanted = contents(whole.take(tmp_path / "wanted"))
    for most in range(0, 51, 3):
        left = iter(range(most))

        def cut(batch: bytes, left: Any = left) -> bytes:
            if next(left, None) is None:
                raise OSError("cut off")
            return place.hand_in(batch)

        try:
            place.bring(sample, hand_in=cut)
        except OSError:
            continue
    assert place.bring(sample).is_clean
    assert contents(place.take(tmp_path / "found")) == wanted


def flow_here(place: Place, path: str, **attributes: Any) -> str:
    """A flow that is here already; its id."""
    submission = versions.Submission(
        kind="flow", ref=None, path=path, content=json.dumps(attributes).encode(), parsed=attributes
    )
    made = place.runner.run(versions.upsert(place.ports, place.local, submission))
    return made.file.id


def test_a_path_that_is_taken_is_refused_with_all_that_belongs_to_it(place: Place, sample: Path) -> None:
    ours = flow_here(place, "Support/Triage")
    report = place.bring(sample)
    assert ("files", "refused", "fl_triage") in told(report)
    assert f"the path `Support/Triage` is taken here by Flow {ours}" in notes(report)
    skipped = [one for one in told(report) if one[1] == "skipped"]
    assert {one[0] for one in skipped} == {
        "versions",
        "deployments",
        "monitors",
        "logs",
        "evaluations",
        "runs",
        "run_links",
        "run_logs",
    }
    assert file_of(place, "fl_exp").path == "MedQA"
    assert not report.is_clean
    assert place.read(lambda tx: tx.logs.page(LogQuery(file_id=ours), skip=0, take=9)) == ([], 0)


def test_a_path_that_is_a_directory_is_refused(place: Place, tmp_path: Path) -> None:
    flow_here(place, "MedQA/inner")
    write_file(tmp_path / "x", [EXPERIMENT], 0, None)
    assert "the path `MedQA` is a directory here" in notes(place.bring(tmp_path / "x"))


def test_a_directory_where_a_file_is_is_refused(place: Place, sample: Path) -> None:
    flow_here(place, "Support")
    report = place.bring(sample)
    assert ("directories", "refused", "Support") in told(report)
    assert ("files", "refused", "fl_triage") in told(report)
    assert ("files", "made", "ev_Short") not in told(report)
    assert file_of(place, "ev_Short").path == "Checks/Short"


def test_the_same_id_with_other_content_is_told(place: Place, tmp_path: Path) -> None:
    one = log("flow", "log_1", EXPERIMENT, 1)
    write_file(tmp_path / "x", [EXPERIMENT], 0, [one])
    place.bring(tmp_path / "x")
    changed = {**EXPERIMENT, "attributes": {"other": 1}, "version_name": "new", "description": "Other"}
    write_file(tmp_path / "y", [changed], 0, [{**one, "output": "other", "flow": changed}])
    report = place.bring(tmp_path / "y")
    assert [(one.sort, one.act, one.note) for one in report.told] == [
        ("files", "different", "here it has another description"),
        ("versions", "different", "here it has another content and name"),
        ("logs", "different", "here it has another payload"),
    ]
    assert not report.is_clean
    assert version_of(place, "flv_exp").name is None


def test_the_same_content_under_another_id_is_refused(place: Place, tmp_path: Path) -> None:
    write_file(tmp_path / "x", [EXPERIMENT], 0, None)
    place.bring(tmp_path / "x")
    write_file(tmp_path / "y", [{**EXPERIMENT, "version_id": "flv_2"}], 0, None)
    report = place.bring(tmp_path / "y")
    assert "version flv_exp has the same content here" in notes(report)


def test_what_was_deleted_here_does_not_come_back(place: Place, sample: Path) -> None:
    place.bring(sample)
    place.runner.run(versions.delete_file(place.ports, place.local, kind="flow", ref="fl_exp"))
    report = place.bring(sample)
    assert ("files", "refused", "fl_exp") in told(report)
    assert "its ID belongs to something that was deleted here" in notes(report)


def test_a_moved_file_and_a_new_deployment_stay_as_they_are(place: Place, sample: Path) -> None:
    place.bring(sample)
    ports, local = place.ports, place.local
    place.runner.run(
        files.move(ports, local, kind="flow", ref="fl_exp", path="Elsewhere/It", name=None, directory_id=None)
    )
    place.runner.run(files.describe(ports, local, ref="fl_triage", texts=NewTexts(readme="Ours")))
    report = place.bring(sample)
    assert [(one.id, one.note) for one in report.told if one.act == "different"] == [
        ("fl_exp", "here it has another path"),
        ("fl_triage", "here it has another readme"),
    ]
    assert file_of(place, "fl_exp").path == "Elsewhere/It"


def test_a_moved_directory_stays_where_it_is(place: Place, sample: Path) -> None:
    place.bring(sample)
    place.runner.run(
        directories.update(
            place.ports, place.local, ref="dir_checks", path="Moved/Checks", name=None, parent_id=None
        )
    )
    report = place.bring(sample)
    assert "here it was moved to `Moved/Checks`" in notes(report)
    assert acts(report, "refused") == 0
    assert place.read(lambda tx: tx.files.at(path="Checks")) is None


def test_an_environment_that_is_in_use_keeps_its_id(place: Place, sample: Path) -> None:
    ours = flow_here(place, "Ours")
    report = place.bring(sample)
    assert any("has the ID env_" in note for note in notes(report))
    assert any("here its ID is dir_" in note for note in notes(report))
    assert report.is_clean
    names = place.read(lambda tx: {one.id: one.name for one in tx.environments.all()})
    assert "env_prod" not in names
    pointers = place.read(lambda tx: tx.pointers.of_file(file_id="pr_answer"))
    assert {names[one.pointer_id]: one.version_id for one in pointers} == {
        "staging": "prv_answer1",
        "production": "prv_answer2",
    }
    assert file_of(place, ours).path == "Ours"


def test_another_default_environment_is_the_default_of_an_empty_server(place: Place, tmp_path: Path) -> None:
    live = {**PRODUCTION, "id": "env_live", "name": "live"}
    there = [live, {**PRODUCTION, "tag": "other"}, STAGING]
    write_file(tmp_path / "x", [{**EXPERIMENT, "environments": there}], 0, None)
    assert place.bring(tmp_path / "x").is_clean
    found = place.read(lambda tx: {one.name: (one.id, one.tag.value) for one in tx.environments.all()})
    assert found == {
        "live": ("env_live", "default"),
        "production": ("env_prod", "other"),
        "staging": ("env_stag", "other"),
    }


def test_content_that_is_none_of_its_kind_is_refused_alone(place: Place, tmp_path: Path) -> None:
    bad = version("evaluator", "ev_1", "E", "evv_1", {"spec": {"return_type": "boolean"}})
    write_file(tmp_path / "x", [bad], 0, None)
    write_file(tmp_path / "x", [EXPERIMENT], 0, None)
    report = place.bring(tmp_path / "x")
    assert ("versions", "refused", "evv_1") in told(report)
    assert version_of(place, "flv_exp").id == "flv_exp"


def test_a_batch_that_the_server_refuses_is_told_of_a_single_part(place: Place, tmp_path: Path) -> None:
    write_file(tmp_path / "x", [EXPERIMENT], 0, [log("flow", "log_1", EXPERIMENT, 1)])

    def hand_in(batch: bytes) -> bytes:
        if batch.startswith(b'{"logs"'):
            raise Refusal("too large", 413)
        return place.hand_in(batch)

    report = place.bring(tmp_path / "x", hand_in=hand_in)
    assert [(one.id, one.note) for one in report.told] == [("log_1", "too large")]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"logs": 5}', b'{"files": [{}]}', b"[" * 100_000, b"\xff"])
def test_what_is_no_batch_is_refused(place: Place, body: bytes) -> None:
    with pytest.raises(Malformed):
        place.hand_in(body)


@pytest.mark.parametrize("right", [Right.READER, Right.RUNNER, Right.EDITOR])
def test_only_an_admin_moves_in(place: Place, right: Right) -> None:
    who = msgspec.structs.replace(place.local, right=right)
    with pytest.raises(Forbidden):
        place.runner.run(place.moves.bring_in(who, b"{}"))


def test_a_directory_alone_is_taken_out(place: Place, sample: Path, tmp_path: Path) -> None:
    place.bring(sample)
    home = place.take(tmp_path / "out", path="Checks", with_logs=False)
    assert sorted(one.name for one in (home / "files").iterdir()) == [
        "ev_Accuracy",
        "ev_Outside",
        "ev_Short",
        "ev_rating",
    ]
    assert not (home / "files/ev_Short/logs").exists()


def test_an_export_has_the_layout_of_the_tool(place: Place, sample: Path, tmp_path: Path) -> None:
    place.bring(sample)
    folder = place.take(tmp_path / "out") / "files" / "fl_exp"
    assert sorted(one.name for one in folder.iterdir()) == [
        ".done",
        "deployments.json",
        "file.json",
        "logs",
        "versions",
    ]
    assert json.loads((folder / "deployments.json").read_text()) == [
        {
            "version_id": "flv_exp",
            "environment_id": "env_prod",
            "environment_name": "production",
            "environment_tag": "default",
        }
    ]
    assert list((tmp_path / "out/files/ev_Accuracy/logs").iterdir()) == []


def piece(part: str, value: Any = None, *, file_id: str = "fl_1", id: str = "") -> Piece:
    return Piece(part=part, file_id=file_id, id=id, value=msgspec.Raw(json.dumps(value).encode()))


@pytest.mark.parametrize(("logs", "sizes"), [(1001, [1001]), (1002, [1001, 1]), (2002, [1001, 1000, 1])])
def test_the_first_page_of_logs_has_one_more(tmp_path: Path, logs: int, sizes: list[int]) -> None:
    """Humanloop 6, quirk 1."""
    writer = Writer(tmp_path / "out", with_logs=True)
    for file_id in ("fl_1", "fl_2"):
        writer.take(piece("file", {}, file_id=file_id))
        for number in range(logs):
            writer.take(piece("log", {"id": number}, file_id=file_id))
        writer.take(piece("done", file_id=file_id))
        pages = [tmp_path / f"out/files/{file_id}/logs/{page}.jsonl" for page in range(1, len(sizes) + 1)]
        assert [len(page.read_text().splitlines()) for page in pages] == sizes
        assert json.loads(pages[0].read_text().splitlines()[0]) == {"id": 0}
    assert (writer.files, writer.logs) == (2, 2 * logs)


@pytest.mark.parametrize("id", ["../x", "", ".", "a/b", "/etc"])
def test_nothing_is_written_elsewhere(tmp_path: Path, id: str) -> None:
    writer = Writer(tmp_path / "out", with_logs=True)
    with pytest.raises(NoName):
        writer.take(piece("file", {}, file_id=id))
    writer.take(piece("file", {}))
    with pytest.raises(NoName):
        writer.take(piece("version", {"version_id": id, "environments": []}, id=id))


def test_a_flow_that_only_has_a_draft_is_taken_out(
    place: Place, make_place: Callable[[], Place], tmp_path: Path
) -> None:
    content = b'{"definition": {"nodes": [], "connections": []}}'
    edit = Edit(kind="flow", short_name="only-a-draft", description=None, content=content, labels={})
    place.runner.run(drafts.create(place.ports, place.local, edit))
    first = contents(place.take(tmp_path / "first"))
    other = make_place()
    assert other.bring(tmp_path / "first").is_clean
    second = contents(other.take(tmp_path / "second"))
    assert {name.rpartition("/")[2][:3] for name in first} == {name.rpartition("/")[2][:3] for name in second}


def test_trouble_of_reading_is_in_the_report(place: Place, tmp_path: Path) -> None:
    write_file(tmp_path / "x", [EXPERIMENT], 0, [])
    write_json(tmp_path / "x/files/fl_2/versions/flv_2", {"id": 5})
    report = place.bring(tmp_path / "x")
    assert not report.is_clean
    text = "\n".join(report.lines())
    assert "Not readable:" in text
    assert "files/fl_2/versions/flv_2" in text


IDS = st.sampled_from(["a", "b", "c", "", "\0", "x" * 300, "ü/%2F"])
KNOWN = st.sampled_from(["a", "a", "a", "a", "b", "c", "", "\0", "ü/%2F"])
TEXTS = st.sampled_from(["", "plain", "a/b", "/", "\0", "..", "x" * 2000, " a ", "日本語"])
MOMENTS = st.sampled_from(
    ["0001-01-01T00:00:00Z", "1969-07-20T20:17:00Z", "2025-03-01T00:00:00Z", "9999-12-31T23:59:59Z"]
)
EMPTY_CASE = case_of(inputs=None, messages=None, target=None).digest
PARTS = {
    "directories": {"path": TEXTS, "kept_id": st.none() | IDS, "created_at": MOMENTS},
    "environments": {
        "id": IDS,
        "name": TEXTS,
        "is_default": st.booleans(),
        "created_at": st.none() | MOMENTS,
    },
    "files": {
        "id": IDS,
        "kind": st.sampled_from(["flow", "prompt", "evaluator", "dataset", "agent", "", "dir"]),
        "path": TEXTS,
        "description": st.none() | TEXTS,
        "tags": st.lists(TEXTS, max_size=2),
        "author": st.none() | st.fixed_dictionaries({"id": IDS, "email": TEXTS, "full_name": TEXTS}),
        "created_at": MOMENTS,
        "updated_at": MOMENTS,
        "is_stray": st.booleans(),
    },
    "datapoints": {
        "id": IDS,
        "file_id": IDS,
        "value": st.sampled_from([None, [], {}, {"inputs": {"q": "\0"}}, {"target": 5}, {"messages": []}]),
    },
    "versions": {
        "id": IDS,
        "file_id": IDS,
        "kind": st.sampled_from(["flow", "prompt", "evaluator", "dataset", "agent"]),
        "content": st.sampled_from(
            [
                {},
                [],
                None,
                {"attributes": {}},
                {"attributes": {"definition": {}}},
                {"model": "m"},
                {"spec": {}},
                {"datapoints": []},
                {"datapoints": [EMPTY_CASE], "attributes": {"n": 1e308}},
                {"datapoints": [EMPTY_CASE, "\0"]},
                {"datapoints": [EMPTY_CASE]},
            ]
        ),
        "name": st.none() | TEXTS,
        "created_at": MOMENTS,
        "updated_at": MOMENTS,
        "last_used_at": MOMENTS,
        "is_hidden": st.booleans(),
    },
    "deployments": {"file_id": IDS, "version_id": IDS, "environment_id": IDS, "environment_name": TEXTS},
    "monitors": {
        "file_id": IDS,
        "evaluator_id": IDS,
        "version_id": st.none() | IDS,
        "environment_id": st.none() | IDS,
        "environment_name": st.none() | TEXTS,
        "is_active": st.booleans(),
        "created_at": MOMENTS,
        "updated_at": MOMENTS,
    },
    "logs": {
        "id": IDS,
        "kind": st.sampled_from(["flow", "prompt", "evaluator", "agent"]),
        "file_id": IDS,
        "version_id": IDS,
        "created_at": MOMENTS,
        "start_time": st.none() | MOMENTS,
        "end_time": st.none() | MOMENTS,
        "parent_id": st.none() | IDS,
        "judged_id": st.none() | IDS,
        "judgment": st.sampled_from([None, True, 1, 1.5, "a", [], {}]),
        "is_automatic": st.booleans(),
        "user": st.none() | TEXTS,
        "prompt_tokens": st.none() | st.sampled_from([0, -1, 2**63, 2**70]),
        "prompt_cost": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "payload": st.sampled_from(
            [{}, {"inputs": 5}, {"output": 5}, {"messages": {}}, {"output": "\0"}, [], 5]
        ),
    },
    "evaluations": {
        "id": KNOWN,
        "file_id": KNOWN,
        "name": st.none() | TEXTS,
        "seats": st.lists(
            st.fixed_dictionaries(
                {"version_id": KNOWN, "is_orchestrated": st.booleans(), "added_at": MOMENTS}
            ),
            max_size=2,
        ),
        "created_at": MOMENTS,
        "updated_at": MOMENTS,
    },
    "runs": {
        "id": KNOWN,
        "file_id": KNOWN,
        "version_id": st.none() | KNOWN,
        "dataset_id": st.none() | KNOWN,
        "dataset_version_id": st.none() | KNOWN,
        "is_orchestrated": st.booleans(),
        "status": st.sampled_from(["pending", "running", "completed", "cancelled"]),
        "created_at": MOMENTS,
    },
    "run_links": {"evaluation_id": KNOWN, "run_id": KNOWN, "is_control": st.booleans(), "added_at": MOMENTS},
    "run_logs": {
        "run_id": KNOWN,
        "log_id": KNOWN,
        "datapoint_id": st.none() | KNOWN,
        "digest": st.none() | st.sampled_from([EMPTY_CASE, "\0"]),
    },
}
WHOLE: dict[str, Any] = {
    "files": [
        {"id": id_, "kind": kind, "path": id_, "created_at": at(0) + "Z", "updated_at": at(0) + "Z"}
        for id_, kind in (("a", "flow"), ("b", "dataset"))
    ],
    "datapoints": [{"id": "a", "file_id": "b", "value": {}}],
    "logs": [
        {
            "id": "a",
            "kind": "flow",
            "file_id": "a",
            "version_id": "a",
            "created_at": at(0) + "Z",
            "payload": {},
        }
    ],
    "versions": [
        {
            "id": id_,
            "file_id": id_,
            "kind": kind,
            "content": content,
            "created_at": at(0) + "Z",
            "updated_at": at(0) + "Z",
            "last_used_at": at(0) + "Z",
        }
        for id_, kind, content in (
            ("a", "flow", {"attributes": {}}),
            ("b", "dataset", {"datapoints": [EMPTY_CASE]}),
        )
    ],
}
"""A flow and a dataset, so that what is made at random is of something now and then."""
BATCHES = st.fixed_dictionaries(
    {sort: st.lists(st.fixed_dictionaries(members), max_size=4) for sort, members in PARTS.items()}
)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_no_batch_whatever_breaks_the_server(kind: str) -> None:
    """Each part is made or refused, and what was made can be taken out."""

    @settings(max_examples=40, deadline=None)
    @given(batches=st.lists(BATCHES, min_size=1, max_size=3))
    def run(batches: list[dict[str, Any]]) -> None:
        with TemporaryDirectory() as folder, asyncio.Runner() as runner:
            store = MemoryStore() if kind == "memory" else open_store(store_file(Path(folder) / "it.db"))
            try:
                place = new_place(runner, store)
                for batch in [WHOLE, *batches]:
                    with suppress(Malformed):
                        place.hand_in(json.dumps(batch).encode())
                with suppress(NoName):
                    place.take(Path(folder) / "out")
            finally:
                runner.run(store.close())

    run()


@pytest.mark.parametrize("count", [2**63, -(2**63) - 1, 2**70])
@pytest.mark.parametrize("name", ["prompt_tokens", "reasoning_tokens", "output_tokens"])
def test_a_count_that_no_store_can_hold_is_refused(place: Place, name: str, count: int) -> None:
    (log,) = WHOLE["logs"]
    with pytest.raises(Malformed, match=name):
        place.hand_in(json.dumps({"logs": [{**log, name: count}]}).encode())
