"""What becomes of the logs of other files in the trace of a flow that is deleted (humanloop 2.9)."""

from __future__ import annotations

import time
from typing import Any

WITHIN_S = 60


def test_logs_of_other_files_outlive_the_flow_above_them(client: Any, home: str) -> None:
    flow = client.flows.upsert(path=f"{home}/Flow", attributes={})
    root = client.flows.log(id=flow.id)
    tool = {"function": {"name": "t", "description": "d"}}
    upper = client.tools.log(path=f"{home}/Upper", tool=tool, trace_parent_id=root.id, output="up")
    lower = client.tools.log(path=f"{home}/Lower", tool=tool, trace_parent_id=upper.id, output="low")
    alone = client.tools.log(path=f"{home}/Lower", tool=tool, trace_parent_id=root.id, output="alone")
    before = client.logs.get(lower.id)
    assert (before["trace_id"], before["trace_flow_id"]) == (root.id, flow.id)
    client.flows.delete(flow.id)
    end = time.monotonic() + WITHIN_S
    while client.logs.get(upper.id)["trace_id"] != upper.id:
        assert time.monotonic() < end
        time.sleep(0.05)
    places = {one: client.logs.get(one) for one in (upper.id, lower.id, alone.id)}
    assert {one["trace_flow_id"] for one in places.values()} == {None}
    assert (places[lower.id]["trace_id"], places[lower.id]["trace_parent_id"]) == (upper.id, upper.id)
    assert [one["id"] for one in places[upper.id]["trace_children"]] == [lower.id]
    assert places[alone.id]["trace_id"] is None, "it is in no trace any more"
