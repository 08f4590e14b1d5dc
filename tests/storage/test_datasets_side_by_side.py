"""A SQL store and the reference model keep datapoints and parts alike, whatever is done to them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.storage.conftest import side_by_side
from tests.storage.things import ABROAD, HOME, Desk

from headrace.core.datasets import Datapoint
from headrace.core.ports import Clash, Transaction

Change = Callable[[Transaction], Any]
IDS = ["dp_0", "dp_1", "dp_2", "dp_3"]
FILES = ["ds_0", "ds_1"]
BODIES = ['{"inputs":{}}', '{"inputs":{"q":"\\u0000 ü 𝄞 \' \\\\ \\" --"}}', "[ ]", "x" * 3_000]
DIGESTS = [sha256(body.encode()).hexdigest() for body in BODIES]


class Bug(Exception):
    pass


def datapoint(file_id: str, id: str, body: str) -> Datapoint:
    return Datapoint(id=id, file_id=file_id, digest=sha256(body.encode()).hexdigest(), body=body)


def added(file_id: str, pairs: list[tuple[str, str]]) -> Change:
    datapoints = [datapoint(file_id, *pair) for pair in pairs]
    return lambda tx: tx.datasets.add(file_id=file_id, datapoints=datapoints)


def with_parts(file_id: str, parts: dict[str, str]) -> Change:
    return lambda tx: tx.datasets.add_parts(file_id=file_id, parts=parts)


files = st.sampled_from(FILES)
pairs = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(BODIES)), max_size=4)
parts = st.dictionaries(st.sampled_from(DIGESTS), st.sampled_from(BODIES), max_size=3)
changes = st.builds(added, files, pairs) | st.builds(with_parts, files, parts)
transactions = st.lists(
    st.tuples(
        st.sampled_from([HOME, HOME, ABROAD]), st.lists(changes, min_size=1, max_size=4), st.booleans()
    ),
    min_size=1,
    max_size=12,
)


def everything(tx: Transaction) -> list[Any]:
    return [
        tx.datasets.some(ids=IDS),
        [tx.datasets.ids(file_id=one, digests=DIGESTS) for one in FILES],
        [tx.datasets.parts(file_id=one, digests=DIGESTS) for one in FILES],
    ]


def outcome(desk: Desk, account: str, changes: list[Change], fails: bool) -> object:
    def work(tx: Transaction) -> list[Any]:
        seen = []
        for change in changes:
            change(tx)
            seen.append(everything(tx))
        if fails:
            raise Bug
        return seen

    try:
        return desk.write(work, account)
    except (Clash, Bug) as error:
        return repr(error)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_they_answer_alike(kind: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(done=transactions)
    def run(done: list[tuple[str, list[Change], bool]]) -> None:
        with ExitStack() as undo:
            both = side_by_side(kind, undo)
            for account, some, fails in done:
                model, other = (outcome(desk, account, some, fails) for desk in both)
                assert other == model
                for one in (HOME, ABROAD):
                    model, other = (desk.read(everything, one) for desk in both)
                    assert other == model

    run()
