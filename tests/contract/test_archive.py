"""What real clients made on one server is on another one, by `export everything` and `import everything`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from tests.contract.bedrock.running import chain, install, invoke
from tests.contract.bedrock.things import new_token
from tests.contract.conftest import NO_CERTIFICATES, LiveServer
from tests.contract.humanloop.evaluating import ALWAYS, Lab, finished, serving
from tests.contract.test_runs_as_logs import long_id, the_log

from headrace.cli import main

pytestmark = pytest.mark.live


def run(live: LiveServer | None, *arguments: str, **variables: str) -> Result:
    """A command on a server, or on what `--store` names."""
    environment = {} if live is None else {"HEADRACE_URL": live.url, "HEADRACE_API_KEY": "any"}
    return CliRunner(env=environment | variables).invoke(main, list(arguments))


def export(live: LiveServer, file: Path) -> list[str]:
    """An archive's lines but for its head."""
    result = run(live, "export", "everything", str(file))
    assert result.exit_code == 0, result.output
    content = file.read_bytes()
    text = gzip.decompress(content) if file.suffix == ".gz" else content
    head, *rows = text.decode().split("\n")[:-1]
    assert json.loads(head)["format"] == "headrace-archive"
    return rows


def report(live: LiveServer | None, file: Path, *options: str, status: int = 0) -> dict[str, Any]:
    result = run(live, "import", "everything", str(file), "--json", *options)
    assert result.exit_code == status, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@contextmanager
def raw_client(live: LiveServer, under: str = "v5") -> Iterator[httpx.Client]:
    headers = {"X-API-KEY": "any"}
    with httpx.Client(base_url=f"{live.url}/{under}", headers=headers, verify=NO_CERTIFICATES) as raw:
        yield raw


@pytest.fixture
def source(tmp_path: Path) -> Iterator[LiveServer]:
    """A server on which something of everything was made."""
    folder = tmp_path / "source"
    folder.mkdir()
    with serving(folder) as live:
        with raw_client(live) as raw:
            _make_humanloop(live, raw)
        _make_bedrock(live)
        yield live


@pytest.fixture
def target(tmp_path: Path) -> Iterator[LiveServer]:
    folder = tmp_path / "target"
    folder.mkdir()
    with serving(folder) as live:
        yield live


def _make_humanloop(live: LiveServer, raw: httpx.Client) -> None:
    client = live.humanloop()
    lab = Lab(client, raw, "Über/lab")
    always = lab.evaluator("Always", ALWAYS)
    evaluation = lab.evaluation(always, name="nightly")
    lab.fill(lab.run(evaluation))
    finished(raw, evaluation.id)
    client.flows.update_monitoring(lab.flow.id, activate=[{"evaluator_version_id": always.version_id}])
    staging = next(one for one in client.flows.list_environments(lab.flow.id) if one.name == "staging")
    for attributes in ({"v": 2}, {"v": 3, "price": 1.10, "big": 12345678901234567890}):
        made = client.flows.upsert(path="Über/lab/Flow", attributes=attributes)
        client.flows.set_deployment(lab.flow.id, environment_id=staging.id, version_id=made.version_id)
    template = [{"role": "system", "content": "Capital of {{country}}?"}]
    prompt = client.prompts.upsert(path="lab/Capital", model="m", provider="openai", template=template)
    client.prompts.log(id=prompt.id, output="Paris", inputs={"country": "France"})
    client.tools.upsert(path="lab/Tool", function={"name": "t", "description": "d", "parameters": {}})
    client.agents.upsert(path="lab/Agent", model="m", template=template)


