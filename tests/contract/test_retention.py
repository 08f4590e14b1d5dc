"""How long logs are kept: said over the wire and by commands, and done by a server."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.contract.keys import closed_server, create_key, run, run_json
from tests.contract.native.asking import Asker

pytestmark = pytest.mark.live
WITHIN_S = 60


def old_log(live: LiveServer, days: int, path: str = "kept/Prompt") -> str:
    created_at = datetime.now(UTC) - timedelta(days=days)
    made = live.humanloop().prompts.log(path=path, prompt={"model": "m"}, output="x", created_at=created_at)
    return str(made.id)


def status(asker: Asker, log_id: str) -> int:
    return asker.send("GET", "logs", log_id).status_code


def test_a_server_removes_what_a_file_keeps_no_longer(make_server: Any) -> None:
    live = make_server()
    asker = Asker(url=live.url)
    old, young, other = old_log(live, 31), old_log(live, 29), old_log(live, 99, "kept/Other")
    told = asker.ask("PUT", "files", "kept/Prompt", "retention", body={"keep_days": 30})
    assert (told["keep_days"], told["is_own"], bool(told["set_by"]["name"])) == (30, True, True)
    ends_at_s = time.monotonic() + WITHIN_S
    while status(asker, old) == 200:
        assert time.monotonic() < ends_at_s, "it is not removed"
    assert [status(asker, one) for one in (old, young, other)] == [404, 200, 200]


def test_what_is_said(make_server: Any) -> None:
    live = make_server(keep_logs="400")
    asker = Asker(url=live.url)
    old_log(live, 1)
    told = asker.ask("GET", "files", "kept/Prompt", "retention")
    assert (told["keep_days"], told["is_own"], told["set_by"]) == (400, False, None)
    at = ("--store", live.store)
    assert "kept/Prompt: 30 days" in run("retention", "set", "kept/Prompt", "--days", "30", *at).stdout
    said = run_json("retention", "show", *at)
    assert [(one["path"], one["keep_days"]) for one in said["files"]] == [("kept/Prompt", 30)]
    assert asker.ask("GET", "retentions")["keep_days"] == 400
    assert run("retention", "set", "kept/Prompt", "--days", "0", *at).stdout == "kept/Prompt: for ever\n"
    assert run("retention", "clear", "kept/Prompt", *at).returncode == 0
    assert run("retention", "clear", "kept/Prompt", *at).returncode == 1
    for days in (-1, 10**9):
        asker.refused(400, "invalid", "PUT", "files", "kept/Prompt", "retention", body={"keep_days": days})
    asker.refused(404, "not_found", "PUT", "files", "kept/Nothing", "retention", body={"keep_days": 1})


def test_who_may(make_server: Any) -> None:
    live, admin = closed_server(make_server)
    editor = Asker(url=live.url, key=create_key(live.store, "editor")["api_key"])
    live.humanloop(admin["api_key"]).flows.upsert(path="F", attributes={})
    assert editor.ask("GET", "files", "F", "retention")["keep_days"] == 0
    editor.refused(403, "forbidden", "PUT", "files", "F", "retention", body={"keep_days": 1})
    editor.refused(403, "forbidden", "DELETE", "files", "F", "retention")
