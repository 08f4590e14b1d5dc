"""Every definition of the collection through the API: kept as sent, and judged as expected.

The collection is found through HEADRACE_TEST_FLOWS: a folder with an `index.json` that lists, for each
definition, the findings to expect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.things import FLOWS_FOLDER, ROLE, new_name, refused

pytestmark = pytest.mark.skipif(
    FLOWS_FOLDER is None, reason="HEADRACE_TEST_FLOWS does not name the folder of flow definitions"
)


def read_flow(name: str) -> Any:
    return json.loads((Path(FLOWS_FOLDER or "") / name).read_text())


ENTRIES: list[dict[str, Any]] = [] if FLOWS_FOLDER is None else read_flow("index.json")


def check_findings(expect: Mapping[str, Any], findings: list[dict[str, Any]]) -> None:
    if "type" not in expect:
        assert findings == expect["validations"]
        return
    [found] = [one for one in findings if one["type"] == expect["type"]]
    assert found["severity"] == expect["severity"]
    assert found["message"]
    [members] = found["details"].values()
    if "cause" in members:
        assert members["cause"]
        members["cause"] = "<any text>"
    assert found["details"] == expect["details"]
    assert {one["type"] for one in findings} - {expect["type"]} <= set(expect["alsoAllowed"])


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_a_definition_of_the_collection(bedrock: Any, entry: dict[str, Any]) -> None:
    sent = read_flow(entry["file"])
    made = bedrock.create_flow(name=new_name(), executionRoleArn=ROLE, definition=sent)
    flow = {"flowIdentifier": made["id"]}
    assert bedrock.raw["definition"] == sent

    bedrock.prepare_flow(**flow)
    found = bedrock.get_flow(**flow)
    assert json.dumps(bedrock.raw["definition"]) == json.dumps(sent), "in its order, with its numbers"
    assert found["status"] == entry["expect"]["prepare"]
    check_findings(entry["expect"], bedrock.raw["validations"])

    if found["status"] == "Failed":
        with refused("ConflictException", 409, "status Failed"):
            bedrock.create_flow_version(**flow)
        return
    assert bedrock.create_flow_version(**flow)["version"] == "1"
    bedrock.get_flow_version(**flow, flowVersion="1")
    assert json.dumps(bedrock.raw["definition"]) == json.dumps(sent)


def test_the_collection_is_there() -> None:
    assert {entry["expect"]["prepare"] for entry in ENTRIES} == {"Prepared", "Failed"}
