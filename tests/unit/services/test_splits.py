"""Splits and switches: which version a call gets, that it keeps getting it, and that off means off."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.bedrock.things import definition
from tests.unit.engine.world import World
from tests.unit.services.conftest import Registry
from tests.unit.services.test_moves import PRODUCTION, STAGING, Desk, closed, promote

from headrace.core.deployments import Action, PointerKind, Share
from headrace.core.errors import Conflict, Invalid, NotFound
from headrace.services.calls import called
from headrace.services.calls.called import Chosen
from headrace.services.deployments import aliases, deployments, moves, rollouts, splits, switches
from headrace.services.deployments.aliases import AliasEdit
from headrace.services.deployments.moves import Moved, Wish
from headrace.services.deployments.pointers import Where
from headrace.services.deployments.splits import MAX_SHARES, MAX_WEIGHT, drawn, fraction, split
from headrace.services.deployments.switches import switch
from headrace.services.logs import new_logs
from headrace.services.logs.logs import NewLog
from headrace.services.records.recorder import Recorder
from headrace.services.runs import targets
from headrace.services.runs.invocations import Order
from headrace.services.runs.runs import Runs
from headrace.services.runs.targets import Choice, environment_alias
from headrace.services.runs.ways import way
from headrace.services.versions import releases, version_changes


@pytest.fixture
def desk(registry: Registry) -> Desk:
    return Desk(registry)


def divide(desk: Desk, where: Where, *shares: tuple[str, int], **wish: Any) -> Moved:
    return desk.run(split(desk.ports, desk.principal, where, shares=shares, wish=Wish(**wish)))


def turn(desk: Desk, where: Where, *, off: bool, reason: str | None = None) -> Moved:
    wish = Wish(reason=reason)
    return desk.run(switch(desk.ports, desk.principal, where, is_off=off, wish=wish))


class Caller:
    """Asks where calls of a flow lead, as a server does that keeps what it read."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        recorder = Recorder(desk.ports.store, desk.ports.clock)
        self._runs = Runs(effects=World().effects, recorder=recorder)

    def number(self, choice: Choice, key: str | None = None) -> int | None:
        order = Order(ref=self._desk.file.id, choice=choice, node=None, document="", split_key=key)
        found = way(self._runs, self._desk.ports, self._desk.principal, order)
        return self._desk.run(found)[1].number  # type: ignore[no-any-return]


def by_environment(desk: Desk, name: str) -> Choice:
    place = next(e for e in desk.registry.inside(lambda tx: tx.environments.all()) if e.name == name)
    return Choice(alias=environment_alias(desk.file.id, place.id))


# Drawing

weights = st.lists(st.integers(0, 1000), min_size=2, max_size=MAX_SHARES).filter(any)
keys = st.text(max_size=20)


def shares_of(given_weights: list[int]) -> list[Share]:
    return [
        Share(version_id=f"flv_{number}", target=None, weight=weight)
        for number, weight in enumerate(given_weights)
    ]


@given(weights=weights, key=keys)
def test_a_key_gets_the_same_share_each_time_and_never_one_without_weight(
    weights: list[int], key: str
) -> None:
    place = fraction(account="1", file_id="fl_1", pointer_id="env_1", key=key)
    assert 0 <= place < 1
    found = drawn(shares_of(weights), place)
    assert found.weight > 0
    assert (
        drawn(shares_of(weights), fraction(account="1", file_id="fl_1", pointer_id="env_1", key=key)) == found
    )


@given(weights=weights, place=st.floats(0, 1, exclude_max=True))
def test_a_share_is_the_stretch_between_the_weights_before_and_its_own(
    weights: list[int], place: float
) -> None:
    found = shares_of(weights).index(drawn(shares_of(weights), place))
    point = place * sum(weights)
    assert sum(weights[:found]) <= point < sum(weights[: found + 1])


