"""Laws of what is to be forgotten, of how long logs are kept, and of providers, for every store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.storage.things import (
    ABROAD,
    START,
    Desk,
    at,
    erasure,
    execution,
    file,
    judgment,
    log,
    payload,
    provider_account,
    provider_use,
    retention,
    version,
)

from headrace.core.access import Organisation
from headrace.core.logs import Log
from headrace.core.ports import Clash, Transaction
from headrace.core.providers import Span


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A store with two flows and an evaluator."""

    def fill(tx: Transaction) -> None:
        for one in (file(), file("fl_2"), file("ev_1", kind="evaluator")):
            tx.files.add(one)
        tx.versions.add(version())
        tx.versions.add(version("flv_2", file_id="fl_2"))
        tx.access.add_organisation(Organisation(account=tx.account, name="home", created_at=START))

    desk.write(fill)
    return desk


def add(desk: Desk, *logs: Log) -> None:
    desk.write(lambda tx: [tx.logs.add(one, at=START) for one in logs])


def test_a_file_has_one_rule_and_only_files_have(filed: Desk) -> None:
    filed.write(lambda tx: [tx.keeping.put_rule(retention(keep_days=days)) for days in (30, 7)])
    filed.write(lambda tx: tx.keeping.put_rule(retention("fl_2", keep_days=0)))
    assert filed.read(lambda tx: tx.keeping.rule(file_id="fl_1")) == retention(keep_days=7)
    rules = [retention(keep_days=7), retention("fl_2", keep_days=0)]
    assert filed.read(lambda tx: tx.keeping.rules()) == rules
    assert filed.read(lambda tx: tx.keeping.rules(), ABROAD) == []
    with pytest.raises(Clash):
        filed.write(lambda tx: tx.keeping.put_rule(retention("fl_none")))


def test_organisations_are_told_by_whether_any_file_of_theirs_has_a_rule(filed: Desk) -> None:
    abroad = Organisation(account=ABROAD, name="abroad", created_at=START)
    filed.write(lambda tx: tx.access.add_organisation(abroad), ABROAD)
    home = filed.read(lambda tx: tx.account)
    assert filed.read(lambda tx: tx.keeping.accounts(with_rules=False)) == [home, ABROAD]
    assert filed.read(lambda tx: tx.keeping.accounts(with_rules=True)) == []
    filed.write(lambda tx: tx.keeping.put_rule(retention(keep_days=0)))
    assert filed.read(lambda tx: tx.keeping.accounts(with_rules=True)) == []
    filed.write(lambda tx: tx.keeping.put_rule(retention(keep_days=1)))
    assert filed.read(lambda tx: tx.keeping.accounts(with_rules=True), ABROAD) == [home]
    filed.write(lambda tx: tx.keeping.remove_rule(file_id="fl_1"))
    assert filed.read(lambda tx: tx.keeping.accounts(with_rules=True)) == []


def test_old_logs_come_in_order_without_judgments(filed: Desk) -> None:
    add(filed, *(log(f"log_{nth}", created_at=at(nth)) for nth in (3, 1, 2)))
    add(filed, log("log_other", file_id="fl_2", version_id="flv_2", created_at=START))
    add(filed, log("log_judged", judged_id="log_1", judged_version_id="flv_1", judgment=b"true"))
    found = filed.read(lambda tx: tx.keeping.old(file_id="fl_1", before=at(3), after=None, take=9))
    assert [log_id for _, log_id in found] == ["log_1", "log_2"]
    after = found[0][0]
    rest = filed.read(lambda tx: tx.keeping.old(file_id="fl_1", before=at(3), after=after, take=9))
    assert rest == found[1:]
    first = filed.read(lambda tx: tx.keeping.old(file_id="fl_1", before=at(9), after=None, take=1))
    assert first == found[:1]
    assert filed.read(lambda tx: tx.keeping.old(file_id="fl_none", before=at(9), after=None, take=9)) == []
    assert filed.read(lambda tx: tx.keeping.files_with_logs()) == ["fl_1", "fl_2"]


