"""Traces: logs below logs (humanloop 3.3 to 3.6)."""

from __future__ import annotations

from typing import Any

from headrace.conformance.checks import Area
from headrace.conformance.expecting import equal, member
from headrace.conformance.humanloop.client import Humanloop, has_detail, new_id

area = Area("humanloop", "traces")
EARLY, LATE = "2025-01-01T10:00:00", "2025-01-01T11:00:00"


def _root(hl: Humanloop, **members: Any) -> dict[str, Any]:
    return hl.log(id=hl.sample()["id"], **members)


def _tool_log(hl: Humanloop, parent: str, **members: Any) -> dict[str, Any]:
    """The log of a tool below another log."""
    tool = hl.shared(
        "tool",
        lambda maker: maker.put("tools", path=maker.path("tool"), function={"name": "f", "description": "d"}),
    )
    body = {"id": tool["id"], "trace_parent_id": parent, "output": "x", **members}
    return dict(hl.ok("POST", "tools", "log", body=body))


@area.documented("3.3")
def root(hl: Humanloop) -> None:
    """A flow's log is the root of a trace of its own."""
    made = _root(hl)
    log = hl.read_log(made["id"])
    equal("trace_id", log["trace_id"], made["id"])
    equal("trace_flow_id", log["trace_flow_id"], made["flow_id"])
    equal("trace_parent_id", log["trace_parent_id"], None)
    equal("trace_children", log["trace_children"], [])


@area.documented("3.3")
def child(hl: Humanloop) -> None:
    """A log with a parent joins the parent's trace."""
    top = _root(hl)
    below = _tool_log(hl, top["id"])
    log = hl.read_log(below["id"])
    equal("trace_id", log["trace_id"], top["id"])
    equal("trace_parent_id", log["trace_parent_id"], top["id"])
    equal("trace_flow_id", log["trace_flow_id"], top["flow_id"])


@area.documented("3.6")
def read_as_a_tree(hl: Humanloop) -> None:
    """A log shows all that is below it, at every depth."""
    top = _root(hl)
    middle = _root(hl, trace_parent_id=top["id"])
    bottom = _tool_log(hl, middle["id"])
    log = hl.read_log(top["id"])
    equal("the child", member("the root", log, "trace_children", 0, "id"), middle["id"])
    equal("its child", member("the root", log, "trace_children", 0, "trace_children", 0, "id"), bottom["id"])


@area.documented("3.1")
def ordered_by_start(hl: Humanloop) -> None:
    """Children are ordered by when they started."""
    top = _root(hl)
    late = _tool_log(hl, top["id"], start_time=LATE, end_time=LATE)
    early = _tool_log(hl, top["id"], start_time=EARLY, end_time=EARLY)
    children = [one["id"] for one in hl.read_log(top["id"])["trace_children"]]
    equal("the children", children, [early["id"], late["id"]])


@area.documented("3.5")
def widened(hl: Humanloop) -> None:
    """A flow's log spans the times of its children."""
    top = _root(hl, start_time="2025-01-01T10:30:00", end_time="2025-01-01T10:40:00")
    _tool_log(hl, top["id"], start_time=EARLY, end_time=LATE)
    log = hl.read_log(top["id"])
    equal("start_time", str(log["start_time"])[:19], EARLY)
    equal("end_time", str(log["end_time"])[:19], LATE)


@area.documented("3.3")
def unknown_parent(hl: Humanloop) -> None:
    """A parent that is not there is 404."""
    body = {"id": hl.sample()["id"], "trace_parent_id": new_id()}
    has_detail(hl.refused("POST", "flows", "log", body=body, status=404))


@area.presumed("8.27")
def below_a_complete_log(hl: Humanloop) -> None:
    """Nothing is added below a flow's log that is complete: 409."""
    top = _root(hl, output="x", log_status="complete")
    body = {"id": hl.sample()["id"], "trace_parent_id": top["id"]}
    hl.refused("POST", "flows", "log", body=body, status=409)


@area.presumed("8.29")
def not_in_lists(hl: Humanloop) -> None:
    """In lists trace_children is null unless it is asked for."""
    flow = hl.flow()
    top = hl.log(id=flow["id"])
    _tool_log(hl, top["id"])
    query = [("file_id", flow["id"])]
    equal("trace_children", hl.ok("GET", "logs", query=query)["records"][0]["trace_children"], None)
    found = hl.ok("GET", "logs", query=[*query, ("include_trace_children", "true")])["records"][0]
    equal("the number of children", len(found["trace_children"]), 1)


@area.presumed("8.49")
def children_go_along(hl: Humanloop) -> None:
    """Deleting a log deletes what is below it."""
    top = _root(hl)
    below = _tool_log(hl, top["id"])
    hl.ok("DELETE", "logs", query=[("id", top["id"])], status=204)
    hl.refused("GET", "logs", below["id"], status=404)


@area.documented("5.3")
def spans_with_garbage(hl: Humanloop) -> None:
    """Spans are taken with 200 whatever is in them: an exporter stops at anything else."""
    answer = hl.call("POST", "import", "otel", "v1", "traces", raw=b"not json")
    equal("the status", answer.status, 200)
