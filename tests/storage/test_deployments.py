"""Laws of environments, pointers and receipts, for every store."""

from __future__ import annotations

import pytest
from tests.storage.things import ABROAD, START, Desk, at, environment, file, move, receipt

from headrace.core.deployments import EnvironmentTag, Pointer, PointerKind
from headrace.core.ports import Clash, Transaction


def test_environments_are_listed_in_order_of_creation(desk: Desk) -> None:
    made = [environment(f"env_{n}", f"e{n}", created_at=at(-n // 2)) for n in range(4)]
    desk.write(lambda tx: [tx.environments.add(one) for one in made])
    assert desk.read(lambda tx: [one.id for one in tx.environments.all()]) == [
        "env_3",
        "env_1",
        "env_2",
        "env_0",
    ]
    assert desk.read(lambda tx: tx.environments.all()[3]) == made[0]
    assert desk.read(lambda tx: tx.environments.all(), ABROAD) == []


def test_an_environment_that_breaks_a_rule_is_refused(desk: Desk) -> None:
    first = environment(tag=EnvironmentTag.DEFAULT)
    desk.write(lambda tx: tx.environments.add(first))
    for rule, other in (
        ("environment_name", environment("env_2", "production")),
        ("environment_default", environment("env_2", "staging", tag=EnvironmentTag.DEFAULT)),
        ("id", environment("env_1", "staging")),
    ):
        with pytest.raises(Clash, match=f"^{rule}$"):
            desk.write(lambda tx, other=other: tx.environments.add(other))
    desk.write(lambda tx: tx.environments.add(environment("env_2", "Production")))
    desk.write(lambda tx: tx.environments.add(first), ABROAD)
    assert desk.read(lambda tx: tx.environments.all(), ABROAD) == [first]


def test_a_pointer_is_its_last_move(desk: Desk) -> None:
    desk.write(lambda tx: tx.files.add(file()))
    where = {"file_id": "fl_1", "kind": PointerKind.ENVIRONMENT, "pointer_id": "env_1"}
    assert desk.read(lambda tx: tx.pointers.get(**where)) is None
    desk.write(lambda tx: tx.pointers.move(move("mv_1", is_automatic=True)))
    desk.write(lambda tx: tx.pointers.move(move("mv_2", version_id="flv_2", target="3", moved_at=at(-5))))
    state = Pointer(
        version_id="flv_2", target="3", is_automatic=False, moved_at=at(-5), move_id="mv_2", **where
    )
    assert desk.read(lambda tx: tx.pointers.get(**where)) == state
    assert (
        desk.read(lambda tx: tx.pointers.get(file_id="fl_1", kind=PointerKind.ALIAS, pointer_id="env_1"))
        is None
    )


def test_moves_are_kept_in_the_order_they_were_made(desk: Desk) -> None:
    desk.write(lambda tx: (tx.files.add(file()), tx.files.add(file("fl_2"))))
    made = [move(f"mv_{n}", pointer_id=f"env_{n % 2}", moved_at=at(-n)) for n in (3, 1, 2, 0)]
    desk.write(lambda tx: tx.pointers.move(made[0]))
    desk.write(lambda tx: [tx.pointers.move(one) for one in made[1:]])
    desk.write(lambda tx: tx.pointers.move(move("mv_9", "fl_2")))
    assert desk.read(lambda tx: tx.pointers.history(file_id="fl_1")) == made


def test_a_pointer_that_targets_nothing_is_not_listed(desk: Desk) -> None:
    def listed(tx: Transaction) -> list[tuple[str, str]]:
        return [(one.kind, one.pointer_id) for one in tx.pointers.of_file(file_id="fl_1")]

    desk.write(lambda tx: tx.files.add(file()))
    desk.write(
        lambda tx: (
            tx.pointers.move(move("mv_1", pointer_id="env_2")),
            tx.pointers.move(move("mv_2", pointer_id="env_1")),
            tx.pointers.move(
                move("mv_3", kind=PointerKind.ALIAS, pointer_id="A", version_id=None, target="DRAFT")
            ),
        )
    )
    assert desk.read(listed) == [("alias", "A"), ("environment", "env_1"), ("environment", "env_2")]
    desk.write(lambda tx: tx.pointers.move(move("mv_4", pointer_id="env_1", version_id=None)))
    assert desk.read(listed) == [("alias", "A"), ("environment", "env_2")]
    gone = {"file_id": "fl_1", "kind": PointerKind.ENVIRONMENT, "pointer_id": "env_1"}
    assert desk.read(lambda tx: tx.pointers.get(**gone)) is None
    assert len(desk.read(lambda tx: tx.pointers.history(file_id="fl_1"))) == 4


def test_a_move_that_breaks_a_rule_is_refused(desk: Desk) -> None:
    desk.write(lambda tx: (tx.files.add(file()), tx.pointers.move(move())))
    with pytest.raises(Clash, match=r"^id$"):
        desk.write(lambda tx: tx.pointers.move(move(version_id="flv_2")))
    with pytest.raises(Clash, match=r"^reference$"):
        desk.write(lambda tx: tx.pointers.move(move("mv_2", "fl_none")))
    assert desk.read(lambda tx: tx.pointers.history(file_id="fl_1")) == [move()]


def test_pointers_are_not_seen_from_another_organisation(desk: Desk) -> None:
    desk.write(lambda tx: (tx.files.add(file()), tx.pointers.move(move())))
    look = lambda tx: (tx.pointers.of_file(file_id="fl_1"), tx.pointers.history(file_id="fl_1"))  # noqa: E731
    assert desk.read(look, ABROAD) == ([], [])
    assert (
        desk.read(
            lambda tx: tx.pointers.get(file_id="fl_1", kind=PointerKind.ENVIRONMENT, pointer_id="env_1"),
            ABROAD,
        )
        is None
    )


def test_a_receipt_is_found_by_operation_parent_and_token(desk: Desk) -> None:
    one = receipt(parent="fl_1", number=3)
    desk.write(lambda tx: tx.receipts.add(one))
    key = {"operation": "create", "parent": "fl_1", "token": "t1"}
    assert desk.read(lambda tx: tx.receipts.get(**key)) == one
    for other in ({"operation": "x"}, {"parent": ""}, {"token": "T1"}):
        assert desk.read(lambda tx, other=other: tx.receipts.get(**key | other)) is None
    assert desk.read(lambda tx: tx.receipts.get(**key), ABROAD) is None
    with pytest.raises(Clash, match=r"^receipt$"):
        desk.write(lambda tx: tx.receipts.add(receipt(parent="fl_1", request_hash="other")))
    desk.write(lambda tx: tx.receipts.remove(**key), ABROAD)
    assert desk.read(lambda tx: tx.receipts.get(**key)) == one
    desk.write(lambda tx: tx.receipts.remove(**key))
    assert desk.read(lambda tx: tx.receipts.get(**key)) is None


def test_old_receipts_expire_oldest_first(desk: Desk) -> None:
    def kept(tx: Transaction) -> list[int]:
        return [n for n in range(6) if tx.receipts.get(operation="create", parent="", token=f"t{n}")]

    desk.write(lambda tx: [tx.receipts.add(receipt(f"t{n}", created_at=at(n))) for n in (3, 1, 5, 0, 2, 4)])
    desk.write(lambda tx: tx.receipts.expire(before=at(4), most=99), ABROAD)
    assert desk.read(kept) == [0, 1, 2, 3, 4, 5]
    desk.write(lambda tx: tx.receipts.expire(before=at(4), most=2))
    assert desk.read(kept) == [2, 3, 4, 5]
    desk.write(lambda tx: tx.receipts.expire(before=at(4), most=99))
    assert desk.read(kept) == [4, 5]
    desk.write(lambda tx: tx.receipts.add(receipt("t0", created_at=START)))
    assert desk.read(kept) == [0, 4, 5]
