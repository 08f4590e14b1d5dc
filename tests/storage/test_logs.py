"""Laws of logs, for every store."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import pytest
from tests.storage.things import ABROAD, START, Desk, at, file, judgment, log, payload, version

from headrace.core.logs import Log, LogQuery, LogStatus, TraceUsage, Usage
from headrace.core.monitoring import Aggregate, Total
from headrace.core.ports import Clash, Transaction


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A store with two flows, one of them with two versions, and an evaluator."""

    def work(tx: Transaction) -> None:
        for one in (file(), file("fl_2"), file("ev_1", kind="evaluator")):
            tx.files.add(one)
        for one_id, file_id in (("flv_1", "fl_1"), ("flv_2", "fl_1"), ("flv_3", "fl_2"), ("evv_1", "ev_1")):
            tx.versions.add(version(one_id, file_id))

    desk.write(work)
    return desk


def add(desk: Desk, *logs: Log, now: datetime = START) -> None:
    desk.write(lambda tx: [tx.logs.add(one, at=now) for one in logs])


def found(desk: Desk, skip: int = 0, take: int = 99, **query: Any) -> tuple[list[str], int]:
    wanted = LogQuery(**{"file_id": "fl_1"} | query)
    logs, total = desk.read(lambda tx: tx.logs.page(wanted, skip=skip, take=take))
    return [one.id for one in logs], total


def test_a_log_comes_back_as_it_went_in(filed: Desk) -> None:
    bare = log("a")
    full = log(
        "b/ü %",
        "flv_2",
        kind="evaluator",
        number=3,
        created_at=at(1),
        status=LogStatus.INCOMPLETE,
        start_time=at(-1),
        end_time=at(2),
        provider_latency_s=0.25,
        trace_parent_id="a",
        trace_id="a",
        trace_flow_id="fl_1",
        is_in_trace=True,
        judged_id="a",
        judged_version_id="flv_1",
        judgment=b'"good"',
        marked_completed=False,
        is_automatic=True,
        user="u",
        environment="e",
        source="s",
        source_datapoint_id="dp_1",
        run_id="rn_1",
        is_saved=False,
        prompt_tokens=1,
        reasoning_tokens=2,
        output_tokens=3,
        prompt_cost=0.5,
        output_cost=0.125,
        finish_reason="stop",
        execution_id="exe_1",
        request_hash="h",
        has_error=True,
        payload=payload(error="ü"),
    )
    add(filed, bare, full)
    assert filed.read(lambda tx: [tx.logs.get(id=one) for one in ("a", "b/ü %", "c")]) == [bare, full, None]


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        ("id", log("a", "flv_3", "fl_2")),
        ("judgment", judgment("b", "a")),
        ("judgment", judgment("j", "a")),
        ("reference", log("b", "flv_9", "fl_none")),
    ],
)
def test_a_log_that_breaks_a_rule_is_refused(filed: Desk, rule: str, other: Log) -> None:
    add(filed, log("a"), judgment("j", "a"))
    before = filed.read(everything)
    with pytest.raises(Clash, match=f"^{rule}$"):
        add(filed, other)

    def caught(tx: Transaction) -> str:
        try:
            tx.logs.add(other, at=at(5))
        except Clash as clash:
            return clash.rule
        return "added"

    assert filed.write(caught) == rule
    assert filed.read(everything) == before


def everything(tx: Transaction) -> list[Any]:
    return [
        tx.logs.page(LogQuery(file_id="fl_1"), skip=0, take=99),
        tx.logs.page(LogQuery(file_id="ev_1"), skip=0, take=99),
        tx.logs.usage(version_ids=["flv_1", "flv_2", "flv_3", "evv_1", "flv_9"]),
        [tx.versions.get(id=one) for one in ("flv_1", "flv_2", "flv_3", "evv_1")],
    ]


