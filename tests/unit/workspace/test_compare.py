"""The table of three: what something was, is here, and is there."""

from __future__ import annotations

import pytest

from headrace.workspace.compare import Change, Sides, three_way

ADDED, CHANGED, DELETED = Change.ADDED, Change.CHANGED, Change.DELETED
TABLE = [
    (None, None, None, None, None),
    (None, "x", None, ADDED, None),
    (None, None, "x", None, ADDED),
    (None, "x", "x", None, None),
    (None, "x", "y", CHANGED, CHANGED),
    ("x", "x", "x", None, None),
    ("x", "y", "x", CHANGED, None),
    ("x", "x", "y", None, CHANGED),
    ("x", "y", "y", None, None),
    ("x", "y", "z", CHANGED, CHANGED),
    ("x", None, "x", DELETED, None),
    ("x", "x", None, None, DELETED),
    ("x", None, None, None, None),
    ("x", None, "y", DELETED, CHANGED),
    ("x", "y", None, CHANGED, DELETED),
]


@pytest.mark.parametrize(("base", "local", "server", "here", "there"), TABLE)
def test_three_way(
    base: str | None, local: str | None, server: str | None, here: Change | None, there: Change | None
) -> None:
    sides = three_way(base, local, server, was_there=lambda: False)
    assert sides == Sides(local=here, server=there)
    assert sides.is_same == (local == server)
    assert sides.is_conflict == (here is not None and there is not None)


def test_what_the_server_had_before_is_older() -> None:
    assert three_way(None, "x", "y", was_there=lambda: True) == Sides(server=CHANGED)


def test_nobody_is_asked_where_it_is_known() -> None:
    def never() -> bool:
        raise AssertionError

    for base, local, server, *_ in TABLE:
        if base is not None:
            three_way(base, local, server, was_there=never)
