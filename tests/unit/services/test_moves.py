"""Moves of pointers: what is expected, what a gate says, promoting, rolling back, looking at what is live."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.contract.bedrock.things import definition
from tests.unit.services.conftest import Registry

from headrace.core.access import Right
from headrace.core.deployments import Action, Aim, Move, PointerKind
from headrace.core.diff import apply
from headrace.core.errors import Conflict, Forbidden, GateClosed, Invalid, NotFound
from headrace.core.ports import Transaction
from headrace.services.deployments import aliases, deployments, gates, moves, pointers, rollouts, switches
from headrace.services.deployments.aliases import AliasEdit
from headrace.services.deployments.gates import Verdict
from headrace.services.deployments.moves import MAX_REASON, NOTHING, Change, Moved, Wish
from headrace.services.deployments.pointers import Where, aim_at
from headrace.services.versions import releases, version_changes
from headrace.services.versions.views import VersionView


class Desk:
    """One flow with four numbered versions, the first of them in production, and an alias at the first."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.ports, self.principal = registry.ports, registry.principal
        self.versions = [
            registry.upsert({"definition": definition(f"version {number}")}) for number in range(1, 5)
        ]
        self.file = self.versions[0].file
        edit = AliasEdit(name="live", description=None, concurrency=None, target="1")
        made = aliases.create(self.ports, self.principal, ref=self.file.id, edit=edit, labels={}, token=None)
        self.alias = registry.run(made).alias

    def at(self, environment: str | None = None, alias: str | None = None) -> Where:
        return Where(kind="flow", ref=self.file.id, environment=environment, alias=alias)

    def id(self, number: int) -> str:
        return self.versions[number - 1].version.id

    def point(self, where: Where, to: str, **wish: Any) -> Moved:
        return self.run(rollouts.point(self.ports, self.principal, where, to=to, wish=Wish(**wish)))

    def back(self, where: Where, to: str | None = None, **wish: Any) -> Moved:
        return self.run(rollouts.rollback(self.ports, self.principal, where, to=to, wish=Wish(**wish)))

    def history(self, where: Where) -> list[Move]:
        return self.run(rollouts.history(self.ports, self.principal, where, take=100))

    def run(self, call: Any) -> Any:
        return self.registry.run(call)

    def write(self, work: Any) -> Any:
        return self.run(self.ports.store.write(self.principal.account, work))


@pytest.fixture
def desk(registry: Registry) -> Desk:
    return Desk(registry)


STAGING, PRODUCTION = "staging", "production"


# What is written down


def test_a_move_says_who_when_from_where_to_where_and_why(desk: Desk) -> None:
    first = desk.point(desk.at(STAGING), "2").move
    second = desk.point(desk.at(STAGING), desk.id(3), reason="better answers").move
    assert first is not None
    assert second is not None
    assert (first.from_version_id, first.version_id, first.reason) == (None, desk.id(2), None)
    assert (second.from_version_id, second.version_id) == (desk.id(2), desk.id(3))
    assert (second.reason, second.moved_by) == ("better answers", desk.principal.user.id)
    assert second.digest == desk.versions[2].version.digest
    assert (second.action, second.is_automatic, second.evidence) == (Action.MOVE, False, None)
    assert second.moved_at > first.moved_at
    assert desk.history(desk.at(STAGING)) == [second, first]


def test_an_alias_may_be_told_a_number_a_version_or_the_draft(desk: Desk) -> None:
    where = desk.at(alias="live")
    assert desk.point(where, "2").after.target == "2"
    by_version = desk.point(where, desk.id(3)).move
    assert by_version is not None
    assert (by_version.target, by_version.version_id, by_version.from_target) == ("3", desk.id(3), "2")
    draft = desk.point(where, "DRAFT").move
    assert draft is not None
    assert (draft.target, draft.version_id, draft.from_target) == ("DRAFT", None, "3")


def test_the_draft_s_digest_is_that_of_what_was_prepared(desk: Desk) -> None:
    draft = desk.registry.inside(lambda tx: tx.drafts.get(file_id=desk.file.id))
    move = desk.point(desk.at(alias="live"), "DRAFT").move
    assert move is not None
    assert move.digest == draft.snapshot_digest is not None


