"""The published table of compatibility: complete, and backed by tests that exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from scripts.compatibility_matrix import BEGIN, END, PAGE, members
from tests.contract.bedrock.things import KEY, ROLE, definition

HERE = Path(__file__).parent
ROW = re.compile(r"\| (\w+) \| (input|output) \| `(\w+)` \| (?:`([\w.]+)` `(\w+)`|nothing) \|")

TABLE = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
ROWS = [match.groups() for match in ROW.finditer(TABLE)]
PROOFS = sorted({row[3:] for row in ROWS if row[3]})


def test_every_member_of_every_operation_has_a_row() -> None:
    assert [row[:3] for row in ROWS] == list(members())


def test_every_row_is_proven() -> None:
    assert [row[:3] for row in ROWS if row[3] is None] == []


@pytest.mark.parametrize(("file", "test"), PROOFS)
def test_the_proof_exists(file: str, test: str) -> None:
    assert re.search(rf"^def {test}\(", (HERE / file).read_text(), re.MULTILINE)


def test_keys_of_updates_and_of_versions(bedrock: Any, make_flow: Callable[..., Mapping[str, Any]]) -> None:
    flow = make_flow()
    named = {"flowIdentifier": flow["id"]}
    wanted = {"name": flow["name"], "executionRoleArn": ROLE, "definition": definition()}
    changed = bedrock.update_flow(**named, **wanted, customerEncryptionKeyArn=KEY)
    assert changed["customerEncryptionKeyArn"] == KEY
    bedrock.prepare_flow(**named)
    bedrock.create_flow_version(**named)
    assert "customerEncryptionKeyArn" not in bedrock.update_flow(**named, **wanted)
    got = bedrock.get_flow_version(**named, flowVersion="1")
    assert got["customerEncryptionKeyArn"] == KEY
