"""Reading what the export tool leaves behind: every quirk, and never an exception."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.exchange.humanloop_sample import (
    ANSWER,
    ASSISTANT,
    EXPERIMENT,
    FIRST_PAGE,
    FOREIGN_ID,
    GONE,
    MONITORS,
    PAGE,
    QUESTIONS,
    SHORT,
    Thing,
    at,
    judgment,
    log,
    version,
    write_file,
    write_json,
    write_lines,
)

from headrace.apis.humanloop.exchange.folder import NoExport, open_export
from headrace.apis.humanloop.exchange.lenient import Unreadable, readable
from headrace.cli.humanloop_spool import Spool
from headrace.cli.import_humanloop import Progress, read_all
from headrace.services.exchange_humanloop.parts import LogPart


@pytest.fixture
def spool() -> Iterator[Spool]:
    with TemporaryDirectory() as place:
        spool = Spool(Path(place))
        yield spool
        spool.close()


def read(home: Path, spool: Spool) -> Spool:
    read_all(open_export(home), spool, Progress())
    return spool


def logs(spool: Spool) -> dict[str, LogPart]:
    return {part.id: part for part, _ in spool.log_parts()}


def members(part: LogPart) -> Any:
    return json.loads(bytes(part.payload))


def one_flow(home: Path, logs: list[Thing], **more: Any) -> Path:
    write_file(home, [{**EXPERIMENT, **more}], 0, logs)
    return home


def test_the_whole_sample_is_read(sample: Path, spool: Spool) -> None:
    read(sample, spool)
    assert spool.troubles == []
    assert spool.count("files") == {
        "agent": 1,
        "dataset": 2,
        "evaluator": 4,
        "flow": 2,
        "prompt": 2,
        "tool": 2,
    }
    assert spool.count("versions") == {
        "agent": 1,
        "dataset": 2,
        "evaluator": 4,
        "flow": 4,
        "prompt": 3,
        "tool": 3,
    }
    assert spool.count("logs") == {"agent": 1, "evaluator": 4, "flow": 11, "prompt": 4, "tool": 2}
    assert spool.count("run_logs") == {"run": 5}


def test_a_log_is_one_however_often_it_occurs(sample: Path, spool: Spool) -> None:
    """Quirk 4: in its own file, below its parent, in an evaluation and as a judgment."""
    read(sample, spool)
    assert spool.copies == 24
    assert logs(spool)["log_root"].version_id == "flv_triage1"


def test_the_copy_with_more_in_it_is_kept_and_filled_up(tmp_path: Path, spool: Spool) -> None:
    full = log("flow", "log_1", EXPERIMENT, 1, stdout="said", user="ann", source=None, metadata={"a": 1})
    poor = log("flow", "log_1", EXPERIMENT, 1, output=None, source="here", metadata=None)
    for order in ([full, poor], [poor, full]):
        home = one_flow(tmp_path / str(order[0] is full), order)
        with TemporaryDirectory() as place:
            other = Spool(Path(place))
            part = logs(read(home, other))["log_1"]
            other.close()
        assert (part.user, part.source) == ("ann", "here")
        assert members(part) == {
            "inputs": {},
            "output": "out of log_1",
            "stdout": "said",
            "metadata": {"a": 1},
        }


def test_lines_may_come_in_any_order_and_files(tmp_path: Path, spool: Spool) -> None:
    """Quirks 1 and 2."""
    many = [log("flow", f"log_{number}", EXPERIMENT, number % 1000) for number in range(2500)]
    home = one_flow(tmp_path / "x", many[::-1])
    sizes = [
        len((home / "files/fl_exp/logs" / f"{page}.jsonl").read_text().splitlines()) for page in (1, 2, 3)
    ]
    assert sizes == [FIRST_PAGE, PAGE, 2500 - FIRST_PAGE - PAGE]
    parts = list(logs(read(home, spool)).values())
    assert len(parts) == 2500
    assert [part.created_at for part in parts] == sorted(part.created_at for part in parts)


def test_parents_come_before_children_and_judged_logs_before_judgments(sample: Path, spool: Spool) -> None:
    order = list(logs(read(sample, spool)))
    for part in logs(spool).values():
        for needed in (part.parent_id, part.judged_id):
            assert needed is None or order.index(needed) < order.index(part.id)


def test_logs_that_need_each_other_are_given_out_all_the_same(tmp_path: Path, spool: Spool) -> None:
    one = log("flow", "log_1", EXPERIMENT, 1, trace_parent_id="log_2")
    other = log("flow", "log_2", EXPERIMENT, 2, trace_parent_id="log_1")
    own = log("flow", "log_3", EXPERIMENT, 3, trace_parent_id="log_3")
    assert set(logs(read(one_flow(tmp_path / "x", [one, other, own]), spool))) == {"log_1", "log_2", "log_3"}


def test_a_child_is_one_by_where_it_stands(tmp_path: Path, spool: Spool) -> None:
    child = log("prompt", "log_2", ANSWER[0], 2)
    judged = judgment("log_3", SHORT, "", True, 3)
    root = log("flow", "log_1", EXPERIMENT, 1, trace_children=[child], evaluator_logs=[judged])
    parts = logs(read(one_flow(tmp_path / "x", [root]), spool))
    assert parts["log_2"].parent_id == "log_1"
    assert parts["log_3"].judged_id == "log_1"


def test_a_deep_trace_is_read_to_its_end(tmp_path: Path, spool: Spool) -> None:
    root = inner = log("flow", "log_0", EXPERIMENT, 0)
    for depth in range(1, 150):
        nested = log("flow", f"log_{depth}", EXPERIMENT, depth)
        inner["trace_children"] = [nested]
        inner = nested
    parts = logs(read(one_flow(tmp_path / "x", [root]), spool))
    assert len(parts) == 150
    assert parts["log_149"].parent_id == "log_148"


def test_versions_that_only_logs_show_are_found(sample: Path, spool: Spool) -> None:
    """Quirk 5."""
    read(sample, spool)
    strays = {part.id for kind in ("prompt", "tool") for part in spool.file_parts(kind, is_stray=True)}
    assert strays == {"pr_gone", "tl_taken"}
    hidden = {part.id for part in spool.version_parts("flow") if part.is_hidden}
    assert hidden == {"flv_triage0"}
    assert [part.is_hidden for part in spool.version_parts("prompt") if part.id == GONE["version_id"]] == [
        False
    ]


def test_directories_are_told_by_the_files_in_them(sample: Path, spool: Spool) -> None:
    """Quirk 8."""
    found = {part.path: part.kept_id for part in read(sample, spool).directory_parts()}
    assert found == {
        "": "dir_root",
        "Checks": "dir_checks",
        "Lab": None,
        "Lab/Old": "dir_old",
        "Support": "dir_support",
    }


def test_environments_are_told_by_deployments(sample: Path, spool: Spool) -> None:
    """Quirk 9."""
    found = {part.id: (part.name, part.is_default) for part in read(sample, spool).environment_parts()}
    assert found == {"env_prod": ("production", True), "env_stag": ("staging", False)}
    assert all(part.created_at is not None for part in spool.environment_parts())


def test_an_environment_of_deployments_alone_is_read_too(tmp_path: Path, spool: Spool) -> None:
    home = one_flow(tmp_path / "x", [], environments=[])
    line = {
        "version_id": "flv_exp",
        "environment_id": "env_9",
        "environment_name": "canary",
        "environment_tag": "other",
    }
    write_json(home / "files/fl_exp/deployments.json", [line])
    read(home, spool)
    assert [part.name for part in spool.environment_parts()] == ["canary"]
    assert [part.environment_id for part in spool.deployment_parts("flow")] == ["env_9"]


@pytest.mark.parametrize(
    "text", ["2025-03-01T00:07:00.5", "2025-03-01T00:07:00.500000Z", "2025-03-01T02:07:00.5+02:00"]
)
def test_times_may_have_a_zone_or_none(tmp_path: Path, spool: Spool, text: str) -> None:
    """Quirk 10."""
    home = one_flow(tmp_path / "x", [log("flow", "log_1", EXPERIMENT, 1, created_at=text, end_time=text)])
    part = logs(read(home, spool))["log_1"]
    assert part.created_at.isoformat() == "2025-03-01T00:07:00.500000+00:00"
    assert part.end_time == part.created_at


def test_the_kind_is_told_by_the_id_where_it_is_not_said(tmp_path: Path, spool: Spool) -> None:
    """Quirk 11."""
    silent = {key: value for key, value in EXPERIMENT.items() if key != "type"}
    write_file(tmp_path / "x", [silent], 0, None)
    assert read(tmp_path / "x", spool).count("files") == {"flow": 1}


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"trace_status": "complete"}, "complete"),
        ({"trace_status": "complete", "log_status": "incomplete"}, "incomplete"),
        ({"log_status": None}, "incomplete"),
        ({}, "incomplete"),
    ],
)
def test_old_names_of_the_status_are_known(tmp_path: Path, spool: Spool, said: Thing, wanted: str) -> None:
    """Quirk 12."""
    one = log("flow", "log_1", EXPERIMENT, 1)
    del one["log_status"]
    assert logs(read(one_flow(tmp_path / "x", [one | said]), spool))["log_1"].status == wanted


def test_a_commit_message_is_a_description(sample: Path, spool: Spool) -> None:
    """Quirk 12."""
    read(sample, spool)
    assert {part.description for part in spool.version_parts("prompt")} == {"Change 1", "Change 2", None}


def test_a_deleted_version_of_old_is_hidden(tmp_path: Path, spool: Spool) -> None:
    old = version("prompt", "pr_1", "P", "prv_1", {"model": "m"}, status="deleted")
    write_file(tmp_path / "x", [old], 0, None)
    assert [part.is_hidden for part in read(tmp_path / "x", spool).version_parts("prompt")] == [True]


def test_a_folder_that_is_not_whole_is_told(tmp_path: Path, spool: Spool) -> None:
    """Quirk 13."""
    home = one_flow(tmp_path / "x", [])
    (home / "files/fl_exp/.done").unlink()
    (trouble,) = read(home, spool).troubles
    assert (trouble.source, trouble.reason) == ("files/fl_exp", "the export did not finish this folder")
    assert spool.count("files") == {"flow": 1}


def test_monitoring_evaluators_are_read_with_their_versions(sample: Path, spool: Spool) -> None:
    """Quirk 16."""
    first, second = read(sample, spool).monitor_parts("flow")
    assert (first.evaluator_id, first.version_id, first.environment_name) == (
        "ev_rating",
        None,
        "production",
    )
    assert (second.version_id, second.environment_id, second.is_active) == ("evv_Short", None, True)


def test_an_evaluator_that_only_monitoring_shows_is_found(tmp_path: Path, spool: Spool) -> None:
    monitor = {
        "version_reference": {"type": "version", "version": SHORT},
        "state": "active",
        "created_at": at(1),
        "updated_at": at(1),
    }
    read(one_flow(tmp_path / "x", [], evaluators=[monitor]), spool)
    assert [part.id for part in spool.file_parts("evaluator", is_stray=True)] == ["ev_Short"]


def test_missing_logs_are_counted(tmp_path: Path, spool: Spool) -> None:
    """Quirk 3."""
    home = one_flow(tmp_path / "x", [log("flow", "log_1", EXPERIMENT, 1)])
    (short,) = read(home, spool).short_versions()
    assert (short.version_id, short.path, short.expected, short.found) == ("flv_exp", "MedQA", 5, 1)


def test_missing_datapoints_are_counted(tmp_path: Path, spool: Spool) -> None:
    folder = write_file(tmp_path / "x", [QUESTIONS], 0, None)
    write_lines(folder / "datapoints" / "dsv_q", [{"id": "dp_1"}])
    (short,) = read(tmp_path / "x", spool).short_datapoints
    assert (short.version_id, short.expected, short.found) == ("dsv_q", 3, 1)


def test_what_is_no_strict_json_is_read_as_near_as_can_be(tmp_path: Path, spool: Spool) -> None:
    home = one_flow(tmp_path / "x", [])
    one = log("flow", "log_1", EXPERIMENT, 1, output="half \ud800", metadata={"nan": float("nan"), "k": 1})
    two = log("flow", "log_2", EXPERIMENT, 2, provider_latency=float("inf"), inputs={"n": 10**400})
    write_lines(home / "files/fl_exp/logs", [one, two])
    parts = logs(read(home, spool))
    assert spool.repairs == 1 + 1
    assert members(parts["log_1"])["output"] == "half ?"
    assert members(parts["log_1"])["metadata"] == {"nan": None, "k": 1}
    assert parts["log_2"].provider_latency_s is None
    assert members(parts["log_2"])["inputs"] == {"n": 10**400}


def test_a_broken_line_is_told_and_the_rest_goes_on(tmp_path: Path, spool: Spool) -> None:
    home = one_flow(tmp_path / "x", [])
    broken = [
        "{",
        '"text"',
        "[]",
        "{}",
        json.dumps({"id": "log_x"}),
        json.dumps(log("flow", "log_y", EXPERIMENT, 1, prompt_tokens="five")),
        json.dumps(log("flow", "", EXPERIMENT, 1)),
        json.dumps(log("flow", "x" * 256, EXPERIMENT, 1)),
        json.dumps(log("flow", "log_z", {"id": "fl_1"}, 1)),
        json.dumps(log("flow", "log_w", EXPERIMENT, 1, created_at="yesterday")),
        "[" * 100_000,
        "",
    ]
    good = json.dumps(log("flow", "log_1", EXPERIMENT, 1))
    folder = home / "files/fl_exp/logs"
    folder.mkdir(exist_ok=True)
    (folder / "1.jsonl").write_bytes(("\n".join([*broken, good]) + "\n").encode() + b"\xff\xfe\n")
    assert list(logs(read(home, spool))) == ["log_1"]
    places = {trouble.source for trouble in spool.troubles}
    assert places == {f"files/fl_exp/logs/1.jsonl:{line}" for line in (*range(1, 12), 14)}
    assert any("prompt_tokens" in trouble.reason for trouble in spool.troubles)


def test_the_logs_within_a_broken_log_are_read(tmp_path: Path, spool: Spool) -> None:
    child = log("prompt", "log_2", ANSWER[0], 2)
    broken = log("flow", "log_1", EXPERIMENT, 1, output=5, trace_children=[child])
    assert set(logs(read(one_flow(tmp_path / "x", [broken]), spool))) == {"log_2"}
    assert len(spool.troubles) == 1


@pytest.mark.parametrize("name", ["file.json", "deployments.json", "versions/flv_exp"])
@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"id": 5}', '[{"version_id": null}]'])
def test_a_broken_file_is_told(tmp_path: Path, spool: Spool, name: str, text: str) -> None:
    home = one_flow(tmp_path / "x", [log("flow", "log_1", EXPERIMENT, 1)])
    (home / "files/fl_exp" / name).write_text(text)
    read(home, spool)
    assert list(logs(spool)) == ["log_1"]
    is_empty_list = (name, text) in (("deployments.json", "[]"), ("deployments.json", ""))
    assert spool.troubles or (name, text) == ("deployments.json", "[]") or is_empty_list


@pytest.mark.parametrize("id", ["../../etc", "a/b", "..", "", "a b", "x" * 300])
def test_an_id_that_would_be_a_path_is_no_id_of_a_file(tmp_path: Path, spool: Spool, id: str) -> None:
    home = tmp_path / "x"
    write_json(home / "files/fl_1/file.json", {**EXPERIMENT, "id": id})
    write_json(home / "files/fl_2/file.json", {**EXPERIMENT, "version_id": id})
    assert read(home, spool).count("versions") == {}
    assert len([trouble for trouble in spool.troubles if "ID" in trouble.reason]) == 2


def test_the_ids_of_logs_may_be_anything(sample: Path, spool: Spool) -> None:
    assert {FOREIGN_ID, "..", "log/../../x", "日本語"} <= set(logs(read(sample, spool)))


def test_a_folder_that_is_no_export_is_told_from_one(tmp_path: Path, sample: Path) -> None:
    with pytest.raises(NoExport, match="There is no folder"):
        open_export(tmp_path / "nothing")
    (tmp_path / "bare").mkdir()
    with pytest.raises(NoExport, match="no folder `files`"):
        open_export(tmp_path / "bare")
    (tmp_path / "other" / "files" / "x").mkdir(parents=True)
    with pytest.raises(NoExport, match=r"holds a file\.json"):
        open_export(tmp_path / "other")
    with pytest.raises(NoExport, match=r"Name one of them: .*20250801-120000"):
        open_export(tmp_path)
    (tmp_path / "empty" / "files").mkdir(parents=True)
    assert open_export(tmp_path / "empty") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*log("flow", "x", EXPERIMENT, 1), "parent_id", "parent", *EXPERIMENT]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=50)
@given(changed=st.dictionaries(st.sampled_from(list(log("flow", "x", EXPERIMENT, 1))), JSON, max_size=4))
def test_no_log_whatever_breaks_the_reading(changed: Thing) -> None:
    _read_lines([json.dumps({**log("flow", "log_1", EXPERIMENT, 1), **changed})])


@settings(deadline=None, max_examples=50)
@given(changed=st.dictionaries(st.sampled_from(list(EXPERIMENT)), JSON, max_size=4), text=st.binary())
def test_no_version_whatever_breaks_the_reading(changed: Thing, text: bytes) -> None:
    with TemporaryDirectory() as place:
        home = Path(place) / "x"
        write_json(home / "files/fl_1/file.json", {**EXPERIMENT, **changed})
        (home / "files/fl_1/deployments.json").write_bytes(text)
        spool = Spool(Path(place))
        read(home, spool)
        spool.close()


def _read_lines(lines: list[str]) -> None:
    with TemporaryDirectory() as place:
        home = one_flow(Path(place) / "x", [])
        (home / "files/fl_exp/logs").mkdir(exist_ok=True)
        (home / "files/fl_exp/logs/1.jsonl").write_text("\n".join(lines))
        spool = Spool(Path(place))
        read(home, spool)
        spool.close()


@given(text=st.binary() | st.text().map(str.encode) | JSON.map(json.dumps).map(str.encode))
def test_a_text_is_readable_or_refused(text: bytes) -> None:
    with suppress(Unreadable):
        plain, _ = readable(text)
        json.loads(plain)


def test_a_version_that_another_folder_shows_first_is_none_that_was_deleted(
    tmp_path: Path, spool: Spool
) -> None:
    """The folders of agents are read before those of the evaluators that monitor them."""
    write_file(tmp_path, [{**ASSISTANT, "evaluators": MONITORS}], 0, [])
    write_file(tmp_path, [SHORT], 0, [])
    read(tmp_path, spool)
    (short,) = [one for one in spool.version_parts("evaluator") if one.id == "evv_Short"]
    assert not short.is_hidden
    short_ones = {one.version_id for one in spool.short_versions()}
    assert "evv_Short" in short_ones, "its own folder says how many logs it has"