@pytest.mark.parametrize("to", ["9", "flv_none", "007", "99999999999999999999", "²"])
def test_only_what_is_there_can_be_targeted(desk: Desk, to: str) -> None:
    for where in (desk.at(STAGING), desk.at(alias="live")):
        before = desk.history(where)
        if where.alias or to != "007":
            with pytest.raises(NotFound, match=to):
                desk.point(where, to)
        assert desk.history(where) == before


def test_an_environment_targets_no_draft_and_a_file_nothing(desk: Desk) -> None:
    with pytest.raises(Invalid, match="not the draft"):
        desk.point(desk.at(STAGING), "DRAFT")
    with pytest.raises(Invalid, match="only be switched"):
        desk.point(desk.at(), "1")


def test_a_pointer_is_named_by_one_thing(desk: Desk) -> None:
    with pytest.raises(Invalid, match="Either an environment or an alias"):
        desk.point(desk.at(STAGING, "live"), "1")
    with pytest.raises(Invalid, match="TSTALIASID can't be moved"):
        desk.point(desk.at(alias="TSTALIASID"), "1")
    for where, missing in ((desk.at("nowhere"), "nowhere"), (desk.at(alias="none"), "none")):
        with pytest.raises(NotFound, match=missing):
            desk.point(where, "1")
    by_path = Where(kind="flow", ref="a/b", alias=desk.alias.id)
    assert desk.point(by_path, "2").spot.name == "live"


def test_a_reader_looks_and_moves_nothing(desk: Desk) -> None:
    reader = desk.registry.as_user(Right.RUNNER)
    where = desk.at(STAGING)
    for call in (
        rollouts.point(desk.ports, reader, where, to="1"),
        rollouts.promote(desk.ports, reader, where, source=desk.at(PRODUCTION)),
        rollouts.rollback(desk.ports, reader, where),
        rollouts.take_away(desk.ports, reader, where),
        switches.switch(desk.ports, reader, where, is_off=True),
    ):
        with pytest.raises(Forbidden):
            desk.run(call)
    assert desk.run(rollouts.history(desk.ports, reader, where, take=9)) == []
    assert desk.run(rollouts.live(desk.ports, reader, desk.at(PRODUCTION))).number == 1


# Compare and set


def test_what_is_expected_is_the_last_move_or_the_version(desk: Desk) -> None:
    where = desk.at(STAGING)
    first = desk.point(where, "1", expected=NOTHING).move
    assert first is not None
    for expected, to in ((first.id, "2"), (desk.id(2), "3"), ("3", "4")):
        assert desk.point(where, to, expected=expected).is_new
    for stale in (first.id, desk.id(2), "3", NOTHING, "mv_none"):
        with pytest.raises(Conflict, match=f"{stale} was expected") as caught:
            desk.point(where, "1", expected=stale)
        last = desk.history(where)[0]
        assert all(
            named in caught.value.message
            for named in (last.id, desk.id(4), "`staging`", desk.principal.user.full_name)
        )


def test_an_alias_is_expected_by_its_number(desk: Desk) -> None:
    where = desk.at(alias="live")
    assert desk.point(where, "2", expected="1").is_new
    assert desk.point(where, "DRAFT", expected=desk.id(2)).is_new
    assert desk.point(where, "3", expected="DRAFT").is_new
    with pytest.raises(Conflict, match="is at 3"):
        desk.point(where, "1", expected="DRAFT")


def test_what_never_moved_is_expected_as_nothing_only(desk: Desk) -> None:
    with pytest.raises(Conflict, match="was never moved"):
        desk.point(desk.at(STAGING), "1", expected=desk.id(1))
    desk.point(desk.at(STAGING), "1")
    gone = desk.run(rollouts.take_away(desk.ports, desk.principal, desk.at(STAGING))).move
    with pytest.raises(Conflict, match=f"targets nothing since move {gone.id}"):
        desk.point(desk.at(STAGING), "1", expected="1")
    assert desk.point(desk.at(STAGING), "1", expected=gone.id).is_new


def test_a_stale_caller_is_told_even_if_he_wants_what_is_there(desk: Desk) -> None:
    desk.point(desk.at(STAGING), "2")
    with pytest.raises(Conflict):
        desk.point(desk.at(STAGING), "2", expected=NOTHING)


