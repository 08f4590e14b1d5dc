"""Several processes with one database: runs of evaluations end, and nothing is there twice."""

from __future__ import annotations

from functools import partial

import msgspec
from tests.storage.test_evaluations import fill
from tests.storage.test_postgres_races import at_once, shared
from tests.storage.things import HOME, evaluation, link, run, slot

from headrace.core.evaluations import Awaited, RunStatus
from headrace.core.ports import Clash, Transaction

TURNS = 12


def _prepare(number: int, tx: Transaction) -> None:
    one = f"rn_{number}"
    tx.runs.add(run(one, size=2), slots=[slot(0, one), slot(1, one)])
    tx.runs.awaiting([Awaited(run_id=one, place=place, version_id="evv_1") for place in (0, 1)])


def _judge(number: int, place: int, tx: Transaction) -> None:
    """The part of one judgment: strike out what was awaited, and complete the run when nothing is left."""
    one = f"rn_{number}"
    tx.runs.put_slot(slot(place, one, log_id=f"log_{number}_{place}", is_done=True))
    tx.runs.met([Awaited(run_id=one, place=place, version_id="evv_1")])
    found = tx.runs.get(id=one)
    if found and not tx.runs.is_awaiting(run_id=one) and not tx.runs.is_undone(run_id=one):
        tx.runs.update(msgspec.structs.replace(found, status=RunStatus.COMPLETED))


def test_whoever_is_last_completes_a_run() -> None:
    with shared() as (runner, (first, second)):
        runner.run(first.write(HOME, fill))
        for number in range(TURNS):
            runner.run(first.write(HOME, partial(_prepare, number)))
            both = at_once(
                first.write(HOME, partial(_judge, number, 0)), second.write(HOME, partial(_judge, number, 1))
            )
            assert runner.run(both) == [None, None]
        ids = [f"rn_{number}" for number in range(TURNS)]
        found = runner.run(second.read(HOME, lambda tx: tx.runs.some(ids=ids)))
        assert {one.status for one in found} == {RunStatus.COMPLETED}
        assert len(found) == TURNS


def test_a_name_is_given_once() -> None:
    with shared() as (runner, stores):
        runner.run(stores[0].write(HOME, fill))
        for number in range(TURNS):
            adds = [
                store.write(
                    HOME,
                    lambda tx, id_=f"evr_{number}_{side}", name=f"n{number}": tx.evaluations.add(
                        evaluation(id_, name=name)
                    ),
                )
                for side, store in enumerate(stores)
            ]
            outcomes = runner.run(at_once(*adds))
            (lost,) = [one for one in outcomes if one is not None]
            assert isinstance(lost, Clash)
            assert lost.rule == "evaluation_name"


def test_one_run_is_the_control_and_links_stay_in_order() -> None:
    def prepare(tx: Transaction) -> None:
        fill(tx)
        tx.evaluations.add(evaluation())
        for number in range(2 * TURNS):
            tx.runs.add(run(f"rn_{number}"), slots=[])

    with shared() as (runner, stores):
        runner.run(stores[0].write(HOME, prepare))
        for number in range(TURNS):
            puts = [
                store.write(
                    HOME,
                    lambda tx, id_=f"rn_{2 * number + side}": tx.evaluations.put_link(
                        link(id_, is_control=True)
                    ),
                )
                for side, store in enumerate(stores)
            ]
            assert runner.run(at_once(*puts)) == [None, None]
            links = runner.run(stores[1].read(HOME, lambda tx: tx.evaluations.links(evaluation_id="evr_1")))
            assert [one.is_control for one in links].count(True) == 1
            assert {one.run_id for one in links[:2]} == {f"rn_{2 * number}", f"rn_{2 * number + 1}"}