@settings(max_examples=20, deadline=None)
@given(weights=st.lists(st.integers(0, 20), min_size=2, max_size=5).filter(any), salt=st.text(max_size=5))
def test_shares_are_as_large_as_their_weights(weights: list[int], salt: str) -> None:
    calls = 4_000
    found = Counter(
        drawn(
            shares_of(weights),
            fraction(account="1", file_id="fl_1", pointer_id=salt, key=f"caller {number}"),
        ).version_id
        for number in range(calls)
    )
    for number, weight in enumerate(weights):
        wanted = weight / sum(weights)
        error = (wanted * (1 - wanted) / calls) ** 0.5
        assert abs(found[f"flv_{number}"] / calls - wanted) <= 6 * error


@given(key=keys, first=st.integers(0, 100), more=st.integers(0, 100))
def test_who_had_the_new_version_keeps_it_when_its_share_grows(key: str, first: int, more: int) -> None:
    """What was rolled out to somebody is not taken back by rolling it out further."""
    place = fraction(account="1", file_id="fl_1", pointer_id="env_1", key=key)
    grown = min(100, first + more)
    before = drawn(shares_of([first, 100 - first]), place)
    after = drawn(shares_of([grown, 100 - grown]), place)
    assert (before.version_id, after.version_id) != ("flv_0", "flv_1")


def test_another_pointer_draws_others() -> None:
    found = {
        tuple(
            drawn(
                shares_of([1, 1]), fraction(account="1", file_id="fl_1", pointer_id=p, key=str(n))
            ).version_id
            for n in range(64)
        )
        for p in ("env_1", "env_2")
    }
    assert len(found) == 2


# Splitting


def test_a_split_keeps_its_primary_and_says_what_it_was(desk: Desk) -> None:
    where = desk.at(alias="live")
    made = divide(desk, where, ("1", 90), (desk.id(2), 10), reason="try it").move
    assert made is not None
    assert (made.action, made.target, made.version_id, made.from_target) == (
        Action.SPLIT,
        "1",
        desk.id(1),
        "1",
    )
    assert made.shares == (
        Share(version_id=desk.id(1), target="1", weight=90),
        Share(version_id=desk.id(2), target="2", weight=10),
    )
    view = desk.run(aliases.get(desk.ports, desk.principal, ref=desk.file.id, alias=desk.alias.id))
    assert view.target == "1"
    assert not divide(desk, where, ("1", 90), ("2", 10)).is_new


def test_calls_of_a_split_keep_together_by_their_key(desk: Desk) -> None:
    where = desk.at(alias="live")
    divide(desk, where, ("1", 1), ("2", 1), ("3", 2))
    caller, choice = Caller(desk), Choice(alias=desk.alias.id)
    found = {key: caller.number(choice, key) for key in map(str, range(200))}
    assert {caller.number(choice, key) == number for key, number in found.items()} == {True}
    counts = Counter(found.values())
    assert set(counts) == {1, 2, 3}
    assert counts[3] > max(counts[1], counts[2])
    fresh = Caller(desk)
    assert {key: fresh.number(choice, key) for key in found} == found, "another process draws the same"


def test_calls_without_a_key_are_each_on_their_own(desk: Desk) -> None:
    divide(desk, desk.at(PRODUCTION), ("1", 1), ("2", 1))
    caller, choice = Caller(desk), by_environment(desk, PRODUCTION)
    counts = Counter(caller.number(choice) for _ in range(200))
    assert set(counts) == {1, 2}
    assert min(counts.values()) > 50


def test_a_move_ends_a_split_and_a_split_without_shares_too(desk: Desk) -> None:
    caller, choice = Caller(desk), by_environment(desk, PRODUCTION)
    where = desk.at(PRODUCTION)
    divide(desk, where, ("1", 0), ("2", 1))
    assert {caller.number(choice) for _ in range(5)} == {2}
    assert divide(desk, where).after.shares == ()
    assert {caller.number(choice) for _ in range(5)} == {1}
    divide(desk, where, ("1", 0), ("2", 1))
    assert desk.point(where, "1").is_new
    assert caller.number(choice) == 1


def test_a_split_is_rolled_back_and_rolled_back_to(desk: Desk) -> None:
    where = desk.at(STAGING)
    desk.point(where, "1")
    made = divide(desk, where, ("1", 1), ("2", 3)).move
    assert desk.back(where).after.shares == ()
    assert made is not None
    again = desk.back(where, to=made.id)
    assert again.after.shares == made.shares
    assert again.pointer is not None
    assert again.pointer.shares == made.shares