def test_repeating_what_is_so_changes_nothing(desk: Desk) -> None:
    where = desk.at(STAGING)
    first = desk.point(where, "2")
    again = desk.point(where, desk.id(2), reason="once more")
    assert (again.is_new, again.move, again.pointer) == (False, first.move, first.pointer)
    assert len(desk.history(where)) == 1


def test_what_came_by_itself_is_moved_by_hand_once(desk: Desk) -> None:
    assert [one.is_automatic for one in desk.history(desk.at(PRODUCTION))] == [True]
    assert desk.point(desk.at(PRODUCTION), "1").is_new
    assert not desk.point(desk.at(PRODUCTION), "1").is_new
    assert [one.is_automatic for one in desk.history(desk.at(PRODUCTION))] == [False, True]


# Gates


def closed(*_: Any) -> Verdict:
    return Verdict(has_gate=True, is_open=False, reasons=("Score 0.6 is below 0.8.",), figures={"score": 0.6})


def opened(*_: Any) -> Verdict:
    return Verdict(has_gate=True, figures={"score": 0.9})


def test_back_to_the_draft_is_asked_about_and_back_to_a_version_is_not(desk: Desk) -> None:
    where = desk.at(alias="live")
    for to in ("DRAFT", "2", "3"):
        desk.point(where, to)
    spec = b'{"rules": [{"type": "approval", "by": 1}]}'
    desk.run(gates.put(desk.ports, desk.principal, where, spec))
    assert desk.back(where).after.target == "2"
    before = desk.history(where)
    with pytest.raises(GateClosed, match="does not let DRAFT through"):
        desk.back(where)
    assert desk.back(where, is_rehearsal=True).verdict.is_open is False
    assert desk.history(where) == before
    assert desk.back(where, is_override=True, reason="known").after.target == "DRAFT"


def change(desk: Desk, to: str = "2", action: Action = Action.MOVE, **wish: Any) -> Any:
    def work(tx: Transaction) -> Change:
        spot = pointers.find(tx, desk.at(STAGING))
        aim = Aim() if action is Action.TAKE_AWAY else aim_at(tx, spot.file, spot.kind, to)
        return Change(spot=spot, to=aim, action=action, wish=Wish(**wish))

    return work


def judged(desk: Desk, judge: Any, principal: Any = None, **given: Any) -> Moved:
    made = change(desk, **given)
    return desk.write(
        lambda tx: moves.move(tx, desk.ports, principal or desk.principal, made(tx), judge=judge)
    )


def test_a_closed_gate_refuses_with_all_its_reasons(desk: Desk) -> None:
    with pytest.raises(Conflict, match=r"`staging`.*does not let .*through\. Score 0\.6 is below 0\.8\."):
        judged(desk, closed)
    assert desk.history(desk.at(STAGING)) == []


def test_what_an_open_gate_found_is_kept(desk: Desk) -> None:
    move = judged(desk, opened).move
    assert move is not None
    assert move.evidence is not None
    assert json.loads(move.evidence) == {
        "gate": {"is_open": True, "reasons": [], "figures": {"score": 0.9}, "is_overridden": False}
    }


def test_an_administrator_overrides_with_a_reason_that_is_kept(desk: Desk) -> None:
    editor = desk.registry.as_user(Right.EDITOR)
    with pytest.raises(Forbidden, match="admin"):
        judged(desk, closed, editor, is_override=True, reason="now")
    with pytest.raises(Invalid, match="needs a reason"):
        judged(desk, closed, is_override=True, reason=" ")
    assert desk.history(desk.at(STAGING)) == []
    move = judged(desk, closed, is_override=True, reason="the old one burns").move
    assert move is not None
    assert move.evidence is not None
    gate = json.loads(move.evidence)["gate"]
    assert (gate["is_overridden"], gate["reasons"]) == (True, ["Score 0.6 is below 0.8."])
    assert move.reason == "the old one burns"


def test_an_override_of_an_open_gate_is_none(desk: Desk) -> None:
    move = judged(desk, opened, is_override=True, reason="to be sure").move
    assert move is not None
    assert move.evidence is not None
    assert json.loads(move.evidence)["gate"]["is_overridden"] is False


