"""A person's data is erased, and its bytes are gone: over the wire, as a command, and in the store's files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock import running
from tests.contract.conftest import LiveServer
from tests.contract.keys import closed_server, create_key, run, run_json
from tests.contract.native.asking import Asker

pytestmark = pytest.mark.live
WITHIN_S = 60
CANARY = "zqxcanary"
PERSON = "zqxperson-4711"
TEXTS = [f"{CANARY}{nth:03d} Ünïcode " + " ".join(f"word{nth}x{n}" for n in range(60)) for nth in range(12)]


def canaries(live: LiveServer) -> list[str]:
    """Where in the store the person, or what they said, is still to be found."""
    needles = (CANARY, PERSON)
    if live.store.startswith("sqlite"):
        path = Path(live.store.removeprefix("sqlite:///"))
        files = [file for file in path.parent.iterdir() if file.name.startswith(path.name)]
        return [f"{one.name}: {it}" for one in files for it in needles if it.encode() in one.read_bytes()]
    import psycopg

    found = []
    with psycopg.connect(live.store, autocommit=True) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            rows = connection.execute(f'SELECT t::text FROM "{table}" t').fetchall()  # type: ignore[arg-type]
            text = "\n".join(row for (row,) in rows)
            needle_hex = [it.encode().hex() for it in needles]
            found += [f"{table}: {it}" for it in (*needles, *needle_hex) if it in text]
    return found


@pytest.fixture
def live(make_server: Any) -> LiveServer:
    server: LiveServer = make_server()
    return server


def fill(live: LiveServer) -> dict[str, Any]:
    """Logs of all sorts of one person, and of others."""
    client = live.humanloop()
    ids: dict[str, Any] = {"mine": [], "others": []}
    for text in TEXTS:
        flow = client.flows.log(
            path="support/Talk",
            flow={"attributes": {}},
            inputs={"question": text},
            user=PERSON,
            log_status="incomplete",
        )
        step = client.prompts.log(
            path="support/Ask",
            prompt={"model": "m"},
            messages=[{"role": "user", "content": text}],
            output=text[::-1] + text,
            trace_parent_id=flow.id,
        )
        judged = client.evaluators.log(
            path="support/Good",
            spec={"arguments_type": "target_free", "return_type": "boolean", "evaluator_type": "external"},
            parent_id=step.id,
            judgment=True,
            output=text,
        )
        ids["mine"] += [flow.id, step.id, judged.id]
        other = client.prompts.log(
            path="support/Ask", prompt={"model": "m"}, output="of somebody else", user=f"{PERSON[:3]}-other"
        )
        ids["others"].append(other.id)
    by_metadata = client.prompts.log(
        path="support/Ask", prompt={"model": "m"}, output=TEXTS[0], metadata={"end_user_id": PERSON}
    )
    ids["mine"].append(by_metadata.id)
    return ids


def there(asker: Asker, ids: list[str]) -> list[str]:
    return [one for one in ids if asker.send("GET", "logs", one).status_code == 200]


def counts(done: Any) -> dict[str, int]:
    return {one["kind"]: one["number"] for one in done["counts"]}


def test_nothing_of_a_person_is_left(live: LiveServer) -> None:
    asker, ids = Asker(url=live.url), fill(live)
    assert canaries(live), "else this test would find nothing whatever is done"
    wanted = {"flow logs": 12, "prompt logs": 13, "judgments": 12}
    would = asker.ask("POST", "erasures", body={"user": PERSON, "dry_run": True})
    assert (would["is_rehearsal"], would["id"], counts(would)) == (True, None, wanted)
    assert set(would["logs"]) == set(ids["mine"])
    assert there(asker, ids["mine"]) == ids["mine"]
    done = asker.ask("POST", "erasures", body={"user": PERSON})
    assert (done["is_rehearsal"], counts(done), done["going"]) == (False, wanted, [])
    assert any("backups" in one for one in done["left"])
    assert there(asker, ids["mine"]) == []
    assert there(asker, ids["others"]) == ids["others"]
    assert canaries(live) == []
    again = asker.ask("POST", "erasures", body={"user": PERSON})
    assert counts(again) == {}
    second, first = asker.ask("GET", "erasures")["erasures"]
    assert (first["id"], second["id"]) == (done["id"], again["id"])
    assert first["subject"] == second["subject"]
    assert (first["by"], counts(first), bool(first["erased_by"]["name"])) == ("user", wanted, True)
    assert canaries(live) == []


def test_judgments_that_went_count_no_more(live: LiveServer) -> None:
    asker = Asker(url=live.url)
    fill(live)
    asker.ask("POST", "erasures", body={"user": PERSON})
    version = live.humanloop().files.retrieve_by_path(path="support/Ask")
    assert version.total_logs_count == 12
    assert not [one for one in version.evaluator_aggregates or [] if one.aggregate_value]


def test_runs_that_a_person_s_logs_tell_of_go_with_them(live: LiveServer) -> None:
    client, runtime = live.boto(), live.boto("bedrock-agent-runtime")
    flow = running.install(client, running.chain())
    asker = Asker(url=live.url)
    mine = running.invoke(runtime, flow, f"{CANARY} one", executionId="talk-with-zqx").id
    other = running.invoke(runtime, flow, "two", executionId="another").id
    ends_at_s = time.monotonic() + WITHIN_S
    for one in (mine, other):
        while not asker.ask("POST", "erasures", body={"session": one, "dry_run": True})["executions"]:
            assert time.monotonic() < ends_at_s, "its logs are being made for ever"
    assert other != mine
    found = asker.ask("POST", "erasures", body={"session": "talk-with-zqx", "dry_run": True})
    assert counts(found) == {"executions": 1, "flow logs": 1}
    done = asker.ask("POST", "erasures", body={"logs": found["logs"]})
    assert counts(done) == {"executions": 1, "flow logs": 1}, "by its log, the run itself goes as well"
    assert canaries(live) == []
    for session, number in (("talk-with-zqx", 0), ("another", 1)):
        rest = asker.ask("POST", "erasures", body={"session": session, "dry_run": True})
        assert len(rest["executions"]) == number


def test_a_text_is_looked_for_first(live: LiveServer) -> None:
    asker = Asker(url=live.url)
    client = live.humanloop()
    kept = client.prompts.log(path="a/P", prompt={"model": "m"}, output="nothing of it").id
    ids = [
        client.prompts.log(path="a/P", prompt={"model": "m"}, output='She said "Zürich\n12"').id,
        client.prompts.log(path="a/P", prompt={"model": "m"}, inputs={"deep": [{"Zürich\n12": 1}]}).id,
    ]
    found = asker.ask("POST", "erasures", "search", body={"text": "Zürich\n12"})
    assert ([one["id"] for one in found["found"]], found["is_complete"]) == (ids, True)
    assert asker.ask("POST", "erasures", "search", body={"text": "zürich\n12"})["found"] == []
    asker.ask("POST", "erasures", body={"logs": ids})
    assert asker.ask("POST", "erasures", "search", body={"text": "Zürich\n12"})["found"] == []
    assert there(asker, [kept]) == [kept]


def test_what_is_asked_for_wrongly(live: LiveServer) -> None:
    asker = Asker(url=live.url)
    for body in (
        {},
        {"user": ""},
        {"user": "  "},
        {"user": "a", "session": "b"},
        {"user": "a", "logs": ["b"]},
        {"user": "x" * 2_000},
        {"logs": ["x"] * 10_001},
        {"text": "x"},
    ):
        asker.refused(400, "invalid", "POST", "erasures", body=body)
    asker.refused(400, "invalid", "POST", "erasures", "search", body={"text": ""})
    assert counts(asker.ask("POST", "erasures", body={"user": "nobody 😀 \\u0061"})) == {}
    assert (
        counts(asker.ask("POST", "erasures", body={"logs": ["log_none"], "executions": ["exe_none"]})) == {}
    )


def test_who_may(make_server: Any) -> None:
    live, _ = closed_server(make_server)
    editor = Asker(url=live.url, key=create_key(live.store, "editor")["api_key"])
    editor.refused(403, "forbidden", "POST", "erasures", body={"user": "a"})
    editor.refused(403, "forbidden", "POST", "erasures", "search", body={"text": "a"})
    editor.refused(403, "forbidden", "GET", "erasures")


def test_the_command(live: LiveServer) -> None:
    fill(live)
    at = ("--store", live.store)
    assert "Nothing was erased so far." in run("erase", "--list", *at).stdout
    would = run_json("erase", "--user", PERSON, "--dry-run", *at)
    assert (would["is_rehearsal"], len(would["logs"])) == (True, 37)
    refused = run("erase", "--text", TEXTS[0][:12], *at)
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    assert "user zqxperson" in refused.stdout
    one = run("erase", "--text", TEXTS[0][:12], "--yes", *at)
    assert one.returncode == 0, one.stderr
    assert "Erased: 1 flow logs, 1 judgments, 2 prompt logs." in one.stdout
    done = run("erase", "--user", PERSON, *at)
    assert "Erased: 11 flow logs, 11 judgments, 11 prompt logs." in done.stdout, done.stderr
    assert canaries(live) == []
    assert run("erase", "--list", *at).stdout.count("ers_") == 2
    for wrong in ((), ("--user", "a", "--session", "b"), ("--user", "a", "--list")):
        assert run("erase", *wrong, *at).returncode == 2


def test_the_command_on_a_store_that_no_server_runs_on(live: LiveServer) -> None:
    fill(live)
    live.stop()
    done = run("erase", "--user", PERSON, "--store", live.store)
    assert "Erased: 12 flow logs" in done.stdout, done.stderr
    assert canaries(live) == []
