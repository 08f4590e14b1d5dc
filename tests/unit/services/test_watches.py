"""What is watched after a move: when it rolls back, when it ends, and that it never undoes what people do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.prepared import store_file
from tests.unit.services.gate_bench import GateBench, approval

from headrace.core.deployments import Action
from headrace.core.monitoring import Job, Work
from headrace.services.deployments import gates, rollouts, splits, switches
from headrace.services.deployments.moves import Wish
from headrace.services.deployments.watching import MOVED_ON, Watching
from headrace.services.versions import version_changes, versions
from headrace.storage import open_store
from headrace.storage.memory.store import MemoryStore

WATCH = {
    "for_s": 600,
    "rules": [
        {"type": "score", "evaluator": "external", "min": 0.5, "min_judgments": 3},
        {"type": "errors", "max_rate": 0.5, "min_logs": 4},
    ],
}


@pytest.fixture(params=["memory", "sqlite"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GateBench]:
    store = MemoryStore() if request.param == "memory" else open_store(store_file(tmp_path / "store.db"))
    made = GateBench(store=store)
    yield made
    made.run(made.store.close())
    made.runner.close()


@pytest.fixture
def moved(bench: GateBench) -> GateBench:
    """The second version was just moved to where it is watched."""
    bench.gate(watch=WATCH)
    bench.move()
    return bench


def test_bad_scores_roll_back_by_itself_and_the_history_tells_it(moved: GateBench) -> None:
    (watch,) = moved.watches()
    assert (watch.version_id, watch.outcome) == (moved.second_id, None)
    assert watch.ends_at - watch.begun_at == timedelta(seconds=600)
    moved.judged(False, False)
    moved.wait(5)
    assert moved.look() == 1
    assert moved.target() == moved.second_id  # two judgments are not three
    moved.judged(True)
    moved.judged(False)
    moved.wait(2)  # a judgment is looked at sooner than in turn
    assert moved.look() == 1
    assert moved.target() == moved.first_id
    last, before, _ = moved.history()
    assert (last.action, last.from_version_id) == (Action.REVERT, moved.second_id)
    assert last.reason is not None
    assert last.reason.startswith("Rolled back by its watch. `external` is 0.25 over 4 logs of version")
    told = json.loads(last.evidence or "")["watch"]
    assert (told["move_id"], told["version_id"]) == (before.id, moved.second_id)
    assert told["rules"][0]["figures"]["exact"] == "1/4"
    (ended,) = moved.read(lambda tx: tx.gates.watched(move_id=before.id))
    assert ended.outcome.endswith(f"It was rolled back by move {last.id}.")
    assert moved.watches() == []  # what is there now is not watched
    moved.wait(1_000)
    assert moved.look() == 0


def test_errors_roll_back_without_any_judgment(moved: GateBench) -> None:
    for _ in range(3):
        moved.failed()
    moved.wait(60)
    moved.look()
    assert moved.target() == moved.second_id
    moved.failed()
    moved.wait(60)
    moved.look()
    assert moved.target() == moved.first_id
    assert "4 of 4 logs" in (moved.history()[0].reason or "")


def test_only_what_came_since_the_move_counts(bench: GateBench) -> None:
    bench.judged(*[False] * 5)
    bench.gate(watch=WATCH)
    bench.move()
    bench.judged(*[True] * 3)
    bench.judged(*[False] * 9, version=bench.first_id)
    bench.wait(5)
    assert bench.look() == 1
    assert bench.target() == bench.second_id


def test_it_ends_when_its_time_is_over_with_a_last_look(moved: GateBench) -> None:
    moved.judged(True, True, True)
    for _ in range(5):
        moved.wait(60)
        assert moved.look() == 1
    moved.wait(590)
    assert moved.look() == 1
    (ended,) = moved.watches()
    assert ended.outcome == "It stayed within its limits."
    assert ended.ended_at is not None
    moved.judged(*[False] * 9)
    moved.wait(60)
    assert moved.look() == 0
    assert moved.target() == moved.second_id


def test_what_comes_within_its_time_is_seen_by_the_last_look(moved: GateBench) -> None:
    moved.wait(580)
    moved.judged(False, False, False)
    moved.wait(600)
    moved.look()
    assert moved.target() == moved.first_id


def test_what_a_person_moved_meanwhile_stays(moved: GateBench) -> None:
    moved.judged(False, False, False)
    third = moved.upsert("flow", "Flow", {"attributes": {"is": 3}}).version.id
    watched = moved.history()[0].id
    moved.move(third)
    moved.wait(60)
    assert moved.look() == 2
    assert moved.target() == third
    (ended,) = moved.read(lambda tx: tx.gates.watched(move_id=watched))
    assert ended.outcome == MOVED_ON
    (own,) = moved.watches()
    assert (own.version_id, own.outcome) == (third, None)


def test_a_switch_does_not_end_it(moved: GateBench) -> None:
    call = switches.switch(moved.ports, moved.principal, moved.at(), is_off=True, wish=Wish(reason="stop"))
    moved.run(call)
    moved.judged(False, False, False)
    moved.wait(5)
    moved.look()
    last = moved.history()[0]
    assert (last.action, last.is_off, moved.target()) == (Action.REVERT, True, moved.first_id)


def test_what_is_undone_is_not_watched(moved: GateBench) -> None:
    moved.run(rollouts.rollback(moved.ports, moved.principal, moved.at()))
    assert moved.watches() == []


def test_where_there_is_nothing_to_go_back_to_it_says_so_once(bench: GateBench) -> None:
    bench.gate(watch=WATCH)
    bench.move()
    bench.run(rollouts.take_away(bench.ports, bench.principal, bench.at()))
    bench.move()
    call = versions.get(bench.ports, bench.principal, kind="flow", ref=bench.flow.file.id)
    assert bench.run(call).version.id == bench.second_id
    hide(bench, bench.first_id)
    bench.judged(False, False, False)
    bench.wait(5)
    bench.look()
    assert bench.target() == bench.second_id
    (ended,) = bench.watches()
    assert ended.outcome is not None
    assert "It could not be rolled back." in ended.outcome
    bench.wait(60)
    assert bench.look() == 0


def hide(bench: GateBench, version_id: str) -> None:
    call = version_changes.delete_version(
        bench.ports, bench.principal, kind="flow", ref=bench.flow.file.id, version_id=version_id
    )
    bench.run(call)


def test_of_a_split_the_versions_that_are_new_are_watched(bench: GateBench) -> None:
    bench.gate(watch=WATCH)
    third = bench.upsert("flow", "Flow", {"attributes": {"is": 3}}).version.id
    shares = [(bench.first_id, 8), (bench.second_id, 1), (third, 1)]
    bench.run(splits.split(bench.ports, bench.principal, bench.at(), shares=shares))
    assert {watch.version_id for watch in bench.watches()} == {bench.second_id, third}
    bench.judged(False, False, False, version=third)
    bench.wait(5)
    bench.look()
    last = bench.history()[0]
    assert (last.action, last.shares, bench.target()) == (Action.REVERT, (), bench.first_id)
    bench.wait(60)
    bench.look()
    split = bench.history()[1].id
    outcomes = {one.version_id: one.outcome for one in bench.read(lambda tx: tx.gates.watched(move_id=split))}
    assert outcomes[bench.second_id] == MOVED_ON


@pytest.mark.parametrize("is_widened", [True, False])
def test_what_was_tried_in_a_split_goes_back_to_before_the_split(bench: GateBench, is_widened: bool) -> None:
    bench.gate(watch=WATCH)
    for weight in (1, 5):
        shares = [(bench.first_id, 10 - weight), (bench.second_id, weight)]
        bench.run(splits.split(bench.ports, bench.principal, bench.at(), shares=shares))
    if not is_widened:
        bench.move()
    bench.judged(False, False, False)
    bench.wait(5)
    bench.look()
    last = bench.history()[0]
    assert (last.action, last.version_id, last.shares) == (Action.REVERT, bench.first_id, ())


def test_the_rules_of_the_time_of_the_move_hold(moved: GateBench) -> None:
    moved.run(gates.remove(moved.ports, moved.principal, moved.at()))
    moved.judged(False, False, False)
    moved.wait(5)
    moved.look()
    assert moved.target() == moved.first_id


def test_the_watches_of_all_files_and_of_the_pointer_both_count(bench: GateBench) -> None:
    everywhere = {"for_s": 60, "rules": [{"type": "errors", "max_rate": 0, "min_logs": 1}]}
    bench.gate(where=gates.InEnvironment(environment="production"), watch=everywhere)
    bench.gate(watch=WATCH)
    bench.move()
    (watch,) = bench.watches()
    assert watch.ends_at - watch.begun_at == timedelta(seconds=600)
    bench.wait(100)
    bench.failed()  # after the minute in which none may have one
    bench.wait(60)
    bench.look()
    assert bench.target() == bench.second_id
    bench.judged(False, False, False)
    bench.wait(5)
    bench.look()
    assert bench.target() == bench.first_id


def test_a_file_that_is_gone_is_watched_no_longer(moved: GateBench) -> None:
    moved.run(versions.delete_file(moved.ports, moved.principal, kind="flow", ref=moved.flow.file.id))
    moved.wait(60)
    assert moved.look() == 1
    moved.wait(60)
    assert moved.look() == 0


def test_a_rehearsal_and_a_refused_move_watch_nothing(bench: GateBench) -> None:
    bench.gate(approval(), watch=WATCH)
    bench.move(is_rehearsal=True)
    with pytest.raises(Exception, match="1 person needed"):
        bench.move()
    bench.wait(60)
    assert bench.look() == 0


def test_a_judgment_is_looked_at_soon_and_many_lead_to_one_look(moved: GateBench) -> None:
    (before,) = jobs(moved)
    made = moved.judged(True)
    (soon,) = jobs(moved)
    assert soon.due_at < before.due_at
    moved.judgment(made[0], "external", False)
    assert jobs(moved) == [soon]


def jobs(bench: GateBench) -> list[Job]:
    move_id = bench.history()[0].id
    found: list[Job] = bench.read(lambda tx: tx.jobs.of_subject(subject=move_id))
    return found


def test_what_can_t_be_looked_at_is_tried_until_its_time_is_over(moved: GateBench) -> None:
    handler = Watching(moved.ports).handler
    (job,) = take(moved)
    moved.run(handler.give_up(job, "The store is away."))
    (waiting,) = jobs(moved)
    assert (waiting.attempts, waiting.leased_until) == (0, None)
    moved.wait(700)
    (job,) = take(moved)
    moved.run(handler.give_up(job, "The store is away."))
    (ended,) = moved.watches()
    assert ended.outcome == "It could not be looked at: The store is away."
    assert jobs(moved) == []


def take(bench: GateBench) -> list[Job]:
    bench.wait(60)
    now = bench.ports.clock.now()

    def work(tx: Any) -> list[Job]:
        found: list[Job] = tx.jobs.take(work=Work.WATCH, now=now, until=now, most=9)
        return found

    taken: list[Job] = bench.write(work)
    return taken


def test_it_survives_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    bench = GateBench(store=open_store(url))
    bench.gate(watch=WATCH)
    bench.move()
    bench.judged(False, False, False)
    bench.wait(5)
    (job,) = take(bench)  # and then the process ends
    bench.run(bench.store.close())
    bench.store = open_store(url)
    bench.ports = replace(bench.ports, store=bench.store)
    bench.wait(60)
    assert bench.look() == 1
    assert bench.target() == bench.first_id
    # What the process would have done after all changes nothing.
    bench.run(Watching(bench.ports).act(job))
    assert [move.action for move in bench.history()][:2] == [Action.REVERT, Action.MOVE]
    bench.run(bench.store.close())
    bench.runner.close()