@pytest.mark.parametrize("action", [Action.ROLLBACK, Action.REVERT, Action.TAKE_AWAY])
def test_no_gate_holds_up_undoing(desk: Desk, action: Action) -> None:
    desk.point(desk.at(STAGING), "1")
    assert judged(desk, closed, action=action).is_new


def test_a_stale_caller_learns_nothing_of_the_gate(desk: Desk) -> None:
    with pytest.raises(Conflict, match="was expected"):
        judged(desk, closed, expected="mv_none")


def test_a_reason_has_a_limit(desk: Desk) -> None:
    desk.point(desk.at(STAGING), "1", reason="x" * MAX_REASON)
    with pytest.raises(Invalid, match="at most 2000 characters"):
        desk.point(desk.at(STAGING), "2", reason="x" * (MAX_REASON + 1))


# Rehearsals


def test_a_rehearsal_says_what_would_be_and_writes_nothing(desk: Desk) -> None:
    desk.point(desk.at(STAGING), "1")
    before = desk.history(desk.at(STAGING))
    would = desk.point(desk.at(STAGING), "2", is_rehearsal=True)
    assert (would.is_new, would.before.version_id, would.after.version_id) == (True, desk.id(1), desk.id(2))
    assert desk.history(desk.at(STAGING)) == before
    assert not desk.point(desk.at(STAGING), "1", is_rehearsal=True).is_new
    said = judged(desk, closed, is_rehearsal=True)
    assert (said.verdict.is_open, said.verdict.reasons) == (False, ("Score 0.6 is below 0.8.",))
    assert desk.back(desk.at(PRODUCTION), is_rehearsal=True, to=desk.history(desk.at(PRODUCTION))[0].id)
    assert desk.history(desk.at(STAGING)) == before


def test_a_rehearsal_tells_what_would_differ(desk: Desk) -> None:
    desk.point(desk.at(STAGING), "1")
    found = desk.point(desk.at(STAGING), "2", is_rehearsal=True).diff
    assert found is not None
    contents = [json.loads(desk.versions[number].version.content) for number in (0, 1)]
    assert not found.is_empty
    assert apply(found, contents[0]) == contents[1]
    assert desk.point(desk.at(STAGING), "2").diff is None
    same = desk.point(desk.at(STAGING), "2", is_rehearsal=True).diff
    assert same is not None
    assert same.is_empty
    draft = desk.point(desk.at(alias="live"), "DRAFT", is_rehearsal=True).diff
    assert draft is not None
    snapshot = desk.registry.inside(lambda tx: tx.drafts.get(file_id=desk.file.id)).snapshot
    assert apply(draft, contents[0]) == json.loads(snapshot)
    gone = rollouts.take_away(desk.ports, desk.principal, desk.at(STAGING), wish=Wish(is_rehearsal=True))
    assert desk.run(gone).diff is None


def test_a_rehearsal_with_a_stale_expectation_fails_as_the_real_thing(desk: Desk) -> None:
    with pytest.raises(Conflict, match="was expected"):
        desk.point(desk.at(STAGING), "2", is_rehearsal=True, expected="mv_none")


# Promoting


def promote(desk: Desk, where: Where, source: Where, **wish: Any) -> Moved:
    return desk.run(rollouts.promote(desk.ports, desk.principal, where, source=source, wish=Wish(**wish)))


def test_promoting_takes_what_the_other_one_targets(desk: Desk) -> None:
    desk.point(desk.at(STAGING), "3")
    made = promote(desk, desk.at(PRODUCTION), desk.at(STAGING), expected="1")
    assert made.move is not None
    staging = next(e for e in desk.registry.inside(lambda tx: tx.environments.all()) if e.name == STAGING)
    assert (made.move.action, made.move.version_id) == (Action.PROMOTE, desk.id(3))
    assert made.move.source == staging.id
    assert not promote(desk, desk.at(PRODUCTION), desk.at(STAGING)).is_new


def test_what_one_api_deployed_is_promoted_for_the_other(desk: Desk) -> None:
    desk.point(desk.at(STAGING), "3")
    assert promote(desk, desk.at(alias="live"), desk.at(STAGING)).after.target == "3"
    desk.point(desk.at(alias="live"), "4")
    assert promote(desk, desk.at(PRODUCTION), desk.at(alias="live")).after.version_id == desk.id(4)
    desk.point(desk.at(alias="live"), "DRAFT")
    with pytest.raises(Invalid, match="not the draft"):
        promote(desk, desk.at(PRODUCTION), desk.at(alias="live"))


