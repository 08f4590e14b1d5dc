"""An export that comes back to the server it is of, and exports that can't be written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.test_humanloop_exchange import RUNNABLE, bring, contents, made, run, take

pytestmark = pytest.mark.live

VARIANT = {
    "name": "main",
    "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
    "templateType": "CHAT",
    "templateConfiguration": {
        "chat": {
            "system": [{"text": "Be brief."}],
            "messages": [{"role": "user", "content": [{"text": "{{topic}}"}]}],
            "inputVariables": [{"name": "topic"}],
        }
    },
    "inferenceConfiguration": {"text": {"temperature": 0.5, "maxTokens": 5}},
}


def test_an_export_is_no_news_to_the_server_that_it_is_of(make_server: Any, tmp_path: Path) -> None:
    """Contents that are shown in another form than they were written in are the same, too."""
    live = make_server()
    agent = live.boto()
    prompt = agent.create_prompt(name="Brief", variants=[VARIANT], defaultVariant="main")["id"]
    agent.create_prompt_version(promptIdentifier=prompt)
    client = live.humanloop()
    flow = client.flows.upsert(path="Runs/Main", attributes={"definition": RUNNABLE})
    client.flows.log(id=flow.id, output="a log without inputs", log_status="complete")
    report = bring(take(tmp_path / "out", live), live)
    assert (made(report), report["told"]) == (0, [])


def test_a_prompt_of_another_model_is_news(make_server: Any, tmp_path: Path) -> None:
    live = make_server()
    agent = live.boto()
    prompt = agent.create_prompt(name="Brief", variants=[VARIANT], defaultVariant="main")["id"]
    agent.create_prompt_version(promptIdentifier=prompt)
    home = take(tmp_path / "out", live)
    for path in (*home.glob("files/*/versions/*"), *home.glob("files/*/file.json")):
        path.write_text(path.read_text().replace("claude-3-haiku", "claude-3-opus"))
    (told,) = bring(home, live, status=1)["told"]
    assert (told["sort"], told["act"], told["note"]) == (
        "versions",
        "different",
        "here it has another content",
    )


def test_an_export_of_nothing_can_be_brought_in(make_server: Any, tmp_path: Path) -> None:
    home = take(tmp_path / "out", make_server())
    assert contents(home) == {}
    assert made(bring(home, make_server())) == 0


def test_a_refused_export_leaves_no_folder(make_server: Any, tmp_path: Path) -> None:
    run("export", "humanloop", str(tmp_path / "out"), "--path", "no such", server=make_server(), status=1)
    assert not (tmp_path / "out").exists()


def test_an_export_that_can_not_be_written_says_why(make_server: Any, tmp_path: Path) -> None:
    live = make_server()
    httpx.post(
        f"{live.url}/v5/flows", json={"path": "Main", "attributes": {}}, headers={"X-API-KEY": "any"}
    ).raise_for_status()
    (tmp_path / "file").touch()
    done = run("export", "humanloop", str(tmp_path / "file" / "out"), server=live, status=1)
    assert "The export broke off: [Errno" in done.output


def test_a_dry_run_makes_no_store(make_server: Any, tmp_path: Path) -> None:
    live = make_server()
    httpx.post(
        f"{live.url}/v5/flows", json={"path": "Main", "attributes": {}}, headers={"X-API-KEY": "any"}
    ).raise_for_status()
    home = take(tmp_path / "out", live)
    place = tmp_path / "store"
    place.mkdir()
    told = run("import", "humanloop", str(home), "--dry-run", HEADRACE_STORE=f"sqlite:///{place}/headrace.db")
    assert "files: 1 made" in told.output
    assert list(place.iterdir()) == []