def test_each_origin_and_version_may_judge_a_log_once(filed: Desk) -> None:
    posted, made = judgment("j", "a"), judgment("k", "a", is_automatic=True)
    add(filed, log("a"), posted, made, judgment("l", "b"), log("step", "evv_1", "ev_1", kind="evaluator"))
    for is_automatic, expected in ((False, posted), (True, made)):
        assert (
            filed.read(
                lambda tx, is_automatic=is_automatic: tx.logs.judgment(
                    judged_id="a", version_id="evv_1", is_automatic=is_automatic
                )
            )
            == expected
        )
    assert filed.read(lambda tx: tx.logs.judgments(judged_ids=["a", "none"])) == [posted, made]
    filed.write(lambda tx: tx.logs.remove(id="j"))
    again = judgment("m", "a")
    add(filed, again)
    assert filed.read(lambda tx: tx.logs.judgments(judged_ids=["a"])) == [made, again]
    assert (
        filed.read(lambda tx: tx.logs.judgment(judged_id="a", version_id="evv_2", is_automatic=True)) is None
    )


def test_an_update_replaces_everything_that_may_change(filed: Desk) -> None:
    add(filed, log("a"))
    changed = log(
        "a",
        status=LogStatus.COMPLETE,
        end_time=at(4),
        is_in_trace=True,
        trace_id="r",
        output_cost=1.5,
        judgment=b"3",
        payload=payload(output="new"),
    )
    filed.write(
        lambda tx: tx.logs.update(
            log(
                "a",
                "flv_3",
                "fl_2",
                kind="prompt",
                created_by="other",
                created_at=at(9),
                judged_id="b",
                judged_version_id="v",
                is_automatic=True,
                status=LogStatus.COMPLETE,
                end_time=at(4),
                is_in_trace=True,
                trace_id="r",
                output_cost=1.5,
                judgment=b"3",
                payload=payload(output="new"),
            )
        )
    )
    assert filed.read(lambda tx: tx.logs.get(id="a")) == changed
    assert found(filed, search="new") == (["a"], 1)
    assert found(filed, search="hello") == ([], 0)
    filed.write(lambda tx: tx.logs.update(log("b")))
    assert found(filed) == (["a"], 1)


def test_a_removed_log_is_gone_and_its_id_is_free(filed: Desk) -> None:
    add(filed, log("a"), log("b"))
    filed.write(lambda tx: (tx.logs.remove(id="a"), tx.logs.remove(id="none")))
    assert found(filed) == (["b"], 1)
    assert found(filed, search="hello") == found(filed, ids=("b", "a")) == (["b"], 1)
    add(filed, log("a", "flv_3", "fl_2", payload=payload(output="other")))
    assert found(filed, search="hello") == (["b"], 1)
    assert found(filed, file_id="fl_2", search="other") == (["a"], 1)


