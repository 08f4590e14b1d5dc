"""`headrace import humanloop` and `headrace export humanloop`, and the calls that the export tool makes."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from click.testing import CliRunner, Result
from tests import stores
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.tracing import until
from tests.contract.keys import closed_server
from tests.unit.exchange.humanloop_sample import (
    EXPERIMENT,
    FOREIGN_ID,
    log,
    write_file,
    write_json,
    write_lines,
    write_sample,
)

from headrace.cli import main

pytestmark = pytest.mark.live
PARALLEL_PAGES = 10
"""So many pages the tool asks for at once."""
OF_EVALUATIONS = ("evaluations", "runs", "run_links", "run_logs")
PARTS = 5 + 2 + 13 + 4 + 17 + 9 + 2 + 22 + 2 + 3 + 4 + 5
"""Of the sample: directories, environments, files, datapoints, versions, deployments, monitors, logs, evaluations."""
KINDS = ("flow", "prompt", "tool", "evaluator")


def run(
    *arguments: str, server: LiveServer | None = None, status: int = 0, key: str = "any", **settings: str
) -> Result:
    """The command, for a running server or for a store that nobody has open."""
    environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("HEADRACE_")}
    environment |= stores.variables()
    arguments = tuple(map(stores.url_of, arguments))
    if server is not None:
        environment |= {"HEADRACE_URL": server.url, "HEADRACE_API_KEY": key}
    done = CliRunner().invoke(main, arguments, env=environment | settings)
    assert done.exit_code == status, done.output
    return done


def bring(folder: Path, server: LiveServer, *options: str, status: int = 0, key: str = "any") -> Any:
    """The report of an import."""
    done = run("import", "humanloop", str(folder), "--json", *options, server=server, status=status, key=key)
    return json.loads(done.stdout)


def take(folder: Path, server: LiveServer, *options: str, key: str = "any") -> Path:
    """The folder of an export."""
    run("export", "humanloop", str(folder), "--logs", *options, server=server, key=key)
    (home,) = folder.iterdir()
    return home


def contents(home: Path) -> dict[str, Any]:
    """What an export holds, without the order of lines and the pages they are on."""
    found: dict[str, Any] = {}
    for path in sorted((home / "files").rglob("*")):
        if path.suffix == ".jsonl":
            lines = map(json.loads, path.read_text().splitlines())
            found.setdefault(str(path.parent.relative_to(home)), []).extend(lines)
        elif path.is_file() and path.name != ".done":
            found[str(path.relative_to(home))] = json.loads(path.read_text())
    return {
        name: sorted(value, key=lambda one: str(one.get("id") or one)) if isinstance(value, list) else value
        for name, value in found.items()
    }


def made(report: Any) -> int:
    return sum(acts["made"] for acts in report["outcomes"].values())


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return write_sample(tmp_path / "20250801-120000")


@pytest.fixture
def filled(make_server: Any, sample: Path) -> LiveServer:
    """A server that the sample was brought into."""
    live: LiveServer = make_server()
    bring(sample, live)
    return live


class Tool:
    """Makes the calls that the export tool makes, as it makes them (humanloop 6)."""

    def __init__(self, server: LiveServer, home: Path) -> None:
        self._http = httpx.Client(
            base_url=f"{server.url}/v5", headers={"X-API-KEY": "any"}, timeout=60, follow_redirects=True
        )
        self._home = home

    def run(self) -> Path:
        root = self._get("/directories/root")["id"]
        path = self._get(f"/directories/{root}")["path"]
        for file in self._pages("/files", path=path, size=100):
            self._file(file)
        self._http.close()
        return self._home

    def _file(self, file: Any) -> None:
        listed = self._get(f"/{file['type']}s/{file['id']}/versions")["records"]
        for one in listed:
            assert isinstance(one["environments"], list)
        folder = write_file(self._home, listed, 0, None)
        (folder / "file.json").write_text(json.dumps(file))
        if file["type"] == "dataset":
            for one in listed:
                template, place = f"/datasets/{file['id']}/datapoints", folder / "datapoints"
                points = self._pages(template, version_id=one["version_id"], size=1000)
                write_lines(place / one["version_id"], list(points))
            return
        for one in self._pages("/evaluations", file_id=file["id"]):
            self._evaluation(folder / "evaluations" / one["id"], one)
        found = list(self._pages("/logs", file_id=file["id"], size=100, include_trace_children="true"))
        write_lines(folder / "logs", found)

    def _evaluation(self, folder: Path, one: Any) -> None:
        write_json(folder / "evaluation.json", one)
        write_json(folder / "stats.json", self._get(f"/evaluations/{one['id']}/stats"))
        for run in self._get(f"/evaluations/{one['id']}/runs")["runs"]:
            write_json(folder / "runs" / run["id"], run)
        write_lines(folder / "logs", self._pages(f"/evaluations/{one['id']}/logs", size=100))

    def _pages(self, template: str, **query: Any) -> Iterator[Any]:
        """Ten pages at once, until one of them is empty."""
        first = 1
        with ThreadPoolExecutor(PARALLEL_PAGES) as pool:
            while True:
                pages = list(
                    pool.map(
                        lambda page: self._get(template, page=page, **query)["records"],
                        range(first, first + PARALLEL_PAGES),
                    )
                )
                for records in pages:
                    yield from records
                if not all(pages):
                    return
                first += PARALLEL_PAGES

    def _get(self, template: str, **query: Any) -> Any:
        answer = self._http.get(template, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


def test_the_report_says_what_was_done_and_what_was_not(make_server: Any, sample: Path) -> None:
    live = make_server()
    report = bring(sample, live)
    assert report["outcomes"]["logs"] == {
        "made": 22,
        "unchanged": 0,
        "different": 0,
        "refused": 0,
        "skipped": 0,
    }
    assert [report["outcomes"][sort]["made"] for sort in OF_EVALUATIONS] == [2, 3, 4, 5]
    assert report["missing"] == [
        {"version_id": "dsv_q", "path": "Lab/Old/Questions", "expected": 3, "found": 2}
    ]
    again = run("import", "humanloop", str(sample), server=live).stdout
    assert "logs: 22 unchanged" in again
    assert "made" not in again


def test_a_dry_run_keeps_nothing(make_server: Any, sample: Path) -> None:
    live = make_server()
    report = bring(sample, live, "--dry-run")
    assert report["is_rehearsal"]
    assert made(report) == PARTS
    assert live.humanloop().files.list_files().total == 0
    text = run("import", "humanloop", str(sample), "--dry-run", server=live).stdout
    assert text.startswith("Nothing was kept; this would happen:")


def test_the_real_client_finds_everything_under_its_old_ids(filled: LiveServer) -> None:
    client = filled.humanloop()
    assert client.flows.get("fl_triage").version_id == "flv_triage1"
    assert client.flows.get("fl_triage", environment="staging").version_id == "flv_triage1"
    assert client.prompts.get("pr_answer").model == "gpt-4o"
    assert [one.id for one in client.flows.list_environments("fl_triage")] == ["env_prod", "env_stag"]
    assert client.directories.get("dir_support").path == "Support"
    trace = client.logs.get("log_root")
    assert [one["judgment"] for one in trace["evaluator_logs"]] == [True, "good"]
    assert client.logs.get(quote(FOREIGN_ID, safe=""))["id"] == FOREIGN_ID
    (version,) = client.flows.list_versions("fl_exp", evaluator_aggregates=True).records
    assert (version.version_logs_count, version.created_by) == (5, None)
    assert [one.id for one in client.flows.list(user_filter="ann@example")] == ["fl_triage"]
    assert [one.version.version_id for one in client.flows.get("fl_triage").evaluators] == [
        "evv_rating",
        "evv_Short",
    ]


def test_out_in_and_out_again_is_equal(filled: LiveServer, make_server: Any, tmp_path: Path) -> None:
    first = take(tmp_path / "first", filled)
    other = make_server()
    report = bring(first, other)
    assert made(report) == PARTS
    assert contents(take(tmp_path / "second", other)) == contents(first)


def test_a_store_made_by_the_real_client_moves_whole(make_server: Any, tmp_path: Path) -> None:
    live, key = closed_server(make_server)
    client = live.humanloop(key["api_key"])
    code = {"evaluator_type": "python", "arguments_type": "target_free", "return_type": "number"}
    judge = client.evaluators.upsert(
        path="Checks/Length", spec={**code, "code": "def f(log):\n    return 3\n"}
    )
    client.evaluators.upsert(path="Checks/Length", spec={**code, "code": "def f(log):\n    return 4\n"})
    tool = client.tools.upsert(
        path="Bots/Search", function={"name": "search", "description": "d", "parameters": {"type": "object"}}
    )
    prompt = client.prompts.upsert(
        path="Bots/Ask", model="gpt-4o", temperature=0.5, linked_tools=[tool.id], tags=["a"], readme="# Ask"
    )
    flow = client.flows.upsert(path="Bots/Main", attributes={"a": [1, 2.0, None]}, version_name="one")
    second = client.flows.upsert(path="Bots/Main", attributes={"a": 2}, version_description="two")
    environments = {one.name: one.id for one in client.flows.list_environments(flow.id)}
    client.flows.set_deployment(flow.id, environments["staging"], version_id=second.version_id)
    client.flows.update_monitoring(flow.id, activate=[{"evaluator_version_id": judge.version_id}])
    client.flows.update_monitoring(flow.id, deactivate=[{"evaluator_version_id": judge.version_id}])
    cases = [{"inputs": {"q": str(number)}, "target": {"n": number}} for number in range(3)]
    dataset = client.datasets.upsert(path="Checks/Cases", datapoints=cases, attributes={"of": "test"})
    client.datasets.upsert(path="Checks/Cases", datapoints=cases[:1], action="remove", version_name="less")
    for number in range(5):
        root = client.flows.log(id=flow.id, inputs={"n": number}, log_id=f"run/{number} ü", user="u")
        child = client.prompts.log(id=prompt.id, trace_parent_id=root.id, output="hi", prompt_tokens=number)
        client.tools.log(id=tool.id, trace_parent_id=child.id, output="x", error="e")
        nested = client.flows.log(id=flow.id, version_id=second.version_id, trace_parent_id=root.id)
        client.flows.update_log(nested.id, output="in", log_status="complete")
        client.flows.update_log(root.id, output="out", log_status="complete")
        client.evaluators.log(id=judge.id, parent_id=root.id, judgment=number / 2, path=None)
    client.prompts.log(path="Other", prompt={"model": "m"}, output="lone", metadata={"k": [1]})
    exported = take(tmp_path / "first", live, key=key["api_key"])
    assert len(contents(exported)["files/" + flow.id + "/logs"]) == 10
    assert len(contents(exported)[f"files/{dataset.id}/datapoints/{dataset.version_id}"]) == 3
    other = make_server()
    report = bring(exported, other)
    assert report["told"] == []
    assert contents(take(tmp_path / "second", other)) == contents(exported)


def test_evaluations_made_by_the_real_client_move_whole(make_server: Any, tmp_path: Path) -> None:
    live, key = closed_server(make_server)
    client = live.humanloop(key["api_key"])
    spec = {"arguments_type": "target_free", "return_type": "number", "evaluator_type": "external"}
    judge = client.evaluators.upsert(path="Checks/Length", spec=spec)
    cases = [{"inputs": {"q": str(number)}, "target": {"n": number}} for number in range(3)]
    dataset = client.datasets.upsert(path="Checks/Cases", datapoints=cases)
    points = client.datasets.list_datapoints(dataset.id).items or []
    prompt = client.prompts.upsert(path="Bots/Ask", model="gpt-4o")
    judges = [{"version_id": judge.version_id, "orchestrated": False}]
    weekly = client.evaluations.create(file={"id": prompt.id}, name="Weekly", evaluators=judges)
    runs = [
        client.evaluations.create_run(
            weekly.id,
            dataset={"version_id": dataset.version_id},
            version={"version_id": prompt.version_id},
            orchestrated=False,
        )
        for _ in range(2)
    ]
    for number, point in enumerate(points):
        logged = client.prompts.log(
            id=prompt.id,
            run_id=runs[0].id,
            source_datapoint_id=point.id,
            inputs=point.inputs,
            output="a" * number,
        )
        client.evaluators.log(version_id=judge.version_id, parent_id=logged.id, judgment=number / 2)
    client.evaluations.update_evaluation_run(weekly.id, runs[0].id, control=True)
    assert client.evaluations.get_stats(weekly.id).run_stats[1].status == "completed"
    exported = take(tmp_path / "first", live, key=key["api_key"])
    other = make_server()
    report = bring(exported, other)
    assert report["told"] == report["missing"] == []
    assert [report["outcomes"][sort]["made"] for sort in OF_EVALUATIONS] == [1, 2, 2, 3]
    assert contents(take(tmp_path / "second", other)) == contents(exported)
    assert made(bring(exported, other)) == 0
    moved = other.humanloop().evaluations.get_stats(weekly.id)
    assert moved.model_dump() == client.evaluations.get_stats(weekly.id).model_dump()
    # What was open is gone on with, by the old ids.
    again = other.humanloop()
    for point in points:
        logged = again.prompts.log(id=prompt.id, run_id=runs[1].id, source_datapoint_id=point.id, output="b")
        again.evaluators.log(version_id=judge.version_id, parent_id=logged.id, judgment=1.0)
    assert [one.status for one in again.evaluations.list_runs_for_evaluation(weekly.id).runs] == [
        "completed",
        "completed",
    ]


RUNNABLE = {
    "nodes": [
        {
            "name": "In",
            "type": "Input",
            "configuration": {"input": {}},
            "outputs": [{"name": "document", "type": "String"}],
        },
        {
            "name": "Code",
            "type": "InlineCode",
            "configuration": {"inlineCode": {"code": "text + '!'", "language": "Python_3"}},
            "inputs": [{"name": "text", "type": "String", "expression": "$.data"}],
            "outputs": [{"name": "response", "type": "String"}],
        },
        {
            "name": "Out",
            "type": "Output",
            "configuration": {"output": {}},
            "inputs": [{"name": "document", "type": "String", "expression": "$.data"}],
        },
    ],
    "connections": [
        {
            "name": "first",
            "source": "In",
            "target": "Code",
            "type": "Data",
            "configuration": {"data": {"sourceOutput": "document", "targetInput": "text"}},
        },
        {
            "name": "second",
            "source": "Code",
            "target": "Out",
            "type": "Data",
            "configuration": {"data": {"sourceOutput": "response", "targetInput": "document"}},
        },
    ],
}


def test_the_logs_of_runs_move_with_the_files_of_their_nodes(make_server: Any, tmp_path: Path) -> None:
    live, key = closed_server(make_server)
    headers = {"X-API-KEY": key["api_key"]}
    with httpx.Client(base_url=live.url, headers=headers, timeout=30) as http:
        made = http.post(
            "/v5/flows", json={"path": "Runs/Main", "attributes": {"definition": RUNNABLE}}
        ).json()
        http.post("/console/runs", json={"flow": made["id"], "input": "hello"})
        query = {"file_id": made["id"], "include_trace_children": "true"}
        (record,) = until(lambda: http.get("/v5/logs", params=query).json()["records"])
    (node,) = record["trace_children"]
    assert node["tool"]["path"] == "Runs/Main/Code"
    exported = take(tmp_path / "first", live, key=key["api_key"])
    other = make_server()
    assert bring(exported, other)["told"] == []
    assert contents(take(tmp_path / "second", other)) == contents(exported)
    assert [one["name"] for one in other.humanloop().files.list_files().model_dump()["records"]] == ["Main"]


def test_the_calls_of_the_export_tool_are_answered(
    filled: LiveServer, make_server: Any, tmp_path: Path
) -> None:
    """Appendix B 13."""
    by_tool = Tool(filled, tmp_path / "tool").run()
    ours = contents(take(tmp_path / "ours", filled))
    theirs = contents(by_tool)
    assert {name for name in ours if not name.endswith("logs")} == {
        name for name in theirs if not name.endswith("logs")
    }
    for name, value in theirs.items():
        assert ours[name] == value, name
    other = make_server()
    assert bring(by_tool, other)["told"] == []
    assert contents(take(tmp_path / "again", other)) == ours


def test_pages_past_the_end_are_empty(filled: LiveServer) -> None:
    with httpx.Client(base_url=f"{filled.url}/v5", headers={"X-API-KEY": "any"}) as http:
        for path in ("/files?path=&size=100", "/logs?file_id=fl_triage&size=100"):
            answer = http.get(f"{path}&page=10")
            assert (answer.status_code, answer.json()["records"]) == (200, [])


def test_without_a_server_the_store_itself_is_moved(sample: Path, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'own.db'}"
    run("import", "humanloop", str(sample), "--store", store)
    run("export", "humanloop", str(tmp_path / "out"), "--path", "Support", "--store", store)
    (home,) = (tmp_path / "out").iterdir()
    assert sorted(one.name for one in (home / "files").iterdir()) == [
        "ag_one",
        "fl_triage",
        "pr_answer",
        "pr_gone",
        "tl_search",
        "tl_taken",
    ]
    assert not list((home / "files").rglob("logs"))


def test_clashes_are_told_and_the_rest_goes_on(make_server: Any, sample: Path) -> None:
    live = make_server()
    ours = live.humanloop().flows.upsert(path="MedQA", attributes={})
    report = bring(sample, live, status=1)
    (told,) = [one for one in report["told"] if one["id"] == "fl_exp"]
    assert told == {
        "sort": "files",
        "id": "fl_exp",
        "act": "refused",
        "note": f"the path `MedQA` is taken here by Flow {ours.id}",
    }
    assert report["outcomes"]["logs"]["skipped"] == 5
    assert live.humanloop().flows.get("fl_triage").path == "Support/Triage"
    text = run("import", "humanloop", str(sample), server=live, status=1).stdout
    assert "refused: files fl_exp: the path `MedQA` is taken here" in text


def test_what_is_no_export_is_refused_at_once(server: LiveServer, tmp_path: Path) -> None:
    done = run("import", "humanloop", str(tmp_path), server=server, status=1)
    assert "has no folder `files`: this is no Humanloop export" in done.output


def test_a_folder_of_exports_is_told_from_one(server: LiveServer, sample: Path) -> None:
    done = run("import", "humanloop", str(sample.parent), server=server, status=1)
    assert f"Name one of them: {sample}" in done.output


@pytest.mark.parametrize("right", ["reader", "runner", "editor"])
def test_moving_in_needs_the_right_admin(make_server: Any, sample: Path, right: str) -> None:
    from tests.contract.keys import create_key

    live, _ = closed_server(make_server)
    key = create_key(live.store, right)["api_key"]
    done = run("import", "humanloop", str(sample), server=live, status=1, key=key)
    assert "This needs a key with the right 'admin'" in done.output
    assert take(sample.parent / "out", live, key=key).name.startswith("20")


def test_an_unknown_directory_is_refused(server: LiveServer, tmp_path: Path) -> None:
    done = run("export", "humanloop", str(tmp_path / "out"), "--path", "no such", server=server, status=1)
    assert "Directory `no such` does not exist" in done.output


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("import", b"{"),
        ("import", b'{"logs": [{}]}'),
        ("import", b"\xff"),
        ("export", b"[]"),
        ("export", b'{"path": 5}'),
    ],
)
def test_nonsense_is_refused(server: LiveServer, path: str, body: bytes) -> None:
    answer = httpx.post(f"{server.url}/console/humanloop/{path}", content=body, headers={"X-API-KEY": "any"})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_others_are_answered_while_much_is_moved(make_server: Any, tmp_path: Path) -> None:
    live = make_server()
    home = tmp_path / "much"
    write_file(home, [EXPERIMENT], 0, [log("flow", f"log_{n}", EXPERIMENT, n % 1000) for n in range(3000)])
    done = threading.Event()
    waits_s: list[float] = []

    def ask() -> None:
        with httpx.Client(base_url=f"{live.url}/v5", headers={"X-API-KEY": "any"}, timeout=30) as http:
            while not done.is_set():
                answer = http.post("/flows", json={"path": "Other", "attributes": {"n": len(waits_s)}})
                assert answer.status_code == 200
                waits_s.append(answer.elapsed.total_seconds())

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            report = bring(home, live)
        finally:
            done.set()
        asking.result()
    assert report["outcomes"]["logs"]["made"] == 3000
    assert len(waits_s) > 10


def test_after_a_server_died_meanwhile_the_import_goes_on(make_server: Any, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'dying.db'}"
    live = make_server(store=store)
    home = tmp_path / "much"
    write_file(home, [EXPERIMENT], 0, [log("flow", f"log_{n}", EXPERIMENT, n % 1000) for n in range(3000)])
    with (
        ThreadPoolExecutor(1) as pool,
        httpx.Client(base_url=f"{live.url}/v5", headers={"X-API-KEY": "any"}, timeout=30) as http,
    ):
        importing = pool.submit(run, "import", "humanloop", str(home), server=live, status=1)
        until(lambda: http.get("/logs", params={"file_id": "fl_exp", "size": 0}).json().get("total"))
        live.kill()
        assert "No answer from" in importing.result().output
    again = make_server(store=store)
    logs = bring(home, again)["outcomes"]["logs"]
    assert logs["made"] + logs["unchanged"] == 3000
    assert logs["unchanged"] > 0
    assert made(bring(home, again)) == 0


def test_a_cut_off_export_says_so(
    filled: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headrace.cli.humanloop_server import _Remote

    whole: Callable[..., Iterator[bytes]] = _Remote.take_out

    def short(self: Any, **wanted: Any) -> Iterator[bytes]:
        lines = list(whole(self, **wanted))
        return iter(lines[:5])

    monkeypatch.setattr(_Remote, "take_out", short)
    done = run("export", "humanloop", str(tmp_path / "out"), server=filled, status=1)
    assert "The export broke off" in done.output
