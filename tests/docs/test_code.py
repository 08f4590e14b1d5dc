"""The code in the pages does what the pages say, on a live server."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from tests.contract.conftest import LiveServer, boto_client
from tests.docs.pages import ADDRESS, ROOT, Block, blocks, name

pytestmark = pytest.mark.live

PYTHON_PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "tutorials" / "first-flow.md",
    ROOT / "docs" / "how-to" / "point-your-sdk.md",
    ROOT / "docs" / "how-to" / "monitor-flows.md",
    ROOT / "docs" / "how-to" / "add-an-evaluator.md",
    ROOT / "docs" / "how-to" / "evaluate.md",
    ROOT / "docs" / "how-to" / "call-prompts.md",
    ROOT / "docs" / "how-to" / "send-traces.md",
    ROOT / "docs" / "how-to" / "run-in-the-background.md",
]


@pytest.mark.parametrize("page", PYTHON_PAGES, ids=name)
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: Path, fresh_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    variables: dict[str, Any] = {}
    found = blocks(page)
    for block, following in zip(found, [*found[1:], None], strict=True):
        if block.language == "python":
            printed = _run(page, block, fresh_server.url, variables)
            if following is not None and following.language == "text":
                assert printed == following.text


def _run(page: Path, block: Block, url: str, variables: dict[str, Any]) -> str:
    source = "\n" * block.line + block.text.replace(ADDRESS, url)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, page, "exec", dont_inherit=True), variables)
    return printed.getvalue()


def test_the_shortest_way_gives_the_answer_that_it_shows() -> None:
    page = ROOT / "README.md"
    command = next(line for line in blocks(page, "sh")[0].text.splitlines() if line.startswith("headrace"))
    *nodes, output = blocks(page, "text")[0].text.splitlines()
    done = _call(f"{command} --trace")
    assert done.stdout.startswith(output.removesuffix(", …}"))
    ran = [line for line in done.stderr.splitlines() if not line.startswith(" ")]
    assert [_timeless(line) for line in ran] == [_timeless(line) for line in nodes]


def _timeless(text: str) -> str:
    return re.sub(r" +[\d.]+ ms", " … ms", text)


def test_the_quick_start_does_what_it_says(fresh_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = ROOT / "README.md"
    variables: dict[str, Any] = {}
    invoked, deployed, judged = (
        _run(page, block, fresh_server.url, variables) for block in blocks(page, "python")
    )
    assert "'queue': 'on-call'" in invoked
    assert "'completionReason': 'SUCCESS'" in invoked
    assert deployed == "owned\n"
    assert judged == "It is sunny in Rome. True\n"
    answers = [json.loads(_shell(line, fresh_server.url)) for line in _curl_lines(page)]
    assert [flow["name"] for flow in answers[0]["flowSummaries"]] == ["SupportTriage"]
    assert [flow["path"] for flow in answers[1]["records"]] == ["Assistant/Answer", "SupportTriage"]
    asking = next(block.text for block in blocks(page, "sh") if "executions" in block.text)
    printed = _shell(asking.partition("curl")[0], "", HEADRACE_STORE=fresh_server.store)
    assert printed.startswith("Hello Ben,")
    assert printed.count("Succeeded") == 2
    moving = next(block.text for block in blocks(page, "sh") if "rollback" in block.text)
    told = _shell(moving, "", HEADRACE_STORE=fresh_server.store).splitlines()
    assert any("owner" in line for line in told), "what differs"
    assert [line.split()[4] for line in told[-3:]] == ["rollback", "promote", "move"]


def _curl_lines(page: Path) -> list[str]:
    return [
        line for block in blocks(page, "sh") for line in block.text.splitlines() if line.startswith("curl")
    ]


def _shell(text: str, url: str, folder: Path = ROOT, **environment: str) -> str:
    return _call(text.replace(ADDRESS, url), folder, **environment).stdout


def _call(text: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env={**os.environ, "PATH": _path(), "NO_PROXY": "127.0.0.1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done


def _path() -> str:
    """Where a shell finds the `headrace` and the `aws` of this environment first."""
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def test_the_aws_command_line_needs_only_the_address(fresh_server: LiveServer) -> None:
    page = ROOT / "docs" / "how-to" / "point-your-sdk.md"
    exports, command = (
        next(b.text for b in blocks(page, "sh") if b.text.startswith(w)) for w in ("export", "aws")
    )
    by_option = _shell(exports + command, fresh_server.url)
    by_variable = _shell(exports + "aws bedrock-agent list-flows", fresh_server.url)
    assert json.loads(by_option) == json.loads(by_variable) == {"flowSummaries": []}


def test_a_backup_made_while_the_server_runs_can_be_restored(
    fresh_server: LiveServer, tmp_path: Path
) -> None:
    fresh_server.humanloop().flows.upsert(path="kept", attributes={"note": "before"})
    key = _make_key(fresh_server.store)
    page = ROOT / "docs" / "how-to" / "back-up-sqlite.md"
    texts = [block.text for block in blocks(page, "sh") if "/var/" not in block.text]
    backup, check, restore = texts[:3]
    _shell(backup, "", tmp_path)
    fresh_server.humanloop(key["api_key"]).flows.upsert(path="late", attributes={"note": "after"})
    assert fresh_server.stop() == 0
    assert "all in order" in _shell(check, "", tmp_path)
    assert "What was there before is" in _shell(restore, "", tmp_path)
    restored = LiveServer(store=fresh_server.store).start()
    try:
        listed = restored.humanloop(key["api_key"]).flows.list()
        assert [flow.path for flow in listed] == ["kept"]
        client = boto_client(
            restored.url, access_key=key["access_key_id"], secret_key=key["secret_access_key"]
        )
        assert client.list_flows()["flowSummaries"] == []  # signed with a secret that the key file opens
    finally:
        assert restored.stop() == 0
    assert oct((tmp_path / "before-upgrade.tar.gz").stat().st_mode)[-3:] == "600"


def _make_key(store: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "keys", "create", "--email", "a@example.com", "--right", "admin",
         "--json", "--store", store],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    key: dict[str, Any] = json.loads(done.stdout)
    return key


def test_what_is_exported_can_be_imported_with_its_numbers(fresh_server: LiveServer, tmp_path: Path) -> None:
    client = fresh_server.boto()
    triage = str(ROOT / "examples" / "support_triage.json")
    _headrace("import", "bedrock", triage, "--name", "SupportTriage", "--store", fresh_server.store)
    flow = client.list_flows()["flowSummaries"][0]["id"]
    client.prepare_flow(flowIdentifier=flow)
    for _ in range(3):
        client.create_flow_version(flowIdentifier=flow)
    client.delete_flow_version(flowIdentifier=flow, flowVersion="2")
    exported = tmp_path / "flows.json"
    exported.write_text(_headrace("export", "bedrock", "--store", fresh_server.store))
    other = LiveServer(store=f"sqlite:///{tmp_path / 'other.db'}").start()
    try:
        _headrace("import", "bedrock", str(exported), "--store", other.store)
        copy = other.boto().list_flows()["flowSummaries"][0]
        listed = other.boto().list_flow_versions(flowIdentifier=copy["id"])["flowVersionSummaries"]
        assert (copy["name"], [one["version"] for one in listed]) == ("SupportTriage", ["3", "1"])
    finally:
        assert other.stop() == 0


def _headrace(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "headrace", *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_lines_that_a_new_key_prints_are_what_the_page_shows(fresh_server: LiveServer) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "headrace", "keys", "create", "--email", "you@example.com", "--right", "admin",
         "--store", fresh_server.store],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    shown = next(b.text for b in blocks(ROOT / "docs" / "how-to" / "keys.md", "text"))
    for printed, line in zip(done.stdout.splitlines(), shown.splitlines(), strict=True):
        start, _, end = line.partition("…")
        assert printed.startswith(start)
        assert printed.endswith(end)


def test_the_clients_trust_the_certificate_that_the_page_makes(tmp_path: Path) -> None:
    page = ROOT / "docs" / "how-to" / "tls.md"
    making = next(block.text for block in blocks(page, "sh") if block.text.startswith("openssl"))
    _shell(making.partition("headrace serve")[0], "", tmp_path)
    options = ("--tls-certificate", str(tmp_path / "chain.pem"), "--tls-key", str(tmp_path / "key.pem"))
    live = LiveServer(store="memory:").start(*options)
    try:
        assert live.url.startswith("https://")
        chain = str(tmp_path / "chain.pem")
        curl = f"curl -s --cacert chain.pem -H 'X-API-KEY: any' {live.url}/v5/flows"
        assert json.loads(_shell(curl, "", tmp_path))["records"] == []
        script = textwrap.dedent(f"""
            import boto3, humanloop
            print(list(humanloop.Humanloop(api_key="any", base_url="{live.url}/v5").flows.list()))
            options = dict(endpoint_url="{live.url}", region_name="us-east-1", aws_access_key_id="any",
                           aws_secret_access_key="any")
            print(boto3.client("bedrock-agent", **options).list_flows()["flowSummaries"])
        """)
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "SSL_CERT_FILE": chain, "AWS_CA_BUNDLE": chain, "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout == "[]\n[]\n", done.stderr
    finally:
        assert live.stop() == 0