def test_nothing_can_be_promoted_from_nothing_itself_or_another_file(desk: Desk) -> None:
    with pytest.raises(Conflict, match="targets nothing that could be promoted"):
        promote(desk, desk.at(PRODUCTION), desk.at(STAGING))
    with pytest.raises(Invalid, match="another one of the same file"):
        promote(desk, desk.at(PRODUCTION), desk.at(PRODUCTION))
    other = desk.registry.upsert({"definition": definition("other")}, path="c/d").file
    with pytest.raises(Invalid, match="another one of the same file"):
        promote(desk, desk.at(PRODUCTION), Where(kind="flow", ref=other.id, environment=PRODUCTION))


# Rolling back


def test_rolling_back_twice_goes_two_back(desk: Desk) -> None:
    where = desk.at(STAGING)
    made = [desk.point(where, str(number)).move for number in (1, 2, 3)]
    once = desk.back(where, reason="it fails").move
    twice = desk.back(where).move
    assert once is not None
    assert twice is not None
    assert [(one.version_id, one.source) for one in (once, twice)] == [
        (desk.id(2), made[1].id),
        (desk.id(1), made[0].id),
    ]
    assert {once.action, twice.action} == {Action.ROLLBACK}
    assert (once.reason, once.from_version_id) == ("it fails", desk.id(3))
    with pytest.raises(Conflict, match="nothing to roll back to"):
        desk.back(where)
    assert [one.id for one in desk.history(where)][:2] == [twice.id, once.id]


def test_after_a_rollback_a_new_move_is_rolled_back_to_where_it_began(desk: Desk) -> None:
    where = desk.at(STAGING)
    for number in (1, 2, 3):
        desk.point(where, str(number))
    desk.back(where)
    desk.point(where, "4")
    assert desk.back(where).after.version_id == desk.id(2)
    assert desk.back(where).after.version_id == desk.id(1)


@pytest.mark.parametrize("meanwhile", ["taken away", "switched", "moved on"])
def test_nobody_is_rolled_back_to_what_was_rolled_back(desk: Desk, meanwhile: str) -> None:
    where = desk.at(STAGING)
    for number in (1, 2, 3):
        desk.point(where, str(number))
    assert desk.back(where).after.version_id == desk.id(2)
    if meanwhile == "taken away":
        desk.run(rollouts.take_away(desk.ports, desk.principal, where))
        desk.point(where, "2")
    else:
        for is_off in (True, False):
            desk.run(switches.switch(desk.ports, desk.principal, where, is_off=is_off))
    if meanwhile == "moved on":
        desk.point(where, "4")
        assert desk.back(where).after.version_id == desk.id(2)
    assert desk.back(where).after.version_id == desk.id(1)


def test_any_earlier_move_can_be_rolled_back_to(desk: Desk) -> None:
    where = desk.at(alias="live")
    first = desk.history(where)[0]
    for number in (2, 3, 4):
        desk.point(where, str(number))
    assert desk.back(where, to=first.id, expected="4").after.target == "1"
    with pytest.raises(NotFound, match="has no move `mv_none`"):
        desk.back(where, to="mv_none")
    elsewhere = desk.history(desk.at(PRODUCTION))[0]
    with pytest.raises(NotFound, match=elsewhere.id):
        desk.back(where, to=elsewhere.id)


def test_what_was_taken_away_is_brought_back_by_rolling_back(desk: Desk) -> None:
    where = desk.at(STAGING)
    desk.point(where, "2")
    gone = desk.run(rollouts.take_away(desk.ports, desk.principal, where)).move
    assert not desk.run(rollouts.take_away(desk.ports, desk.principal, where)).is_new
    assert desk.back(where).after.version_id == desk.id(2)
    with pytest.raises(Conflict, match="nothing was targeted"):
        desk.back(where, to=gone.id)


def test_switching_is_not_what_is_rolled_back(desk: Desk) -> None:
    where = desk.at(STAGING)
    for number in (1, 2):
        desk.point(where, str(number))
    desk.run(switches.switch(desk.ports, desk.principal, where, is_off=True))
    made = desk.back(where)
    assert made.after.version_id == desk.id(1)
    assert made.pointer is not None
    assert made.pointer.is_off, "only switching on switches on"


