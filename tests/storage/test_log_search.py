"""Laws of looking logs through, for every store."""

from __future__ import annotations

from typing import Any

import pytest
from tests.storage.things import ABROAD, START, Desk, at, file, log, payload, version

from headrace.core.log_search import LogFilter, LogSlice, Mark, Verdicts
from headrace.core.logs import Log
from headrace.core.ports import Transaction


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A store with two flows, one of them with two versions, and two evaluators."""

    def work(tx: Transaction) -> None:
        for one in ("fl_1", "fl_2", "ev_1", "ev_2"):
            tx.files.add(file(one, kind="evaluator" if one.startswith("ev") else "flow"))
        versions = {"flv_1": "fl_1", "flv_2": "fl_1", "flv_3": "fl_2", "evv_1": "ev_1", "evv_2": "ev_2"}
        for one_id, file_id in versions.items():
            tx.versions.add(version(one_id, file_id))

    desk.write(work)
    return desk


def add(desk: Desk, *logs: Log) -> None:
    desk.write(lambda tx: [tx.logs.add(one, at=START) for one in logs])


def look(
    desk: Desk, *, before: Mark | None = None, take: int = 99, most: int = 1000, **wanted: Any
) -> LogSlice:
    found: LogSlice = desk.read(
        lambda tx: tx.logs.find(LogFilter(**wanted), before=before, take=take, most=most)
    )
    return found


def ids(found: LogSlice) -> list[str]:
    return [one.id for one in found.logs]


def judged(id: str, log_id: str, judgment: bytes | None, **more: Any) -> Log:
    said = {"judged_id": log_id, "judged_version_id": "flv_1", "judgment": judgment, **more}
    return log(id, "evv_1", "ev_1", kind="evaluator", **said)


def test_the_newest_comes_first_page_by_page(filed: Desk) -> None:
    add(filed, *(log(f"log_{n}", created_at=at(n // 2)) for n in range(7)))
    first = look(filed, take=3)
    assert ids(first) == ["log_6", "log_5", "log_4"]
    second = look(filed, before=first.mark, take=3)
    assert ids(second) == ["log_3", "log_2", "log_1"]
    third = look(filed, before=second.mark, take=3)
    assert (ids(third), third.mark) == (["log_0"], None)
    assert ids(look(filed, before=second.mark)) == ["log_0"]


def test_a_mark_outlives_its_log_and_what_is_new_comes_above(filed: Desk) -> None:
    add(filed, *(log(f"log_{n}", created_at=at(n)) for n in range(5)))
    mark = look(filed, take=2).mark
    assert mark == Mark(created_at=at(3), log_id="log_3")
    add(filed, log("log_new", created_at=at(9)))
    filed.write(lambda tx: tx.logs.remove(id="log_3"))
    assert ids(look(filed, before=mark)) == ["log_2", "log_1", "log_0"]


def test_what_is_looked_at_is_limited_and_nothing_is_lost(filed: Desk) -> None:
    """One log in forty is wanted; each look gives up early, and all looks together find all."""
    add(filed, *(log(f"log_{n:04}", created_at=at(n), has_error=n % 40 == 0) for n in range(1200)))
    found, looks, mark = [], 0, None
    while True:
        part = look(filed, has_error=True, before=mark, take=10, most=250)
        found += ids(part)
        looks += 1
        if part.mark is None:
            break
        mark = part.mark
    assert found == [f"log_{n:04}" for n in range(1160, -1, -40)]
    assert looks >= 3


def test_files_that_are_gone_and_other_organisations_are_not_looked_at(filed: Desk) -> None:
    add(filed, log("a"), log("b", "flv_3", "fl_2", payload=payload(output="heron")))
    filed.write(lambda tx: tx.files.add(file("fl_9")), ABROAD)
    filed.write(lambda tx: tx.versions.add(version("flv_9", "fl_9")), ABROAD)
    filed.write(lambda tx: tx.logs.add(log("c", "flv_9", "fl_9"), at=START), ABROAD)
    assert sorted(ids(look(filed))) == ["a", "b"]
    assert ids(look(filed, search="heron")) == ["b"]
    filed.write(lambda tx: tx.files.remove(id="fl_2", at=at(9)))
    assert ids(look(filed)) == ["a"]
    assert ids(look(filed, search="heron")) == []
    assert ids(look(filed, file_id="fl_2")) == []
    assert ids(look(filed, trace_id="b")) == []


def test_words_are_looked_for_in_all_files_at_once(filed: Desk) -> None:
    texts = ["red heron", "red kite", "grey heron"]
    for n in range(60):  # more than are kept beside the index
        where = ("flv_1", "fl_1") if n % 2 else ("flv_3", "fl_2")
        add(filed, log(f"log_{n:02}", *where, created_at=at(n), payload=payload(output=texts[n % 3])))
    herons = [f"log_{n:02}" for n in range(59, -1, -1) if n % 3 != 1]
    first = look(filed, search="her", take=25)
    assert ids(first) == herons[:25]
    assert ids(look(filed, search="her", before=first.mark)) == herons[25:]
    of_one = [f"log_{n:02}" for n in range(59, -1, -1) if n % 3 == 0 and n % 2]
    assert ids(look(filed, search="red heron", file_id="fl_1")) == of_one
    assert ids(look(filed, search="red heron", file_id="fl_1", version_id="flv_2")) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"environment": "production"}, ["c", "a"]),
        ({"environment": "production", "has_error": True}, ["c"]),
        ({"source": "otel"}, ["b"]),
        ({"user": "ana"}, ["a"]),
        ({"trace_id": "a"}, ["b", "a"]),
        ({"is_root": True}, ["c", "a"]),
        ({"version_id": "flv_2", "file_id": "fl_1"}, ["b"]),
        ({"start": at(1), "end": at(1)}, ["b"]),
        ({"environment": "production' OR 1=1 --"}, []),
    ],
)
def test_what_logs_say(filed: Desk, wanted: dict[str, Any], found: list[str]) -> None:
    add(
        filed,
        log("a", environment="production", user="ana", is_in_trace=True),
        log("b", "flv_2", created_at=at(1), source="otel", trace_parent_id="a", trace_id="a"),
        log("c", "flv_3", "fl_2", created_at=at(2), environment="production", has_error=True),
    )
    assert ids(look(filed, **wanted)) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, ["yes", "two", "twice", "no", "list", "half", "choice"]),
        ({"value": True}, ["yes", "twice"]),
        ({"value": False}, ["no", "twice"]),
        ({"value": "good"}, ["list", "choice"]),
        ({"least": 0.5}, ["yes", "two", "twice", "half"]),
        ({"most": 0.5}, ["twice", "no", "half"]),
        ({"least": 0.4, "most": 0.6}, ["half"]),
        ({"has_failed": True}, ["failed"]),
        ({"is_missing": True}, ["other", "none"]),
    ],
)
def test_how_logs_were_judged(filed: Desk, said: dict[str, Any], found: list[str]) -> None:
    judgments = {
        "choice": b'"good"',
        "half": b"0.5",
        "list": b'["fine","good"]',
        "no": b"false",
        "null": b"null",
        "two": b"2",
        "yes": b"true",
    }
    logs = [log(one) for one in (*judgments, "failed", "none", "other", "twice")]
    add(filed, *logs, *(judged(f"j_{one}", one, text) for one, text in judgments.items()))
    add(
        filed,
        judged("j_failed", "failed", None, has_error=True),
        judged("j_1", "twice", b"true"),
        judged("j_2", "twice", b"false", is_automatic=True),
        log("j_other", "evv_2", "ev_2", kind="evaluator", judged_id="other", judgment=b"true"),
    )
    wanted = look(filed, file_id="fl_1", judged=Verdicts(evaluator_id="ev_1", **said))
    assert sorted(ids(wanted), reverse=True) == sorted(found, reverse=True)
    assert wanted.mark is None
