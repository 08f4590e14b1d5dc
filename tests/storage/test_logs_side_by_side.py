"""A SQL store and the reference model answer everything about logs alike, whatever is done to them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.storage.conftest import side_by_side
from tests.storage.things import HOME, Desk, at, file, job, log, monitor, payload, version

from headrace.core.log_search import LogFilter, Mark, Verdicts
from headrace.core.logs import Log, LogQuery, LogStatus
from headrace.core.monitoring import Job, Monitor, Total, Work
from headrace.core.ports import Clash, Transaction

Change = Callable[[Transaction], Any]
FILE_OF = {"flv_0": "fl_0", "flv_1": "fl_0", "flv_2": "fl_1", "evv_0": "ev_0", "evv_1": "ev_0"}
VERSIONS = list(FILE_OF)
FILES = sorted(set(FILE_OF.values()))
IDS = ["log_aa", "log_ab", "abba", "b", "x/y"]

SMALL = {
    "headrace.storage.places.PER_MICROSECOND": 2,
    "headrace.storage.sqlite.log_words.FOLDED_AT_ONCE": 3,
    "headrace.storage.log_words.MAX_TERMS": 2,
    "headrace.storage.sqlite.log_words.MAX_CANDIDATES": 2,
    "headrace.storage.sql.log_search.FIRST_LOOK": 1,
    "headrace.storage.sql.log_search.MOST_AT_ONCE": 2,
}
"""Limits that a small world would never meet, made small, too."""

ids, optional_ids = st.sampled_from(IDS), st.sampled_from([None, *IDS])
version_ids, file_ids = st.sampled_from(VERSIONS), st.sampled_from(FILES)
seconds = st.integers(0, 3).map(at)
tokens, costs = st.sampled_from([None, 1, 2**40]), st.sampled_from([None, 0.5, 0.25])
words = st.sampled_from(["", "alpha", "alp beta", "ALPHABET gamma", "alphas alpine beta"])
payloads = st.builds(
    lambda text, label: payload(output=text, metadata={"label": label}),
    words,
    st.sampled_from(["red", "blue", "alpha"]),
) | st.just(payload())


@st.composite
def logs(draw: st.DrawFn) -> Log:
    version_id = draw(version_ids)
    judged_id = draw(optional_ids) if version_id.startswith("evv") else None
    return log(
        draw(ids),
        version_id,
        FILE_OF[version_id],
        created_at=draw(seconds),
        status=draw(st.sampled_from([None, *LogStatus])),
        start_time=draw(st.none() | seconds),
        trace_parent_id=draw(optional_ids),
        trace_id=draw(ids),
        trace_flow_id=draw(st.sampled_from([None, "fl_0"])),
        is_in_trace=draw(st.booleans()),
        judged_id=judged_id,
        judged_version_id=None if judged_id is None else draw(st.sampled_from(["flv_0", "flv_2"])),
        judgment=draw(st.sampled_from([None, b"null", b"true", b"0.5", b'"text"'])),
        is_automatic=draw(st.booleans()),
        has_error=draw(st.booleans()),
        prompt_tokens=draw(tokens),
        output_tokens=draw(tokens),
        prompt_cost=draw(costs),
        output_cost=draw(costs),
        execution_id=draw(st.sampled_from([None, "exe_0"])),
        environment=draw(st.sampled_from([None, "e"])),
        source=draw(st.sampled_from([None, "s"])),
        user=draw(st.sampled_from([None, "u"])),
        payload=draw(payloads),
    )


monitors: st.SearchStrategy[Monitor] = st.builds(
    lambda one, file_id, pinned, where, is_active: monitor(
        one,
        file_id,
        evaluator_id="ev_0",
        version_id=pinned,
        environment_id=None if pinned else where,
        is_active=is_active,
    ),
    st.sampled_from(["mon_0", "mon_1", "mon_2"]),
    st.sampled_from([*FILES, "fl_none"]),
    st.sampled_from([None, "evv_0", "evv_1"]),
    st.sampled_from(["env_0", "env_1"]),
    st.booleans(),
)
jobs: st.SearchStrategy[Job] = st.builds(
    job,
    st.sampled_from(["a", "b"]),
    work=st.sampled_from(Work),
    object=st.sampled_from(["", "o"]),
    due_at=seconds,
    turn=st.integers(1, 3),
)
totals = st.builds(
    Total,
    version_id=st.sampled_from(["flv_0", "flv_2"]),
    evaluator_id=st.just("ev_0"),
    evaluator_version_id=st.sampled_from(["evv_0", "evv_1"]),
    judgments=st.integers(0, 2),
    numerator=st.sampled_from(["0", str(10**40)]),
)


def changes_of(
    values: st.SearchStrategy[Any], apply: Callable[[Transaction, Any], Any]
) -> st.SearchStrategy[Change]:
    return values.map(lambda value: lambda tx: apply(tx, value))


ADD = changes_of(st.tuples(logs(), seconds), lambda tx, value: tx.logs.add(value[0], at=value[1]))
CHANGES: list[st.SearchStrategy[Change]] = [
    ADD,
    ADD,
    ADD,
    changes_of(logs(), lambda tx, value: tx.logs.update(value)),
    changes_of(ids, lambda tx, value: tx.logs.remove(id=value)),
    changes_of(
        st.tuples(version_ids, seconds),
        lambda tx, value: tx.logs.note_use(file_id=FILE_OF[value[0]], version_id=value[0], at=value[1]),
    ),
    changes_of(totals, lambda tx, value: tx.logs.put_total(value)),
    changes_of(st.sampled_from(["fl_1", "ev_0"]), lambda tx, value: tx.files.remove(id=value, at=at(9))),
    changes_of(monitors, lambda tx, value: tx.monitors.put(value)),
    changes_of(jobs, lambda tx, value: tx.jobs.put(value)),
    changes_of(
        st.tuples(st.sampled_from(Work), seconds, st.integers(0, 2)),
        lambda tx, value: (
            tx.jobs.is_due(work=value[0], now=value[1]),
            tx.jobs.take(work=value[0], now=value[1], until=at(2), most=value[2]),
        ),
    ),
    changes_of(jobs, lambda tx, value: tx.jobs.done(value)),
    changes_of(st.tuples(jobs, seconds), lambda tx, value: tx.jobs.put_off(value[0], due_at=value[1])),
    st.just(lambda tx: tx.jobs.release()),
]

QUERIES: list[dict[str, Any]] = [
    {},
    {"version_id": "flv_1"},
    {"version_id": "flv_2"},
    {"in_trace": True},
    {"in_trace": False, "version_id": "flv_0"},
    {"start": at(1)},
    {"end": at(1), "in_trace": True},
    {"start": at(1), "end": at(2), "version_id": "flv_0"},
    {"search": "alp"},
    {"search": "alpha"},
    {"search": "beta alp", "start": at(1)},
    {"search": "beta", "in_trace": True, "version_id": "flv_0"},
    {"metadata": "label alpha"},
    {"metadata": "label", "search": "alpha"},
    {"ids": ("log",)},
    {"ids": ("og_a",)},
    {"ids": ("b", "a")},
    {"ids": ("log_a", "abb"), "search": "alpha", "end": at(2)},
    {"sample": 2},
    {"sample": 1, "in_trace": False, "end": at(2)},
    {"sample": 1, "search": "alpha"},
    {"sample": 1, "ids": ("a",)},
]

SEARCHES: list[dict[str, Any]] = [
    {},
    {"is_root": True},
    {"has_error": True},
    {"has_error": False, "file_id": "fl_0"},
    {"file_id": "fl_0", "version_id": "flv_1"},
    {"file_id": "fl_1", "version_id": "flv_1"},
    {"file_id": "fl_1", "end": at(1)},
    {"start": at(1), "end": at(2)},
    {"trace_id": "b"},
    {"trace_id": "b", "file_id": "fl_0"},
    {"environment": "e", "source": "s", "user": "u"},
    {"search": "alp"},
    {"search": "beta alp", "start": at(1)},
    {"search": "alpha", "is_root": True},
    {"search": "alp", "metadata": "label", "file_id": "fl_0", "version_id": "flv_0"},
    {"search": "-", "file_id": "ev_0"},
    {"judged": Verdicts(evaluator_id="ev_0")},
    {"judged": Verdicts(evaluator_id="ev_0", value=True), "file_id": "fl_0"},
    {"judged": Verdicts(evaluator_id="ev_0", value="text")},
    {"judged": Verdicts(evaluator_id="ev_0", least=0.5)},
    {"judged": Verdicts(evaluator_id="ev_0", most=0.5)},
    {"judged": Verdicts(evaluator_id="ev_0", has_failed=True)},
    {"judged": Verdicts(evaluator_id="ev_0", is_missing=True), "file_id": "fl_0"},
]


def looked_through(tx: Transaction, wanted: LogFilter) -> list[str]:
    """The ids of all that are found, two at a time."""
    found: list[str] = []
    mark: Mark | None = None
    while True:
        page = tx.logs.find(wanted, before=mark, take=2, most=1)
        found += [one.id for one in page.logs]
        if page.mark is None:
            return found
        mark = page.mark


def sorted_ids(found: list[Log]) -> list[str]:
    return sorted(one.id for one in found)


def everything(tx: Transaction) -> list[Any]:
    """Every answer about the small world of this test."""
    return [
        [tx.logs.get(id=one) for one in IDS],
        [
            tx.logs.page(LogQuery(file_id=one, **query), skip=skip, take=take)
            for one in FILES
            for query in QUERIES
            for skip, take in ((0, 9), (1, 1), (2, 9))
        ],
        [looked_through(tx, LogFilter(**one)) for one in SEARCHES],
        [tx.logs.walk(file_id="fl_0", after=after, take=2) for after in (None, *IDS)],
        [tx.logs.of_trace(trace_id=one) for one in IDS],
        [tx.logs.children(parent_ids=IDS[n:]) for n in range(5)],
        [tx.logs.judgments(judged_ids=IDS[n:]) for n in range(5)],
        [
            tx.logs.judgment(judged_id=one, version_id="evv_0", is_automatic=is_automatic)
            for one in IDS
            for is_automatic in (False, True)
        ],
        tx.logs.of_execution(execution_id="exe_0"),
        sorted_ids(tx.logs.in_traces_of(flow_id="fl_0", take=9)),
        tx.logs.usage(version_ids=VERSIONS),
        [tx.logs.usage_of_file(file_id=one) for one in FILES],
        tx.logs.trace_usage(trace_ids=IDS),
        [tx.logs.total(version_id="flv_0", evaluator_version_id=one) for one in ("evv_0", "evv_1")],
        tx.logs.aggregates(version_ids=VERSIONS),
        [[tx.versions.get(id=one), tx.versions.kept(id=one)] for one in VERSIONS],
        [tx.versions.of_file(file_id=one) for one in FILES],
        [tx.monitors.of_file(file_id=one) for one in FILES],
        [tx.monitors.of_evaluator(evaluator_id=one) for one in FILES],
        [[tx.jobs.of_subject(subject=one) for one in ("a", "b")], tx.jobs.count()],
    ]


class Bug(Exception):
    pass


class LogsSideBySide(RuleBasedStateMachine):
    kind = "sqlite"

    def __init__(self) -> None:
        super().__init__()
        self.undo = ExitStack()
        for name, value in SMALL.items():
            self.undo.enter_context(mock.patch(name, value))
        self.desks = side_by_side(self.kind, self.undo)

    def teardown(self) -> None:
        self.undo.close()

    def outcome(self, desk: Desk, changes: list[Change], fails: bool) -> object:
        def work(tx: Transaction) -> Any:
            answers = [change(tx) for change in changes]
            seen = everything(tx)
            if fails:
                raise Bug
            return answers, seen

        try:
            return desk.write(work, HOME)
        except (Clash, Bug) as error:
            return repr(error)

    def do(self, changes: list[Change], fails: bool = False) -> None:
        model, other = (self.outcome(desk, changes, fails) for desk in self.desks)
        assert other == model

    @initialize()
    def begin(self) -> None:
        self.do([lambda tx, one=one: tx.files.add(file(one)) for one in FILES])
        self.do([lambda tx, one=one: tx.versions.add(version(one, FILE_OF[one])) for one in VERSIONS])

    @rule(change=st.one_of(CHANGES))
    def change_one_thing(self, change: Change) -> None:
        self.do([change])

    @rule(changes=st.lists(st.one_of(CHANGES), min_size=2, max_size=6), fails=st.booleans())
    def change_many_things(self, changes: list[Change], fails: bool) -> None:
        self.do(changes, fails)

    @invariant()
    def all_answers_are_alike(self) -> None:
        model, other = (desk.read(everything) for desk in self.desks)
        assert other == model


class PostgresLogsSideBySide(LogsSideBySide):
    kind = "postgres"


TestLogsSideBySide = LogsSideBySide.TestCase
TestLogsSideBySide.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
TestPostgresLogsSideBySide = PostgresLogsSideBySide.TestCase
TestPostgresLogsSideBySide.settings = settings(
    TestLogsSideBySide.settings, max_examples=6, stateful_step_count=14
)