def test_lists_are_in_order_of_creation_then_of_arrival(filed: Desk) -> None:
    add(filed, *(log(f"{n}", created_at=at(n // 3)) for n in (7, 0, 3, 5, 4)))
    assert found(filed) == (["7", "4", "5", "3", "0"], 5)
    assert found(filed, skip=1, take=2) == (["4", "5"], 5)
    assert found(filed, skip=4, take=2) == (["0"], 5)
    assert found(filed, skip=5) == ([], 5)
    assert found(filed, take=0) == ([], 5)
    walked = filed.read(lambda tx: tx.logs.walk(file_id="fl_1", after=None, take=2))
    assert [one.id for one in walked] == ["0", "3"]
    walked = filed.read(lambda tx: tx.logs.walk(file_id="fl_1", after="3", take=9))
    assert [one.id for one in walked] == ["5", "4", "7"]
    assert filed.read(lambda tx: tx.logs.walk(file_id="fl_1", after="none", take=9)) == []


def test_thousands_of_logs_may_be_of_one_moment(filed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 5000
    if filed.store.is_shared:  # a server is asked for each of them
        count = 250
        monkeypatch.setattr("headrace.storage.places.PER_MICROSECOND", 100)
    ids = [f"{n:04}" for n in range(count)]
    add(filed, *(log(one) for one in ids), log("later", created_at=at(1)), log("sooner", created_at=at(-1)))
    assert found(filed, take=9999) == (["later", *ids[::-1], "sooner"], count + 2)
    assert found(filed, skip=count // 2, take=2)[0] == [ids[count // 2], ids[count // 2 - 1]]


@pytest.mark.parametrize("year", [1, 1700, 1969, 2300, 9999])
def test_any_year_has_its_logs(filed: Desk, year: int) -> None:
    moment = at(0).replace(year=year)
    add(filed, log("a", created_at=moment), log("b"))
    first_of = ["a", "b"] if year > 2026 else ["b", "a"]
    assert found(filed) == (first_of, 2)
    kept = filed.read(lambda tx: tx.logs.get(id="a"))
    assert kept is not None
    assert abs((kept.created_at - moment).total_seconds()) < 0.001


def test_a_page_is_filtered_by_each_member_of_a_query(filed: Desk) -> None:
    add(
        filed,
        log("log_1", created_at=at(1), is_in_trace=True),
        log("log_2", "flv_2", created_at=at(2)),
        log("log_3", "flv_2", created_at=at(3), is_in_trace=True),
        log("other", "flv_3", "fl_2"),
    )
    assert found(filed) == (["log_3", "log_2", "log_1"], 3)
    assert found(filed, version_id="flv_2") == (["log_3", "log_2"], 2)
    assert found(filed, version_id="flv_3") == found(filed, version_id="none") == ([], 0)
    assert found(filed, in_trace=True) == (["log_3", "log_1"], 2)
    assert found(filed, in_trace=False) == (["log_2"], 1)
    assert found(filed, in_trace=True, version_id="flv_2") == (["log_3"], 1)
    assert found(filed, start=at(2)) == (["log_3", "log_2"], 2)
    assert found(filed, end=at(2)) == (["log_2", "log_1"], 2)
    assert found(filed, start=at(2), end=at(2)) == (["log_2"], 1)
    assert found(filed, start=at(2), in_trace=True, version_id="flv_2") == (["log_3"], 1)
    assert found(filed, file_id="none") == ([], 0)


def test_ids_are_found_by_any_part_in_its_case(filed: Desk) -> None:
    ids = ["log_aXb", "log_abX", 'exp "1" / ü%_', "x", "log_long_AbcAbc"]
    add(filed, *(log(one) for one in ids))
    for part in (
        "aX",
        "Xb",
        "log_",
        "log",
        "_a",
        "x",
        'p "1" /',
        "ü%_",
        "%",
        "_",
        "*",
        '"',
        "AbcA",
        "ax",
        "logs",
    ):
        assert found(filed, ids=(part,))[0] == [one for one in ids[::-1] if part in one], part
    assert found(filed, ids=("aX", "bX"))[0] == ["log_abX", "log_aXb"]
    assert found(filed, ids=("nothing", "xp"), search="hello")[0] == ['exp "1" / ü%_']
    assert found(filed, ids=("log_",), search="none") == ([], 0)
    assert found(filed, ids=("log_a",), version_id="flv_2") == ([], 0)
    assert found(filed, ids=("log\0", "\0")) == ([], 0)
    assert found(filed, ids=("",))[1] == len(ids)
    assert found(filed, ids=("log_a", "exp"), skip=1, take=1) == (["log_abX"], 3)


def test_more_ids_than_are_looked_up_one_by_one(filed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.storage.sqlite.log_words.MAX_CANDIDATES", 3)
    add(filed, *(log(f"run-{n}") for n in range(9)))
    assert found(filed, ids=("run-",), take=2) == (["run-8", "run-7"], 9)
    assert found(filed, ids=("un-3",)) == (["run-3"], 1)


def test_of_many_with_a_short_part_in_their_id_a_page_is_made(filed: Desk) -> None:
    ids = [f"log_{'ab'[n % 2]}{n}" for n in range(40)]
    add(filed, *(log(one, is_in_trace=one.startswith("log_a")) for one in ids))
    with_b = [one for one in ids[::-1] if "b" in one]
    assert found(filed, ids=("b",), take=3) == (with_b[:3], 20)
    assert found(filed, ids=("b",), skip=15, take=10) == (with_b[15:], 20)
    assert found(filed, ids=("b",), skip=20) == found(filed, ids=("b",), take=0) == ([], 20)
    assert found(filed, ids=("b1",), skip=1, take=2) == ([one for one in with_b if "b1" in one][1:3], 6)
    assert found(filed, ids=("b",), in_trace=True) == ([], 0)
    assert found(filed, ids=("b", "a"), take=2) == (ids[:-3:-1], 40)


TEXTS = {
    "plain": payload(inputs={"question": "Where is the Straße?", "n": 42, "deep": [{"k": ["Übermut"]}]}),
    "chat": payload(messages=[{"role": "user", "content": "HELLO, wor-ld"}], output="e\u0301tude 3.14"),
    "asian": payload(output_message={"content": "東京タワー 서울에서"}),
    "error": payload(
        error="t1_hello: AND OR NOT * ( \" '", metadata={"team": {"name": "Blue"}, "retry": True}
    ),
    "none": payload(),
}


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("hello", ["chat", "error"]),
        ("hel", ["chat", "error"]),
        ("hel wor", []),
        ("world", []),
        ("ld wor", ["chat"]),
        ("STRASSE where", ["plain"]),
        ("straße", ["plain"]),
        ("question", []),
        ("42", ["plain"]),
        ("übermut", ["plain"]),
        ("Ubermut", []),
        ("étude", ["chat"]),
        ("14 3", ["chat"]),
        ("京", ["asian"]),
        ("京東", ["asian"]),
        ("서울", ["asian"]),
        ("and", ["error"]),
        ("AND OR", ["error"]),
        ("hello AND nothing", []),
        ('"hello', ["chat", "error"]),
        ("t1", ["error"]),
        ("t1_hello", ["error"]),
        ("blue", []),
        ("v1", []),
        ("y", []),
        ("", list(TEXTS)),
        (" _ *", list(TEXTS)),
        ("x" * 200, []),
    ],
)
def test_texts_are_found_by_their_words(filed: Desk, search: str, expected: list[str]) -> None:
    add(filed, *(log(one, payload=text) for one, text in TEXTS.items()))
    add(filed, log("elsewhere", "flv_3", "fl_2", payload=TEXTS["chat"]))
    assert found(filed, search=search) == (expected[::-1], len(expected))


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [("team", True), ("TEAM name blu", True), ("retry true", True), ("hello", False), ("red", False)],
)
def test_metadata_is_found_by_keys_and_values(filed: Desk, metadata: str, expected: bool) -> None:
    add(filed, *(log(one, payload=text) for one, text in TEXTS.items()))
    assert found(filed, metadata=metadata) == ((["error"], 1) if expected else ([], 0))
    assert found(filed, metadata=metadata, search="t1")[1] == expected


def test_words_go_together_with_every_other_filter(filed: Desk) -> None:
    add(filed, *(log(f"a{n}", f"flv_{n % 2 + 1}", created_at=at(n), is_in_trace=n > 5) for n in range(10)))
    assert found(filed, search="hello", skip=1, take=2) == (["a8", "a7"], 10)
    assert found(filed, search="hello", version_id="flv_2") == (["a9", "a7", "a5", "a3", "a1"], 5)
    assert found(filed, search="hello", start=at(4), end=at(7), in_trace=False) == (["a5", "a4"], 2)
    assert found(filed, search="hello", metadata="prod", ids=("3", "7"), in_trace=True) == (["a7"], 1)
    filed.write(lambda tx: tx.logs.update(log("a3", is_in_trace=True)))
    assert found(filed, search="hello", in_trace=True, end=at(5)) == (["a3"], 1)


def test_a_sample_is_some_of_the_matches_and_the_same_on_each_page(filed: Desk) -> None:
    add(filed, *(log(f"a{n}", f"flv_{n % 2 + 1}", created_at=at(n)) for n in range(100)))
    ids, total = found(filed, sample=10)
    assert (len(ids), total) == (10, 10)
    assert ids == sorted(ids, key=lambda one: -int(one[1:]))
    assert found(filed, sample=10, skip=3, take=2) == (ids[3:5], 10)
    assert found(filed, sample=1000)[1] == 100
    for query in ({"version_id": "flv_1"}, {"search": "hello"}, {"ids": ("a1",)}, {"start": at(50)}):
        drawn, total = found(filed, sample=5, **query)
        assert (len(set(drawn)), total) == (5, 5)
        assert set(drawn) <= set(found(filed, **query)[0])
    assert found(filed, sample=0) == ([], 0)


def test_a_trace_is_ordered_by_start(filed: Desk) -> None:
    root = log("r", is_in_trace=True)
    parts = [
        log("c", trace_parent_id="r", trace_id="r", start_time=at(5), created_at=at(1), is_in_trace=True),
        log("d", "flv_3", "fl_2", trace_parent_id="r", trace_id="r", created_at=at(4), is_in_trace=True),
        log("e", trace_parent_id="d", trace_id="r", start_time=at(2), created_at=at(9), is_in_trace=True),
    ]
    add(filed, root, *parts, log("f"))

    def ids(logs: list[Log]) -> list[str]:
        return [one.id for one in logs]

    assert filed.read(lambda tx: ids(tx.logs.children(parent_ids=["r"]))) == ["d", "c"]
    assert filed.read(lambda tx: ids(tx.logs.children(parent_ids={"r", "d", "none"}))) == ["e", "d", "c"]
    assert filed.read(lambda tx: ids(tx.logs.of_trace(trace_id="r"))) == ["r", "e", "d", "c"]
    assert filed.read(lambda tx: ids(tx.logs.of_trace(trace_id="f"))) == ["f"]
    filed.write(lambda tx: tx.files.remove(id="fl_2", at=at(9)))
    assert filed.read(lambda tx: ids(tx.logs.children(parent_ids=["r"]))) == ["c"]
    assert filed.read(lambda tx: ids(tx.logs.of_trace(trace_id="r"))) == ["r", "e", "c"]


def test_some_logs_are_found_at_once(filed: Desk) -> None:
    add(filed, log("a"), log("b", file_id="fl_2", version_id="flv_3"), log("c"))
    found = filed.read(lambda tx: tx.logs.some(ids=["a", "b", "a", "none"]))
    assert sorted(one.id for one in found) == ["a", "b"]
    filed.write(lambda tx: tx.files.remove(id="fl_2", at=at(9)))
    assert [one.id for one in filed.read(lambda tx: tx.logs.some(ids={"a", "b"}))] == ["a"]
    assert filed.read(lambda tx: tx.logs.some(ids=[])) == []


def test_logs_of_a_run_are_found(filed: Desk) -> None:
    add(filed, log("b", execution_id="exe_1", start_time=at(9)), log("a", execution_id="exe_1"), log("c"))
    logs = filed.read(lambda tx: tx.logs.of_execution(execution_id="exe_1"))
    assert [one.id for one in logs] == ["a", "b"]


def test_the_traced_logs_of_a_file_are_walked_when_it_is_gone_too(filed: Desk) -> None:
    traced = {"trace_id": "r", "is_in_trace": True}
    add(
        filed,
        *(log(f"{n}", created_at=at(9 - n), **(traced if n % 2 else {})) for n in range(8)),
        log("other", file_id="fl_2", version_id="flv_3", **traced),
    )

    def walk(after: str | None, take: int) -> list[str]:
        found = filed.read(lambda tx: tx.logs.traced_ids(file_id="fl_1", after=after, take=take))
        assert isinstance(found, list)
        return found

    assert walk(None, 9) == ["7", "5", "3", "1"]
    filed.write(lambda tx: tx.files.remove(id="fl_1", at=at(9)))
    assert walk(None, 2) == ["7", "5"]
    assert walk("5", 2) == ["3", "1"]
    assert walk("1", 2) == walk("none", 2) == walk("other", 2) == []


def test_logs_below_a_flow_that_is_gone_are_found(filed: Desk) -> None:
    add(
        filed,
        log("r", trace_flow_id="fl_1"),
        *(log(f"c{n}", "flv_3", "fl_2", trace_flow_id="fl_1") for n in range(3)),
        log("other", "flv_3", "fl_2", trace_flow_id="fl_2"),
    )
    for _ in range(2):
        logs = filed.read(lambda tx: tx.logs.in_traces_of(flow_id="fl_1", take=9))
        assert sorted(one.id for one in logs) == ["c0", "c1", "c2"]
        filed.write(lambda tx: tx.files.remove(id="fl_1", at=at(1)))
    assert len(filed.read(lambda tx: tx.logs.in_traces_of(flow_id="fl_1", take=2))) == 2
    filed.write(lambda tx: tx.files.remove(id="fl_2", at=at(1)))
    assert filed.read(lambda tx: tx.logs.in_traces_of(flow_id="fl_1", take=9)) == []


def test_usage_is_counted_for_versions_and_files(filed: Desk) -> None:
    assert filed.read(lambda tx: tx.logs.usage_of_file(file_id="fl_1")) == Usage()
    add(filed, log("a", created_at=at(99)), log("b", "flv_2"), now=at(5))
    add(filed, log("c", "flv_2"), now=at(3))
    counted = {
        "flv_1": Usage(logs_count=1, last_used_at=at(5)),
        "flv_2": Usage(logs_count=2, last_used_at=at(5)),
    }
    assert filed.read(lambda tx: tx.logs.usage(version_ids=["flv_1", "flv_2", "flv_3"])) == counted
    whole = Usage(logs_count=3, last_used_at=at(5))
    assert filed.read(lambda tx: tx.logs.usage_of_file(file_id="fl_1")) == whole
    filed.write(lambda tx: (tx.logs.remove(id="a"), tx.logs.update(log("b", user="u"))))
    left = Usage(logs_count=0, last_used_at=at(5))
    assert filed.read(lambda tx: tx.logs.usage(version_ids=["flv_1"])) == {"flv_1": left}


def test_versions_show_how_often_they_were_used(filed: Desk) -> None:
    add(filed, log("a"), log("b"), now=at(7))
    used = version(logs_count=2, last_used_at=at(7))
    assert filed.read(lambda tx: tx.versions.get(id="flv_1")) == used
    assert filed.read(lambda tx: tx.versions.kept(id="flv_1")) == used
    assert filed.read(lambda tx: tx.versions.by_digest(file_id="fl_1", digest=used.digest)) == used
    assert used in filed.read(lambda tx: tx.versions.of_file(file_id="fl_1"))
    filed.write(lambda tx: tx.versions.update(version(logs_count=9, last_used_at=at(9))))
    assert filed.read(lambda tx: tx.versions.get(id="flv_1")) == used
    filed.write(lambda tx: tx.files.remove(id="fl_1", at=at(1)))
    assert filed.read(lambda tx: tx.versions.kept(id="flv_1")) == used
    assert filed.read(lambda tx: tx.versions.kept(id="none")) is None


def test_traces_add_up_what_their_logs_used(filed: Desk) -> None:
    add(
        filed,
        log("r", prompt_tokens=1, prompt_cost=0.5),
        log("c", trace_id="r", prompt_tokens=2, output_tokens=5, output_cost=0.25),
        log("gone", "flv_3", "fl_2", trace_id="r", prompt_tokens=100),
        log("s"),
    )
    filed.write(lambda tx: tx.files.remove(id="fl_2", at=at(1)))
    used = TraceUsage(logs_count=2, prompt_tokens=3, reasoning_tokens=None, output_tokens=5, cost=0.75)
    nothing = TraceUsage(
        logs_count=1, prompt_tokens=None, reasoning_tokens=None, output_tokens=None, cost=None
    )
    assert filed.read(lambda tx: tx.logs.trace_usage(trace_ids=["r", "s", "none"])) == {
        "r": used,
        "s": nothing,
    }


def test_totals_are_shown_with_their_first_and_last_judgment(filed: Desk) -> None:
    total = Total(version_id="flv_1", evaluator_id="ev_1", evaluator_version_id="evv_1")
    assert filed.read(lambda tx: tx.logs.total(version_id="flv_1", evaluator_version_id="evv_1")) is None
    filed.write(lambda tx: tx.logs.put_total(total))
    assert filed.read(lambda tx: tx.logs.aggregates(version_ids=["flv_1"])) == []
    add(
        filed,
        *(log(one) for one in "abcde"),
        judgment("j0", "a", judgment=b'"text"', created_at=at(0)),
        judgment("j1", "b", judgment=b"true", created_at=at(1)),
        judgment("j2", "c", judgment=b"0.1", created_at=at(2)),
        judgment("j3", "d", judgment=b"1", has_error=True, created_at=at(3)),
        judgment("j4", "e", judgment=None, created_at=at(4)),
    )
    total = total.plus(True).plus(0.1)
    filed.write(lambda tx: tx.logs.put_total(total))
    assert filed.read(lambda tx: tx.logs.total(version_id="flv_1", evaluator_version_id="evv_1")) == total
    shown = Aggregate(total=total, first_at=at(1), last_at=at(2))
    assert filed.read(lambda tx: tx.logs.aggregates(version_ids=["flv_2", "flv_1"])) == [shown]
    assert filed.read(lambda tx: tx.logs.aggregates(version_ids=["flv_2"])) == []
    filed.write(lambda tx: tx.logs.update(judgment("j4", "e", judgment=b"2")))
    (later,) = filed.read(lambda tx: tx.logs.aggregates(version_ids=["flv_1"]))
    assert later.last_at == at(4)
    filed.write(lambda tx: tx.files.remove(id="ev_1", at=at(9)))
    assert filed.read(lambda tx: tx.logs.aggregates(version_ids=["flv_1"])) == []


def test_logs_of_a_file_that_is_gone_are_kept_and_never_answered(filed: Desk) -> None:
    add(filed, log("a"), judgment("j", "a"), log("b", "flv_3", "fl_2", trace_parent_id="a", trace_id="a"))
    filed.write(lambda tx: (tx.files.remove(id="fl_1", at=at(1)), tx.files.remove(id="ev_1", at=at(1))))
    assert filed.read(lambda tx: tx.logs.get(id="a")) is None
    assert found(filed) == found(filed, search="hello") == found(filed, ids=("a",)) == ([], 0)
    assert found(filed, version_id="flv_1") == found(filed, sample=3) == ([], 0)
    assert filed.read(lambda tx: tx.logs.walk(file_id="fl_1", after=None, take=9)) == []
    assert filed.read(lambda tx: tx.logs.judgments(judged_ids=["a"])) == []
    assert filed.read(lambda tx: [one.id for one in tx.logs.of_trace(trace_id="a")]) == ["b"]
    with pytest.raises(Clash, match=r"^id$"):
        add(filed, log("a", "flv_3", "fl_2"))
    with pytest.raises(Clash, match=r"^judgment$"):
        add(filed, judgment("k", "a"))


def test_nothing_is_seen_from_another_organisation(filed: Desk) -> None:
    add(filed, log("a", trace_parent_id="r", execution_id="exe_1", trace_flow_id="fl_2"), judgment("j", "a"))
    total = Total(version_id="flv_1", evaluator_id="ev_1", evaluator_version_id="evv_1", judgments=1)
    filed.write(lambda tx: tx.logs.put_total(total))

    def look(tx: Transaction) -> list[Any]:
        tx.logs.remove(id="a")
        tx.logs.update(log("a", user="other"))
        return [
            tx.logs.get(id="a"),
            tx.logs.some(ids=["a"]),
            tx.logs.page(LogQuery(file_id="fl_1"), skip=0, take=9)[0],
            tx.logs.page(LogQuery(file_id="fl_1", search="hello"), skip=0, take=9)[0],
            tx.logs.walk(file_id="fl_1", after=None, take=9),
            tx.logs.children(parent_ids=["r"]),
            tx.logs.of_trace(trace_id="a"),
            tx.logs.judgments(judged_ids=["a"]),
            tx.logs.judgment(judged_id="a", version_id="evv_1", is_automatic=False),
            tx.logs.of_execution(execution_id="exe_1"),
            tx.logs.in_traces_of(flow_id="fl_2", take=9),
            tx.logs.usage(version_ids=["flv_1"]),
            tx.logs.usage_of_file(file_id="fl_1").logs_count,
            tx.logs.trace_usage(trace_ids=["a"]),
            tx.logs.total(version_id="flv_1", evaluator_version_id="evv_1"),
            tx.logs.aggregates(version_ids=["flv_1"]),
        ]

    assert not any(filed.write(look, ABROAD))
    filed.write(lambda tx: (tx.files.add(file()), tx.versions.add(version())), ABROAD)
    filed.write(lambda tx: tx.logs.add(log("a"), at=at(0)), ABROAD)
    assert found(filed) == (["a"], 1)
    assert (
        filed.read(lambda tx: tx.logs.page(LogQuery(file_id="fl_1", search="hello"), skip=0, take=9), ABROAD)[
            1
        ]
        == 1
    )


def test_totals_stay_exact_whatever_happens(filed: Desk) -> None:
    dice = random.Random(7)
    alive: dict[str, Log] = {}
    for number in range(300):
        one = log(
            f"log_{number}",
            f"flv_{dice.choice('12')}",
            created_at=at(dice.randrange(20)),
            is_in_trace=dice.random() < 0.5,
        )
        add(filed, one)
        alive[one.id] = one
        other = alive[dice.choice(list(alive))]
        if dice.random() < 0.3:
            filed.write(lambda tx, other=other: tx.logs.remove(id=other.id))
            del alive[other.id]
        elif dice.random() < 0.4:
            changed = log(
                other.id, other.version_id, created_at=other.created_at, is_in_trace=not other.is_in_trace
            )
            filed.write(lambda tx, changed=changed: tx.logs.update(changed))
            alive[other.id] = changed
    for version_id in (None, "flv_1", "flv_2"):
        for in_trace in (None, True, False):
            wanted = {
                one.id
                for one in alive.values()
                if version_id in (None, one.version_id) and in_trace in (None, one.is_in_trace)
            }
            ids, total = found(filed, take=999, version_id=version_id, in_trace=in_trace)
            assert (set(ids), len(ids), total) == (wanted, len(wanted), len(wanted))
            pages = [
                found(filed, skip=skip, take=7, version_id=version_id, in_trace=in_trace)[0]
                for skip in range(0, len(wanted) + 7, 7)
            ]
            assert [one for page in pages for one in page] == ids
            assert found(filed, take=999, version_id=version_id, in_trace=in_trace, search="hello")[0] == ids