def test_of_a_split_the_primary_is_promoted(desk: Desk) -> None:
    divide(desk, desk.at(PRODUCTION), ("1", 1), ("2", 9))
    made = promote(desk, desk.at(STAGING), desk.at(PRODUCTION))
    assert (made.after.version_id, made.after.shares) == (desk.id(1), ())


@pytest.mark.parametrize(
    ("shares", "rule"),
    [
        ([("1", 1)], "2 to 20 versions"),
        ([("1", 1)] * 21, "2 to 20 versions"),
        ([("1", 0), ("2", 0)], "must have a weight"),
        ([("1", 1), ("2", -1)], "whole number from 0"),
        ([("1", 1), ("2", MAX_WEIGHT + 1)], "whole number from 0"),
        ([("1", 1), ("1", 1)], "one share only"),
        ([("2", 1), ("3", 1)], "must have a share too"),
        ([("1", 1), ("DRAFT", 1)], "draft"),
    ],
)
def test_what_is_no_split_is_refused(desk: Desk, shares: list[tuple[str, int]], rule: str) -> None:
    for where in (desk.at(PRODUCTION), desk.at(alias="live")):
        before = desk.history(where)
        with pytest.raises(Invalid, match=rule):
            divide(desk, where, *shares)
        assert desk.history(where) == before


def test_only_what_targets_a_version_is_split(desk: Desk) -> None:
    with pytest.raises(Conflict, match="targets nothing"):
        divide(desk, desk.at(STAGING), ("1", 1), ("2", 1))
    desk.point(desk.at(alias="live"), "DRAFT")
    with pytest.raises(Conflict, match="targets DRAFT"):
        divide(desk, desk.at(alias="live"), ("1", 1), ("2", 1))
    with pytest.raises(NotFound, match="no version `9`"):
        divide(desk, desk.at(PRODUCTION), ("1", 1), ("9", 1))


def test_a_gate_is_asked_of_all_but_the_primary(desk: Desk) -> None:
    asked: list[Any] = []

    def judge(*given: Any) -> Any:
        asked.append(given[-1].version_id)
        return closed()

    def work(tx: Any) -> Moved:
        spot = splits.pointers.find(tx, desk.at(PRODUCTION))
        to = splits._shared(tx, spot, [("1", 8), ("2", 1), ("3", 1)])
        change = moves.Change(spot=spot, to=to, action=Action.SPLIT)
        return moves.move(tx, desk.ports, desk.principal, change, judge=judge)

    refused = rf"does not let {desk.id(2)} and {desk.id(3)} through"
    with pytest.raises(Conflict, match=refused):
        desk.write(work)
    assert asked == [desk.id(2), desk.id(3)]


def test_a_version_with_a_share_is_in_use(desk: Desk) -> None:
    divide(desk, desk.at(PRODUCTION), ("1", 1), ("2", 1))
    divide(desk, desk.at(alias="live"), ("1", 1), ("3", 1))
    for number, why in ((2, "share in an environment"), (3, "used by alias")):
        with pytest.raises(Conflict, match=why):
            desk.run(
                version_changes.delete_version(
                    desk.ports, desk.principal, kind="flow", ref=desk.file.id, version_id=desk.id(number)
                )
            )
        with pytest.raises(Conflict):
            desk.run(
                releases.delete(
                    desk.ports,
                    desk.principal,
                    kind="flow",
                    ref=desk.file.id,
                    number=str(number),
                    is_forced=False,
                )
            )


def test_a_share_whose_version_was_deleted_by_force_fails_alone(desk: Desk) -> None:
    divide(desk, desk.at(alias="live"), ("1", 1), ("3", 1))
    desk.run(
        releases.delete(desk.ports, desk.principal, kind="flow", ref=desk.file.id, number="3", is_forced=True)
    )
    caller, choice = Caller(desk), Choice(alias=desk.alias.id)
    found = Counter[object]()
    for key in map(str, range(40)):
        try:
            found[caller.number(choice, key)] += 1
        except NotFound:
            found["gone"] += 1
    assert set(found) == {1, "gone"}