def test_logs_of_files_that_are_gone_are_found(filed: Desk) -> None:
    whole = log("log_1", payload=payload(output="kept"))
    add(filed, whole, log("log_2", created_at=at(1)))
    filed.write(lambda tx: tx.files.remove(id="fl_1", at=at(9)))
    assert filed.read(lambda tx: tx.logs.get(id="log_1")) is None
    assert filed.read(lambda tx: tx.keeping.some(ids=["log_1", "log_none"])) == [whole]
    page = filed.read(lambda tx: tx.keeping.page(after=None, take=1))
    assert [one.log for one in page] == [whole]
    rest = filed.read(lambda tx: tx.keeping.page(after=page[0].place, take=9))
    assert [one.log.id for one in rest] == ["log_2"]
    assert filed.read(lambda tx: tx.keeping.page(after=None, take=9), ABROAD) == []
    filed.write(lambda tx: tx.logs.remove(id="log_1"))
    assert filed.read(lambda tx: tx.keeping.some(ids=["log_1"])) == []


def test_what_hangs_on_logs_is_what_is_below_and_what_judges(filed: Desk) -> None:
    add(
        filed,
        log("log_1"),
        log("log_2", trace_parent_id="log_1", trace_id="log_1"),
        log("log_3", trace_parent_id="log_2", trace_id="log_1", execution_id="exe_1"),
        judgment("log_4", "log_2"),
    )
    hanging = filed.read(lambda tx: [tx.keeping.hanging(ids=[one]) for one in ("log_1", "log_2", "log_3")])
    assert hanging == [["log_2"], ["log_3", "log_4"], []]
    assert filed.read(lambda tx: sorted(tx.keeping.in_traces(ids=["log_1"]))) == ["log_2", "log_3"]
    assert filed.read(lambda tx: tx.keeping.logs_of_execution(execution_id="exe_1")) == ["log_3"]


def test_runs_are_found_by_id_and_by_name(filed: Desk) -> None:
    runs = [
        execution("exe_1", name="talk"),
        execution("exe_2", name="talk", file_id="fl_2"),
        execution("exe_3"),
    ]
    filed.write(lambda tx: [tx.executions.put(one) for one in runs])
    assert filed.read(lambda tx: tx.keeping.executions_named(name="talk")) == runs[:2]
    assert filed.read(lambda tx: tx.keeping.executions(after="exe_1", take=1)) == [runs[1]]
    assert filed.read(lambda tx: tx.keeping.executions_named(name="talk"), ABROAD) == []


def test_erasures_are_told_newest_first(filed: Desk) -> None:
    filed.write(lambda tx: [tx.keeping.add_erasure(erasure(one)) for one in ("ers_1", "ers_2", "ers_3")])
    found = filed.read(lambda tx: tx.keeping.erasures(take=2))
    assert found == [erasure("ers_3"), erasure("ers_2")]
    with pytest.raises(Clash, match="id"):
        filed.write(lambda tx: tx.keeping.add_erasure(erasure("ers_1")))


def test_a_provider_has_one_account_in_each_organisation(desk: Desk) -> None:
    desk.write(lambda tx: [tx.providers.put(provider_account(hint=hint)) for hint in ("old!", "new!")])
    desk.write(lambda tx: tx.providers.put(provider_account("another", sealed=None, hint="")))
    accounts = [provider_account("another", sealed=None, hint=""), provider_account(hint="new!")]
    assert desk.read(lambda tx: tx.providers.all()) == accounts
    assert desk.read(lambda tx: tx.providers.get(provider="openai")) == accounts[1]
    assert desk.read(lambda tx: tx.providers.get(provider="openai"), ABROAD) is None
    desk.write(lambda tx: tx.providers.remove(provider="openai"))
    assert desk.read(lambda tx: tx.providers.all()) == accounts[:1]


def test_uses_add_up_within_a_span_and_begin_anew_with_the_next(desk: Desk) -> None:
    today, tomorrow = Span.DAY.begin(START), Span.DAY.begin(START + timedelta(days=1))
    desk.write(lambda tx: [tx.providers.add_use(provider_use()) for _ in range(2)])
    both = provider_use(requests=4, tokens=60, cost_usd=0.5)
    assert desk.read(lambda tx: tx.providers.use(provider="openai", span=Span.DAY)) == both
    assert desk.read(lambda tx: tx.providers.use(provider="openai", span=Span.MONTH)) is None
    assert desk.read(lambda tx: tx.providers.uses(), ABROAD) == []
    desk.write(lambda tx: tx.providers.add_use(provider_use(begins_at=tomorrow)))
    assert desk.read(lambda tx: tx.providers.uses()) == [provider_use(begins_at=tomorrow)]
    desk.write(lambda tx: tx.providers.add_use(provider_use(begins_at=today)))  # by a clock that is behind
    late = provider_use(begins_at=tomorrow, requests=4, tokens=60, cost_usd=0.5)
    assert desk.read(lambda tx: tx.providers.uses()) == [late]