def _make_bedrock(live: LiveServer) -> None:
    client = live.boto()
    flow = install(client, chain())
    client.create_flow_version(flowIdentifier=flow)
    made = client.create_flow_alias(
        flowIdentifier=flow,
        name="live",
        routingConfiguration=[{"flowVersion": "1"}],
        tags={"team": "a b"},
        clientToken=new_token(),
    )
    invoke(live.boto("bedrock-agent-runtime"), flow, "hello", alias=made["id"])
    human = live.humanloop()
    the_log(human, long_id(human, client, flow))  # made behind the scenes, and not in the middle of an export
    with raw_client(live, "api") as api:
        rules = {"rules": [{"type": "approval", "by": 1}]}
        assert api.put(f"/files/{flow}/pointers/live/gate", json=rules).status_code == 200
        off = {"is_off": True, "reason": "broken"}
        assert api.put(f"/files/{flow}/switch", json=off).status_code == 200


def _users(text: str, live: LiveServer) -> str:
    """The same without what is another user's id on each server."""
    with raw_client(live) as raw:
        listed = raw.get("/flows", params={"size": 1}).json()["records"][0]["created_by"]
    user = listed["id"] if isinstance(listed, dict) else listed
    return text.replace(user, "usr") if user else text


def answers(live: LiveServer) -> dict[str, Any]:
    """What both protocols, and our own API, answer to reads of all there is."""
    found: dict[str, Any] = {}
    with raw_client(live) as raw:

        def get(path: str) -> Any:
            answer = raw.get(path)
            assert answer.status_code == 200, (path, answer.text)
            found[path] = answer.json()
            return found[path]

        for one in get("/files?size=100")["records"]:
            kind, file_id = one["type"], one["id"]
            for tail in ("", "/versions", "/environments"):
                get(f"/{kind}s/{file_id}{tail}")
            for row in get(f"/logs?file_id={file_id}&size=100")["records"]:
                get(f"/logs/{row['id']}")
            for row in get(f"/evaluations?file_id={file_id}&size=50")["records"]:
                for tail in ("", "/stats", "/runs", "/logs"):
                    get(f"/evaluations/{row['id']}{tail}")
            if kind == "dataset":
                get(f"/datasets/{file_id}/datapoints")
        get("/directories")
    client = live.boto()
    for flow in client.list_flows()["flowSummaries"]:
        key = {"flowIdentifier": flow["id"]}
        found[flow["id"]] = [client.get_flow(**key), client.list_flow_versions(**key)]
        found[flow["id"]] += client.list_flow_aliases(**key)["flowAliasSummaries"]
        found[flow["arn"]] = client.list_tags_for_resource(resourceArn=flow["arn"])
        found[flow["id"]].append(_native(live, flow["id"]))
    return found


def _native(live: LiveServer, flow: str) -> list[Any]:
    with raw_client(live, "api") as api:
        told = api.get(f"/files/{flow}/pointers").json()
        pointers = told.get("pointers", [])
        names = [one["pointer"]["name"] for one in pointers if one["pointer"]["kind"] != "flow"]
        tails = ("moves", "switch", *(f"pointers/{name}/moves" for name in names))
        answers = [api.get(f"/files/{flow}/{tail}") for tail in tails]
        assert [one.status_code for one in answers] == [200] * len(tails)
        return [told, *(one.json() for one in answers)]


