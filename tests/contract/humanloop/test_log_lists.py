"""Listing logs: pages and every filter (humanloop 0.7, 3.6, 4.2, 8.29, 8.39, 8.48)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from humanloop import types
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.test_logs import PROMPT, SPEC, TOOL, log, shown

pytestmark = pytest.mark.live


@pytest.fixture
def file_id(client: Any, path: str) -> str:
    """A flow of the test's own."""
    return str(client.flows.upsert(path=path, attributes={}).id)


def fill(raw: httpx.Client, file_id: str, *bodies: dict[str, Any]) -> list[str]:
    """The ids of new logs, in order."""
    return [str(log(raw, "flow", id=file_id, **body)["id"]) for body in bodies]


def listed(raw: httpx.Client, file_id: str, **query: Any) -> list[str]:
    """The ids in a page."""
    answer = raw.get("/logs", params={"file_id": file_id, **query})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["total"] >= len(page["records"])
    return [one["id"] for one in page["records"]]


def test_pages_are_newest_first_and_end(client: Any, raw: httpx.Client, file_id: str) -> None:
    """Appendix B 10; 0.7: the SDK's pager stops at the first page without records."""
    ids = fill(raw, file_id, *({"output": str(n)} for n in range(25)))[::-1]
    first = raw.get("/logs", params={"file_id": file_id}).json()
    assert (first["page"], first["size"], first["total"]) == (1, 10, 25)
    assert [one["id"] for one in first["records"]] == ids[:10]
    past = raw.get("/logs", params={"file_id": file_id, "page": 9, "size": 5}).json()
    assert past == {"records": [], "page": 9, "size": 5, "total": 25}
    assert [one.id for one in client.logs.list(file_id=file_id, size=7)] == ids
    none = raw.get("/logs", params={"file_id": file_id, "size": 0}).json()
    assert none == {"records": [], "page": 1, "size": 0, "total": 25}


def test_a_large_page_is_whole(raw: httpx.Client, client: Any, file_id: str) -> None:
    """It is rendered in slices, of which the client sees nothing."""
    ids = fill(raw, file_id, *({"output": str(n)} for n in range(130)))[::-1]
    for size in (49, 50, 51, 100, 129, 130, 1000):
        assert listed(raw, file_id, size=size) == ids[:size]
    assert {type(one) for one in client.logs.list(file_id=file_id, size=130).items} == {types.FlowLogResponse}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", "0"),
        ("page", "x"),
        ("size", "-1"),
        ("size", "1000001"),
        ("sample", "-1"),
        ("in_trace_filter", "maybe"),
        ("include_parent", "maybe"),
        ("start_date", "soon"),
        ("end_date", "2024-13-01"),
    ],
)
def test_a_parameter_of_the_wrong_type_is_named(
    raw: httpx.Client, file_id: str, name: str, value: str
) -> None:
    answer = raw.get("/logs", params={"file_id": file_id, name: value})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:2] == ["query", name]


def test_a_file_is_needed_and_must_be_there(raw: httpx.Client, client: Any, file_id: str) -> None:
    """4.2."""
    answer = raw.get("/logs")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "file_id"]
    assert raw.get("/logs", params={"file_id": "fl_nothing"}).status_code == 404
    client.flows.delete(file_id)
    assert raw.get("/logs", params={"file_id": file_id}).status_code == 404


def test_unknown_parameters_are_ignored(raw: httpx.Client, file_id: str) -> None:
    """8.39."""
    assert listed(raw, file_id, nonsense="1") == []


def test_by_version(client: Any, raw: httpx.Client, file_id: str) -> None:
    other = client.flows.log(id=file_id, flow={"attributes": {"v": 2}})
    (one,) = fill(raw, file_id, {})
    assert listed(raw, file_id, version_id=other.version_id) == [other.id]
    assert listed(raw, file_id, version_id=client.flows.get(file_id).version_id) == [one]
    assert listed(raw, file_id, version_id="flv_nothing") == []