def test_an_update_by_the_compatible_api_that_changes_no_target_keeps_the_split(desk: Desk) -> None:
    where = desk.at(alias="live")
    divide(desk, where, ("1", 1), ("2", 1))
    edit = AliasEdit(name="live", description="told anew", concurrency=None, target="1")
    desk.run(aliases.update(desk.ports, desk.principal, ref=desk.file.id, alias=desk.alias.id, edit=edit))
    live = desk.run(rollouts.live(desk.ports, desk.principal, where))
    assert len(live.pointer.shares) == 2


# Calls of other files


def choose(desk: Desk, key: str | None = None, **said: Any) -> str:
    """The version that a call of the flow as a mere file would get."""
    new = NewLog(kind="flow", ref=desk.file.id, **said)
    prepared = desk.run(new_logs.prepare(desk.ports, new))
    found = desk.registry.inside(lambda tx: called.choose(tx, prepared, split_key=key))
    assert isinstance(found, Chosen)
    assert found.version is not None
    assert found.new.version_id == found.version.id
    return found.version.id


def test_calls_by_an_environment_and_by_none_are_split(desk: Desk) -> None:
    divide(desk, desk.at(PRODUCTION), ("1", 1), ("2", 1))
    for said in ({}, {"environment": PRODUCTION}):
        found = {key: choose(desk, key, **said) for key in map(str, range(40))}
        assert set(found.values()) == {desk.id(1), desk.id(2)}
        assert {key: choose(desk, key, **said) for key in found} == found
        assert {choose(desk, **said) for _ in range(40)} == {desk.id(1), desk.id(2)}
    assert {choose(desk, version_id=desk.id(3)) for _ in range(5)} == {desk.id(3)}
    assert choose(desk, version_id=desk.id(1), environment=PRODUCTION) == desk.id(1)


def test_calls_stop_at_what_is_off(desk: Desk) -> None:
    desk.point(desk.at(STAGING), "2")
    turn(desk, desk.at(PRODUCTION), off=True)
    for said in ({}, {"environment": PRODUCTION}, {"version_id": desk.id(1), "environment": PRODUCTION}):
        with pytest.raises(Conflict, match="switched off"):
            choose(desk, **said)
    assert choose(desk, environment=STAGING) == desk.id(2)
    assert choose(desk, version_id=desk.id(1)) == desk.id(1)
    turn(desk, desk.at(), off=True)
    for said in ({"environment": STAGING}, {"version_id": desk.id(1)}):
        with pytest.raises(Conflict, match="switched off"):
            choose(desk, **said)
    assert desk.registry.get(desk.file.id).version.id == desk.id(1), "reading goes on"


def test_what_is_off_stays_so_when_it_is_taken_away(desk: Desk) -> None:
    where, production = desk.at(PRODUCTION), by_environment(desk, PRODUCTION)
    turn(desk, where, off=True)
    desk.run(rollouts.take_away(desk.ports, desk.principal, where))
    for said in ({}, {"environment": PRODUCTION}):
        with pytest.raises(Conflict, match=r"environment `production` .* was switched off"):
            choose(desk, **said)
    assert desk.registry.inside(lambda tx: targets.usual(tx, desk.file)) == production
    with pytest.raises(Conflict, match="was switched off"):
        Caller(desk).number(production)
    turn(desk, where, off=False)
    assert choose(desk) == desk.registry.get(desk.file.id).version.id, "the newest, as nothing is deployed"


# Switches


def test_off_says_who_when_why_and_what_to_do(desk: Desk) -> None:
    where = desk.at(alias="live")
    made = turn(desk, where, off=True, reason="It leaks addresses.").move
    assert made is not None
    with pytest.raises(Conflict) as caught:
        Caller(desk).number(Choice(alias=desk.alias.id))
    told = caught.value.message
    for part in (
        "The alias `live`",
        desk.principal.user.full_name,
        f"{made.moved_at:%Y-%m-%dT%H:%M:%SZ}",
        "It leaks addresses. ",
        "switches it on again",
    ):
        assert part in told


