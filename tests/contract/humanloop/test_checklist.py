"""Whole sequences of a client's calls, in the order in which migrating users meet them (humanloop appendix B).

The client reads the annotations of decorated functions as they are, so here they are not put off.
"""

import json
from datetime import datetime
from typing import Any

import httpx
import pytest
from humanloop.types import FlowLogResponse
from tests.contract.humanloop.kinds import code
from tests.contract.humanloop.tracing import complete_logs, outline, until

pytestmark = pytest.mark.live

EARLY, LATE = datetime(2026, 1, 2, 3, 4, 5), datetime(2026, 1, 2, 3, 4, 9)


def test_a_flow_is_logged_by_its_path_alone(client: Any, home: str) -> None:
    """Appendix B 6: file, folders, version, log; its end, its bounds, and its judgment."""
    path = f"{home}/deep/er/Flow"
    opened = client.flows.log(
        path=path, flow={"attributes": {"v": 1}}, inputs={"q": "?"}, start_time=LATE, log_status="incomplete"
    )
    file = client.files.retrieve_by_path(path=path)
    assert (file.id, file.version_id) == (opened.flow_id, opened.version_id)
    folder = client.directories.get(file.directory_id)
    assert (folder.path, [one.path for one in folder.parents]) == (
        f"{home}/deep/er",
        [f"{home}/deep", home, ""],
    )
    evaluator = client.evaluators.upsert(path=f"{home}/Judge", spec=code(7))
    client.flows.update_monitoring(file.id, activate=[{"evaluator_version_id": evaluator.version_id}])
    tool = {"function": {"name": "f", "description": "d"}}
    client.tools.log(path=f"{home}/Tool", tool=tool, trace_parent_id=opened.id, start_time=EARLY)
    begun = client.logs.get(opened.id)
    assert (begun["start_time"], begun["end_time"]) == ("2026-01-02T03:04:05.000000", None)
    done = client.flows.update_log(opened.id, output="!", log_status="complete")
    assert isinstance(done, FlowLogResponse)
    assert done.end_time > done.created_at > done.start_time
    (verdict,) = until(lambda: client.logs.get(opened.id)["evaluator_logs"])
    assert (verdict["judgment"], verdict["parent_id"]) == (7, opened.id)


def test_decorated_calls_are_one_complete_tree(client: Any, raw: httpx.Client, home: str) -> None:
    """Appendix B 7 and 8: flow, flow, tool; and a flow that raises within."""

    @client.tool(path=f"{home}/Tool")
    def tool(n: int) -> int:
        """Doubles."""
        return 2 * n

    @client.flow(path=f"{home}/Fails")
    def fails() -> None:
        raise ValueError("it broke")

    @client.flow(path=f"{home}/Inner")
    def inner(n: int) -> int:
        return int(tool(n)) + 1

    @client.flow(path=f"{home}/Outer")
    def outer(n: int) -> dict[str, str]:
        fails()
        return {"role": "assistant", "content": str(inner(n))}

    outer(3)
    (log,) = complete_logs(raw, f"{home}/Outer")
    assert outline(log) == ("Outer", [("Fails", []), ("Inner", [("Tool", [])])])
    assert client.logs.get(log["id"])["trace_children"] == log["trace_children"]
    broken, within = log["trace_children"]
    assert [one["log_status"] for one in (log, broken, within)] == ["complete"] * 3
    assert (broken["error"], broken["output"]) == ("it broke", None)
    assert (log["output"], log["output_message"]["content"]) == (None, "7")
    assert within["output"] == "7"


def _spans(**values: str) -> str:
    attributes = [
        {"key": f"humanloop.{name.replace('__', '.')}", "value": {"stringValue": text}}
        for name, text in values.items()
    ]
    span = {"name": "humanloop.span", "attributes": attributes}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (_spans(file__path="{path}", file__type="tool", log__output="x", log__trace_parent_id="log_none"), 1),
        (_spans(file__path="{path}", file__type="flow", log__output="x", log__id="log_none"), 0),
        (_spans(file__type="tool", log__output="x"), 0),
        (_spans(), 0),
        ("{}", 0),
        ("garbage", 0),
    ],
    ids=["unknown parent", "unknown id", "no path", "no attributes", "nothing", "no JSON"],
)
def test_spans_are_never_refused(raw: httpx.Client, path: str, body: str, count: int) -> None:
    """Appendix B 9."""
    answer = raw.post("/import/otel/v1/traces", content=body.replace("{path}", path))
    assert (answer.status_code, list(answer.json())) == (200, ["records"])
    assert len(answer.json()["records"]) == count