def plain(value: Any) -> Any:
    """Without what is of the request, not of what it asks for."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if name != "ResponseMetadata"}
    return [plain(one) for one in value] if isinstance(value, list) else value


def told_by(live: LiveServer) -> Any:
    text = json.dumps(plain(answers(live)), default=str, sort_keys=True).replace(live.url, "URL")
    return json.loads(_users(text, live))


def test_everything_moves_to_another_server(source: LiveServer, target: LiveServer, tmp_path: Path) -> None:
    rows = export(source, tmp_path / "all.jsonl.gz")
    tables = {json.loads(row).get("table") for row in rows}
    assert {"moves", "gates", "logs", "executions", "slots", "monitors", "tags"} <= tables
    assert report(target, tmp_path / "all.jsonl.gz")["told"] == []
    assert export(target, tmp_path / "again.jsonl") == rows
    told = told_by(source)
    assert told_by(target) == told
    assert sum("/logs/" in path for path in told) > 5
    assert any("broken" in json.dumps(value) for value in told.values())
    again = report(target, tmp_path / "all.jsonl.gz")
    assert (again["added"], again["told"]) == ({}, [])
    assert sum(again["unchanged"].values()) == len(rows) - 1
    logs = target.humanloop().logs.list(file_id=_file(target, "lab/Capital"), search="Paris")
    assert len(list(logs)) == 1


def _file(live: LiveServer, path: str) -> str:
    return str(live.humanloop().files.retrieve_by_path(path=path).id)


def test_what_was_taken_in_goes_on(source: LiveServer, target: LiveServer, tmp_path: Path) -> None:
    """The other server numbers, counts and moves on from where the first one was."""
    export(source, tmp_path / "all.jsonl")
    report(target, tmp_path / "all.jsonl")
    client = target.boto()
    (flow,) = [
        one["id"] for one in client.list_flows()["flowSummaries"] if one["name"].startswith("flow")
    ] or [client.list_flows()["flowSummaries"][0]["id"]]
    key = {"flowIdentifier": flow}
    with pytest.raises(client.exceptions.ClientError, match="broken"):  # it is off here, too
        invoke(target.boto("bedrock-agent-runtime"), flow, "hello")
    client.prepare_flow(**key)
    assert client.create_flow_version(**key)["version"] == "2"
    humanloop = target.humanloop()
    made = humanloop.prompts.log(id=_file(target, "lab/Capital"), output="Rome")
    assert made.id
    assert report(target, tmp_path / "all.jsonl", status=1)["added"] == {}


def test_a_part_of_an_archive_is_taken_in_and_told(source: LiveServer, tmp_path: Path) -> None:
    rows = export(source, tmp_path / "all.jsonl")
    lines = (tmp_path / "all.jsonl").read_text().splitlines(keepends=True)
    part = tmp_path / "part.jsonl"
    part.write_text("".join(lines[: len(lines) // 2]))
    store = f"sqlite:///{tmp_path}/own.db"
    broken = run(None, "import", "everything", str(part), "--store", store)
    assert broken.exit_code == 1
    assert "a part of an archive only" in broken.output
    whole = report(None, tmp_path / "all.jsonl", "--store", store)
    assert sum(whole["added"].values()) + sum(whole["unchanged"].values()) == len(rows) - 1
    assert whole["told"] == []
    again = tmp_path / "own.jsonl"
    assert run(None, "export", "everything", str(again), "--store", store).exit_code == 0
    assert again.read_text().splitlines()[1:] == rows


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ({"format": "other"}, "is no archive"),
        ({"version": 2}, "version 2 are not known"),
        ({"schema": 9999}, "of schema 9999"),
        ({"schema": "x"}, "head"),
    ],
)
def test_an_archive_that_is_none_is_refused(
    source: LiveServer, tmp_path: Path, head: dict[str, Any], reason: str
) -> None:
    file = tmp_path / "all.jsonl"
    export(source, file)
    first, rest = file.read_text().split("\n", 1)
    file.write_text(json.dumps(json.loads(first) | head) + "\n" + rest)
    refused = run(source, "import", "everything", str(file))
    assert refused.exit_code == 1
    assert reason in refused.output


def test_rows_that_are_none_are_told_and_break_nothing(source: LiveServer, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    before = export(source, file)
    head = json.loads(file.read_text().split("\n", 1)[0])
    lines = ["", "[]", "{}", '{"table": "logs"}', '{"table": "logs", "row": {}}', "{" * 5000, '"\\ud800"']
    lines += ['{"table": "versions", "row": {"id": "\\u0000"}}', '{"table": 5, "row": {}}']
    with raw_client(source, "api") as api:
        answer = api.post("/archive", json={"head": head, "lines": lines})
        assert answer.status_code == 200, answer.text
        assert [one["line"] for one in answer.json()["told"]] == list(range(len(lines)))
        many = api.post("/archive", json={"head": head, "lines": ["{}"] * 1001})
        assert (many.status_code, many.json()["error"]["code"]) == (400, "invalid")
    assert export(source, file) == before