def test_a_version_that_is_gone_cannot_be_rolled_back_to(desk: Desk) -> None:
    where = desk.at(STAGING)
    for number in (2, 3):
        desk.point(where, str(number))
    gone = version_changes.delete_version(
        desk.ports, desk.principal, kind="flow", ref=desk.file.id, version_id=desk.id(2)
    )
    desk.run(gone)
    with pytest.raises(
        Conflict, match=rf"no version `{desk.id(2)}`\. It was deleted since .* an earlier move by its id"
    ):
        desk.back(where)
    alias = desk.at(alias="live")
    desk.point(alias, "3")
    desk.run(
        releases.delete(desk.ports, desk.principal, kind="flow", ref=desk.file.id, number="1", is_forced=True)
    )
    with pytest.raises(Conflict, match="can't be rolled back to"):
        desk.back(alias)


# What is live


def test_what_is_live_names_version_number_digest_and_move(desk: Desk) -> None:
    move = desk.point(desk.at(STAGING), "3").move
    live = desk.run(rollouts.live(desk.ports, desk.principal, desk.at(STAGING)))
    assert move is not None
    assert (live.pointer.version_id, live.number, live.pointer.digest, live.move_id) == (
        desk.id(3),
        3,
        desk.versions[2].version.digest,
        move.id,
    )
    assert not live.is_off
    nothing = desk.run(rollouts.take_away(desk.ports, desk.principal, desk.at(STAGING)))
    live = desk.run(rollouts.live(desk.ports, desk.principal, desk.at(STAGING)))
    assert (live.pointer, live.number, live.move_id) == (None, None, nothing.move.id)
    desk.point(desk.at(alias="live"), "DRAFT")
    live = desk.run(rollouts.live(desk.ports, desk.principal, desk.at(alias="live")))
    assert (live.pointer.target, live.number) == ("DRAFT", None)


def test_all_that_is_live_of_a_file(desk: Desk) -> None:
    found = desk.run(rollouts.all_live(desk.ports, desk.principal, kind="flow", ref="a/b"))
    assert [(one.spot.kind, one.spot.name, one.number) for one in found] == [
        (PointerKind.ALIAS, "live", 1),
        (PointerKind.ENVIRONMENT, PRODUCTION, 1),
    ]


def test_history_is_walked_page_by_page(desk: Desk) -> None:
    where = desk.at(STAGING)
    made = [desk.point(where, str(1 + number % 4)).move for number in range(9)]
    found: list[Move] = []
    before = None
    while page := desk.run(rollouts.history(desk.ports, desk.principal, where, before=before, take=4)):
        found += page
        before = page[-1].id
    assert found == made[::-1]
    with pytest.raises(NotFound, match="has no move `mv_none`"):
        desk.run(rollouts.history(desk.ports, desk.principal, where, before="mv_none", take=4))


def test_the_compatible_ways_are_moves_too(desk: Desk) -> None:
    made: VersionView = desk.versions[1]
    desk.run(
        deployments.deploy(
            desk.ports,
            desk.principal,
            kind="flow",
            ref=desk.file.id,
            environment=STAGING,
            version_id=made.version.id,
        )
    )
    undeploy = deployments.undeploy(
        desk.ports, desk.principal, kind="flow", ref=desk.file.id, environment=STAGING
    )
    desk.run(undeploy)
    told = [(one.action, one.from_version_id, one.digest) for one in desk.history(desk.at(STAGING))]
    assert told == [
        (Action.TAKE_AWAY, made.version.id, None),
        (Action.MOVE, None, made.version.digest),
    ]


def test_moving_an_alias_here_is_seen_in_its_own_api(desk: Desk) -> None:
    desk.point(desk.at(alias="live"), "2")
    view = desk.run(aliases.get(desk.ports, desk.principal, ref=desk.file.id, alias=desk.alias.id))
    assert view.target == "2"
    assert view.alias.updated_at > desk.alias.updated_at == desk.alias.created_at


def test_a_move_survives_being_written_as_json(desk: Desk) -> None:
    move = judged(desk, opened).move
    assert move is not None
    assert msgspec.json.decode(msgspec.json.encode(move), type=Move) == move