def test_off_and_on_hold_from_the_next_call_on(desk: Desk) -> None:
    caller, alias, production = Caller(desk), Choice(alias=desk.alias.id), by_environment(desk, PRODUCTION)
    assert caller.number(alias) == caller.number(production) == 1
    turn(desk, desk.at(alias="live"), off=True)
    with pytest.raises(Conflict, match="alias `live`"):
        caller.number(alias)
    assert caller.number(production) == 1
    turn(desk, desk.at(), off=True)
    for choice in (production, Choice(number=1), Choice()):
        with pytest.raises(Conflict, match="`a/b` was switched off"):
            caller.number(choice)
    turn(desk, desk.at(), off=False)
    assert caller.number(production) == 1
    with pytest.raises(Conflict, match="alias `live`"):
        caller.number(alias)
    turn(desk, desk.at(alias="live"), off=False)
    assert caller.number(alias) == 1


def test_switching_twice_is_switching_once(desk: Desk) -> None:
    where = desk.at(alias="live")
    assert not turn(desk, where, off=False).is_new
    assert turn(desk, where, off=True).is_new
    assert not turn(desk, where, off=True, reason="again").is_new
    assert [one.action for one in desk.history(where)] == [Action.SWITCH_OFF, Action.MOVE]
    assert turn(desk, desk.at(), off=True).is_new
    assert turn(desk, desk.at(), off=False).is_new
    assert not turn(desk, desk.at(), off=False).is_new


def test_what_is_off_stays_so_wherever_it_is_moved(desk: Desk) -> None:
    where = desk.at(STAGING)
    turn(desk, where, off=True)
    desk.point(where, "2")
    divide(desk, where, ("2", 1), ("3", 1))
    desk.run(rollouts.take_away(desk.ports, desk.principal, where))
    desk.run(
        deployments.deploy(
            desk.ports,
            desk.principal,
            kind="flow",
            ref=desk.file.id,
            environment=STAGING,
            version_id=desk.id(4),
        )
    )
    with pytest.raises(Conflict, match="switched off"):
        Caller(desk).number(by_environment(desk, STAGING))
    assert desk.run(rollouts.live(desk.ports, desk.principal, where)).is_off
    turn(desk, where, off=False)
    assert Caller(desk).number(by_environment(desk, STAGING)) == 4


def test_a_switch_keeps_the_split(desk: Desk) -> None:
    where = desk.at(PRODUCTION)
    made = divide(desk, where, ("1", 1), ("2", 1)).after
    turn(desk, where, off=True)
    assert turn(desk, where, off=False).after.shares == made.shares
    live = desk.run(rollouts.live(desk.ports, desk.principal, where))
    assert live.pointer.shares == made.shares


def test_a_file_that_is_off_shows_it_everywhere_and_targets_nothing_itself(desk: Desk) -> None:
    turn(desk, desk.at(), off=True)
    found = desk.run(rollouts.all_live(desk.ports, desk.principal, kind="flow", ref=desk.file.id))
    assert [(one.spot.kind, one.is_off) for one in found] == [
        (PointerKind.ALIAS, True),
        (PointerKind.ENVIRONMENT, True),
    ]
    own = desk.run(rollouts.live(desk.ports, desk.principal, desk.at()))
    assert (own.is_off, own.number) == (True, None)


def test_a_switch_may_expect_something_too(desk: Desk) -> None:
    where = desk.at(alias="live")
    last = desk.history(where)[0]
    desk.point(where, "2")
    with pytest.raises(Conflict, match="was expected"):
        desk.run(switches.switch(desk.ports, desk.principal, where, is_off=True, wish=Wish(expected=last.id)))


def test_a_new_file_is_on_whatever_others_are(desk: Desk) -> None:
    turn(desk, desk.at(PRODUCTION), off=True)
    other = desk.registry.upsert({"definition": definition("other")}, path="c/d")
    found = desk.run(
        rollouts.live(
            desk.ports, desk.principal, Where(kind="flow", ref=other.file.id, environment=PRODUCTION)
        )
    )
    assert not found.is_off
