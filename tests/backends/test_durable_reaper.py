"""Who is gone: told by locks that PostgreSQL lets go of, and by who was not seen for too long."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import psycopg
import pytest
import sqlalchemy
from tests.postgres import Cluster, cluster

from headrace.backends.durable import reaper as module
from headrace.backends.durable.databases import open_database
from headrace.backends.durable.place import JournalSchema
from headrace.backends.durable.reaper import Reaper, key_of
from headrace.core.errors import Unavailable

LET_GO_S = 60


@dataclass
class Journals:
    """The part of the library that a reaper knows."""

    carried: dict[str, int] = field(default_factory=dict)
    handed_over: list[str] = field(default_factory=list)

    def holders(self) -> set[str]:
        return set(self.carried)

    def hand_over(self, processes: Collection[str]) -> int:
        self.handed_over += sorted(processes)
        return sum(self.carried.pop(one) for one in processes)


@pytest.fixture
def url() -> Iterator[str]:
    database = cluster().empty()
    yield database
    cluster().drop(database)


def reaper(url: str, journals: Journals, process: str = "prc_me") -> Reaper:
    made = Reaper(JournalSchema(url=url), journals, process=process)  # type: ignore[arg-type]
    made.hold()
    return made


def test_who_holds_no_lock_is_gone(url: str) -> None:
    journals = Journals({"prc_me": 1, "prc_alive": 2, "prc_dead": 3})
    other = reaper(url, Journals(), "prc_alive")
    me = reaper(url, journals)
    me.look({"prc_me", "prc_alive", "prc_dead"})
    assert journals.handed_over == ["prc_dead"]
    other.close()
    # The database lets go of a lock once it has noticed that its holder hung up.
    end = time.monotonic() + LET_GO_S
    while journals.handed_over == ["prc_dead"] and time.monotonic() < end:
        me.look({"prc_me", "prc_alive"})
    assert journals.handed_over == ["prc_dead", "prc_alive"]
    me.close()


@pytest.mark.parametrize(
    ("there", "form"),
    [
        ("headrace:secret@", "headrace:secret@127.0.0.1:1,"),
        ("", "?options=-c%20search_path%3Dpublic&sslmode=prefer&target_session_attrs=read-write"),
    ],
    ids=["several servers", "options"],
)
def test_any_url_that_a_store_can_have_will_do(url: str, there: str, form: str) -> None:
    other = url.replace(there, form) if there else url + form
    one = reaper(other, Journals(), "prc_one")
    journals = Journals({"prc_one": 1})
    me = reaper(url, journals)
    me.look({"prc_me", "prc_one"})
    assert journals.handed_over == []
    database = open_database(JournalSchema(url=other), connections=1)
    with database.connect() as connection:
        assert (
            connection.execute(sqlalchemy.text("SELECT current_database()")).scalar()
            == url.rpartition("/")[2]
        )
    database.dispose()
    one.close()
    me.close()


def test_who_was_not_seen_is_gone_whatever_it_holds(url: str) -> None:
    journals = Journals({"prc_frozen": 1})
    frozen, me = reaper(url, Journals(), "prc_frozen"), reaper(url, journals)
    me.look({"prc_me", "prc_frozen"})
    assert journals.handed_over == []
    me.look({"prc_me"})
    assert journals.handed_over == ["prc_frozen"]
    frozen.close()
    me.close()


def test_nobody_is_missed_just_after_the_database_was_away(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    journals = Journals({"prc_other": 1})
    me = reaper(url, journals)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'headrace-alive'"
        )
    with pytest.raises(Unavailable):
        me.look({"prc_other"})
    me.look({"prc_other"})
    assert journals.handed_over == [], "it may be about to take its lock again"
    monkeypatch.setattr(module.time, "monotonic", lambda: 10.0**12)
    me.look({"prc_other"})
    assert journals.handed_over == ["prc_other"]
    me.close()


def test_a_database_that_is_away_is_said_so() -> None:
    made = Cluster()
    url = made.empty()
    me = reaper(url, Journals())
    made.remove()
    for _ in range(2):
        with pytest.raises(Unavailable):
            me.look(set())
    me.close()


def test_keys_are_told_apart_and_have_64_bits() -> None:
    keys = {key_of(f"prc_{number}") for number in range(1000)}
    assert len(keys) == 1000
    assert min(keys) < -(2**62)
    assert max(keys) > 2**62