def test_by_a_part_of_the_id(client: Any, raw: httpx.Client, home: str, file_id: str) -> None:
    """4.2, 8.59: in this case; several parts are alternatives."""
    one, two, three = fill(
        raw,
        file_id,
        {"log_id": f"Alpha_1 {home}"},
        {"log_id": f"alpha_zz {home}"},
        {"log_id": f"beta% {home}"},
    )
    assert listed(raw, file_id, id="alpha") == [two]
    assert listed(raw, file_id, id="lpha_") == [two, one]
    assert listed(raw, file_id, id="z") == listed(raw, file_id, id="zz") == [two]
    assert listed(raw, file_id, id="a%") == [three]
    assert listed(raw, file_id, id=["Alpha", "beta"]) == [three, one]
    assert [found.id for found in client.logs.list(file_id=file_id, id=["Alpha", "beta"]).items] == [
        three,
        one,
    ]
    assert listed(raw, file_id, id="gamma") == []


def test_by_words(raw: httpx.Client, file_id: str) -> None:
    """4.2: of inputs, messages, output and error; never as a query language."""
    one, two, three = fill(
        raw,
        file_id,
        {"inputs": {"question": "Where does the Danube rise?"}, "output": "In the Black Forest"},
        {"messages": [{"role": "user", "content": "danube delta"}]},
        {"error": 'Overflow: 42 AND "more"'},
    )
    assert listed(raw, file_id, search="danube") == [two, one]
    assert listed(raw, file_id, search="forest danube") == [one]
    assert listed(raw, file_id, search="overf") == [three]
    assert listed(raw, file_id, search="42") == [three]
    for text in ('"', "AND", "a OR b", "x*", "NEAR(", "col:x", "-", "(", "\\", "'"):
        listed(raw, file_id, search=text)
    assert listed(raw, file_id, search="") == [three, two, one]
    assert listed(raw, file_id, search="rhine") == []


def test_by_metadata(raw: httpx.Client, file_id: str) -> None:
    """4.2."""
    one, two = fill(
        raw, file_id, {"metadata": {"team": "red"}, "output": "blue"}, {"metadata": {"team": "blue"}}
    )
    assert listed(raw, file_id, metadata_search="blue") == [two]
    assert listed(raw, file_id, metadata_search="team") == [two, one]
    assert listed(raw, file_id, search="blue") == [one]


@pytest.mark.parametrize(
    "middle",
    [
        "2024-01-02",
        "2024-01-02T00:00:00",
        "2024-01-02T00:00:00Z",
        "2024-01-02T02:00:00+02:00",
        "2024-01-02T02:00:00 02:00",
        "2024-01-02 00:00:00",
        "20240102T000000Z",
        "1704153600",
    ],
)
def test_by_dates_in_any_form(raw: httpx.Client, file_id: str, middle: str) -> None:
    """0.3, 4.2: both ends belong to it."""
    one, two, three = fill(raw, file_id, *({"created_at": f"2024-01-0{day}T00:00:00"} for day in (1, 2, 3)))
    assert listed(raw, file_id, start_date=middle) == [three, two]
    assert listed(raw, file_id, end_date=middle) == [two, one]
    assert listed(raw, file_id, start_date=middle, end_date=middle) == [two]
    assert listed(raw, file_id, start_date="0001-01-01", end_date="9999-12-31") == [three, two, one]


def test_by_whether_they_are_in_traces(client: Any, raw: httpx.Client, home: str) -> None:
    """3.6: both values are no filter."""
    root = log(raw, "flow", path=f"{home}/f")
    inside = log(raw, "prompt", path=f"{home}/p", prompt=PROMPT, trace_parent_id=root["id"])
    outside = log(raw, "prompt", path=f"{home}/p", prompt=PROMPT)
    file_id = inside["prompt_id"]
    assert listed(raw, file_id, in_trace_filter="true") == [inside["id"]]
    assert listed(raw, file_id, in_trace_filter="false") == [outside["id"]]
    assert listed(raw, file_id, in_trace_filter=["true", "false"]) == [outside["id"], inside["id"]]
    both = client.logs.list(file_id=file_id, in_trace_filter=[True, False]).items
    assert [one.id for one in both] == [outside["id"], inside["id"]]
    assert listed(raw, root["flow_id"], in_trace_filter="true") == [root["id"]]
    assert listed(raw, root["flow_id"], in_trace_filter="false") == []


