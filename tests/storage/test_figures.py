"""Laws of figures of many things, for every store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.storage.things import ABROAD, START, Desk, at, directory, file, judgment, log, release, version

from headrace.core.figures import QUARTER, FileName, Judged, Spent, Used
from headrace.core.files import File, hidden_path
from headrace.core.logs import Usage
from headrace.core.ports import Transaction

EVER = {"start": at(-100_000_000), "end": at(100_000_000)}


@pytest.fixture
def grown(desk: Desk) -> Desk:
    """Files in nested directories, one of them a node's."""

    def fill(tx: Transaction) -> None:
        for path in ("", "a", "a/b", "ab", "ü"):
            above = None if not path else f"dir {path.rpartition('/')[0]}"
            tx.files.add_directory(directory(f"dir {path}", path, parent_id=above))
        for number, path in enumerate(("a/x", "a/b/y", "ab/z", "w")):
            tx.files.add(placed(number, path))
        tx.files.add(
            file(
                "pr_n",
                kind="prompt",
                path=hidden_path(owner_id="fl_0", kind="prompt", name="Ask"),
                short_name="node",
                owner_id="fl_0",
            )
        )

    desk.write(fill)
    return desk


def placed(number: int, path: str) -> File:
    kind = "flow" if number % 2 == 0 else "prompt"
    return file(
        f"fl_{number}",
        kind=kind,
        path=path,
        directory_id=f"dir {path.rpartition('/')[0]}",
        updated_at=at(number // 2),
    )


def test_folders_are_counted_through_all_that_is_below(grown: Desk) -> None:
    def shown(directory_id: str, after: str = "", take: int = 9) -> list[tuple[str, int]]:
        found = grown.read(lambda tx: tx.figures.folders(directory_id=directory_id, after=after, take=take))
        return [(one.path, count) for one, count in found]

    assert shown("dir ") == [("a", 2), ("ab", 1), ("ü", 0)]
    assert shown("dir a") == [("a/b", 1)]
    assert shown("dir ", take=1) == [("a", 2)]
    assert shown("dir ", after="a") == [("ab", 1), ("ü", 0)]
    assert shown("dir none") == []
    assert grown.read(lambda tx: tx.figures.folders(directory_id="dir ", after="", take=9), ABROAD) == []


def test_files_by_their_last_change(grown: Desk) -> None:
    def shown(*kinds: str, before: File | None = None, take: int = 9) -> list[str]:
        since = None if before is None else (before.updated_at, before.id)
        found = grown.read(lambda tx: tx.figures.changed_files(kinds=kinds, before=since, take=take))
        return [one.id for one in found]

    assert shown() == ["fl_3", "fl_2", "fl_1", "fl_0"]
    assert shown("flow") == ["fl_2", "fl_0"]
    assert shown("flow", "prompt", take=2) == ["fl_3", "fl_2"]
    assert shown(before=placed(1, "a/b/y")) == ["fl_0"]
    assert shown("tool") == []


def test_names_by_path(grown: Desk) -> None:
    found = grown.read(lambda tx: tx.figures.file_names(after="", take=9))
    assert [one.path for one in found] == ["a/b/y", "a/x", "ab/z", "w"]
    assert found[0] == FileName(id="fl_1", kind="prompt", path="a/b/y", updated_at=at(0))
    again = grown.read(lambda tx: tx.figures.file_names(after="a/x", take=1))
    assert [one.path for one in again] == ["ab/z"]
    grown.write(lambda tx: tx.files.remove(id="fl_3", at=at(9)))
    assert len(grown.read(lambda tx: tx.figures.file_names(after="", take=9))) == 3


@pytest.fixture
def used(desk: Desk) -> Desk:
    """Two flows with logs, one of which judged, and a prompt with a log in a flow's trace."""
    files = (file(), file("fl_2"), file("pr_1", kind="prompt"), file("ev_1", kind="evaluator"))
    logs = (
        log("log_1", provider_latency_s=0.5, prompt_tokens=3, prompt_cost=0.25),
        log("log_2", created_at=at(1), has_error=True, start_time=at(3), end_time=at(1)),
        log("log_3", version_id="flv_2", created_at=START + QUARTER, start_time=at(1), end_time=at(3)),
        log("log_4", file_id="fl_2", version_id="flv_9"),
        log(
            "log_5",
            kind="prompt",
            file_id="pr_1",
            version_id="prv_1",
            trace_flow_id="fl_1",
            output_tokens=7,
            output_cost=0.5,
        ),
    )

    def fill(tx: Transaction) -> None:
        for one in files:
            tx.files.add(one)
        for made in (*logs, judgment("log_j", judged_id="log_1", judgment=b"true")):
            tx.logs.add(made, at=at(50))

    desk.write(fill)
    return desk


def test_usage_of_files(used: Desk) -> None:
    found = used.read(lambda tx: tx.figures.usage_of_files(file_ids=["fl_1", "fl_2", "fl_none"]))
    assert found == {
        "fl_1": Usage(logs_count=3, last_used_at=at(50)),
        "fl_2": Usage(logs_count=1, last_used_at=at(50)),
    }
    assert used.read(lambda tx: tx.figures.usage_of_files(file_ids=["fl_1"]), ABROAD) == {}


def test_numbers_of_versions(desk: Desk) -> None:
    def fill(tx: Transaction) -> None:
        tx.files.add(file())
        for one in ("flv_1", "flv_2", "flv_3"):
            tx.versions.add(version(one))
        for number, of in ((3, "flv_1"), (1, "flv_1"), (2, "flv_2"), (4, "flv_2")):
            tx.releases.add(release(number, version_id=of))
        tx.releases.remove(file_id="fl_1", number=4)

    desk.write(fill)
    wanted = ["flv_1", "flv_2", "flv_3", "flv_none"]
    assert desk.read(lambda tx: tx.figures.numbers(version_ids=wanted)) == {"flv_1": [1, 3], "flv_2": [2]}
    assert desk.read(lambda tx: tx.figures.numbers(version_ids=["flv_2"])) == {"flv_2": [2]}
    assert desk.read(lambda tx: tx.figures.numbers(version_ids=wanted), ABROAD) == {}


def test_the_last_uses_of_versions(used: Desk) -> None:
    def shown(take: int, *version_ids: str) -> list[Used]:
        found = used.read(lambda tx: tx.figures.last_uses(version_ids=version_ids, take=take))
        return sorted(found, key=lambda one: one.log_id)

    first, second, third = shown(9, "flv_1", "flv_2", "flv_none")
    assert first == Used(log_id="log_1", version_id="flv_1", created_at=START, has_error=False, latency_s=0.5)
    assert (second.has_error, second.latency_s) == (True, 0.0), "no time is negative"
    assert (third.version_id, third.latency_s) == ("flv_2", 2.0)
    assert shown(1, "flv_1", "flv_2") == [second, third]
    assert shown(9, "flv_9")[0].latency_s is None


def test_what_logs_used_by_quarters_of_an_hour(used: Desk) -> None:
    first, second = used.read(lambda tx: tx.figures.spent(file_id="fl_1", **EVER))
    start = START.replace(minute=0, second=0, microsecond=0)
    assert first == Spent(
        start=start, logs=2, errors=1, input_tokens=3, output_tokens=0, cost_usd=0.25, costs=1
    )
    assert second == Spent(
        start=start + QUARTER, logs=1, errors=0, input_tokens=0, output_tokens=0, cost_usd=0.0, costs=0
    )
    [inside] = used.read(lambda tx: tx.figures.spent(file_id="fl_1", start=START, end=START))
    assert (inside.logs, inside.errors) == (1, 0), "both ends are included"
    assert used.read(lambda tx: tx.figures.spent(file_id="fl_none", **EVER)) == []
    assert used.read(lambda tx: tx.figures.spent(file_id="fl_1", **EVER), ABROAD) == []


def test_what_steps_used(used: Desk) -> None:
    [below] = used.read(lambda tx: tx.figures.spent_below(flow_id="fl_1", **EVER))
    assert (below.logs, below.output_tokens, below.cost_usd, below.costs) == (1, 7, 0.5, 1)
    assert used.read(lambda tx: tx.figures.spent_below(flow_id="fl_2", **EVER)) == []
    late = at(1)
    assert used.read(lambda tx: tx.figures.spent_below(flow_id="fl_1", start=late, end=late)) == []
    assert used.read(lambda tx: tx.figures.spent_below(flow_id="fl_1", **EVER), ABROAD) == []


def test_logs_are_drawn(used: Desk) -> None:
    def drawn(take: int, **when: object) -> set[str]:
        wanted = {**EVER, **when}
        found = used.read(lambda tx: tx.figures.draw(file_id="fl_1", take=take, **wanted))
        return {one.log_id for one in found}

    assert drawn(9) == {"log_1", "log_2", "log_3"}
    assert drawn(2) < drawn(9)
    assert len(drawn(2)) == 2
    assert drawn(9, end=START + timedelta(seconds=1)) == {"log_1", "log_2"}
    assert used.read(lambda tx: tx.figures.draw(file_id="fl_1", take=9, **EVER), ABROAD) == []


def test_what_was_found_of_logs(used: Desk) -> None:
    def found(*log_ids: str) -> list[Judged]:
        return used.read(lambda tx: tx.figures.judged(log_ids=log_ids))

    made = judgment("log_j", judged_id="log_1")
    assert found("log_1", "log_2") == [
        Judged(log_id="log_1", evaluator_version_id=made.version_id, judgment=b"true")
    ]
    assert found("log_2") == []
    failed = judgment("log_k", judged_id="log_2", judgment=b"false", has_error=True)
    used.write(lambda tx: tx.logs.add(failed, at=at(51)))
    assert found("log_2") == [], "it failed"
    used.write(lambda tx: tx.files.remove(id=made.file_id, at=at(60)))
    assert found("log_1") == [], "the evaluator is gone"