def test_nested_flows_are_listed_with_their_file(raw: httpx.Client, home: str) -> None:
    """3.6."""
    root = log(raw, "flow", path=f"{home}/f")
    inner = log(raw, "flow", path=f"{home}/f", trace_parent_id=root["id"])
    assert listed(raw, root["flow_id"]) == [inner["id"], root["id"]]


def test_a_sample_is_of_about_that_size(raw: httpx.Client, file_id: str) -> None:
    ids = fill(raw, file_id, *({} for _ in range(40)))
    drawn = listed(raw, file_id, sample=5, size=100)
    assert 0 < len(drawn) <= 20
    assert set(drawn) < set(ids)
    assert listed(raw, file_id, sample=0) == []
    assert listed(raw, file_id, sample=10**30, size=100) == ids[::-1]


def test_the_judged_log_is_there_when_asked_for(client: Any, raw: httpx.Client, home: str) -> None:
    """4.2, 3.1."""
    root = log(raw, "flow", path=f"{home}/f", inputs={"q": 1})
    judged = log(raw, "evaluator", path=f"{home}/e", spec=SPEC, parent_id=root["id"], judgment=True)
    file_id = shown(raw, judged["id"])["evaluator"]["id"]
    (plain,) = client.logs.list(file_id=file_id).items
    assert (plain.parent_id, plain.parent, plain.evaluator_logs) == (root["id"], None, [])
    (full,) = client.logs.list(file_id=file_id, include_parent=True).items
    assert isinstance(full.parent, types.FlowLogResponse)
    assert full.parent.inputs == {"q": 1}


def test_judgments_are_in_lists_too(client: Any, raw: httpx.Client, home: str) -> None:
    """3.6."""
    root = log(raw, "tool", path=f"{home}/t", tool=TOOL)
    judged = log(raw, "evaluator", path=f"{home}/e", spec=SPEC, parent_id=root["id"], judgment=False)
    (found,) = client.logs.list(file_id=root["tool_id"]).items
    (judgment,) = found.evaluator_logs
    assert (judgment.id, judgment.judgment, judgment.parent) == (judged["id"], False, None)
    assert judgment.evaluator.path == f"{home}/e"
    assert judgment.evaluator_logs == []


def test_filters_combine(raw: httpx.Client, file_id: str) -> None:
    one, two, _ = fill(
        raw,
        file_id,
        {"output": "red apple", "metadata": {"n": "1"}, "created_at": "2024-01-01T00:00:00"},
        {"output": "red pear", "metadata": {"n": "2"}, "created_at": "2024-01-02T00:00:00"},
        {"output": "green pear", "metadata": {"n": "2"}, "created_at": "2024-01-03T00:00:00"},
    )
    assert listed(raw, file_id, search="red", metadata_search="2") == [two]
    assert listed(raw, file_id, search="red", end_date="2024-01-01") == [one]
    assert listed(raw, file_id, search="pear", end_date="2024-01-02", in_trace_filter="true") == [two]
    assert listed(raw, file_id, id=one, search="red") == [one]
    assert listed(raw, file_id, id=one, search="green") == []


def test_many_can_read_while_a_large_page_is_made(
    server: LiveServer, raw: httpx.Client, file_id: str
) -> None:
    fill(raw, file_id, *({"inputs": {"text": "word " * 2000}} for _ in range(120)))
    with raw.stream("GET", "/logs", params={"file_id": file_id, "size": 1000}) as page:
        parts = page.iter_bytes(1024)
        next(parts)
        with httpx.Client(base_url=f"{server.url}/v5", headers={"X-API-KEY": "any"}) as other:
            assert other.get(f"/flows/{file_id}").status_code == 200
        assert sum(len(part) for part in parts) > 120 * 10_000


@pytest.mark.slow
def test_a_page_that_is_longer_than_what_is_read_at_once(raw: httpx.Client, file_id: str, home: str) -> None:
    ids = [f"{home} {number:04}" for number in range(1003)]
    for log_id in ids:
        log(raw, "flow", id=file_id, log_id=log_id)
    assert listed(raw, file_id, size=1002) == ids[:0:-1]
    assert listed(raw, file_id, size=5000) == ids[::-1]
    assert listed(raw, file_id, size=1001, page=2) == ids[1::-1]
