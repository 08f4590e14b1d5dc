"""The server gets another key, and everything that is sealed goes with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests import stores
from tests.contract.conftest import LiveServer, boto_client
from tests.contract.keys import aws_pair, create_key, run, run_json
from tests.contract.native.asking import Asker

from headrace.vault import new_key

pytestmark = pytest.mark.live
CONFIG = '[models.providers.house]\ntype = "openai"\nurl = "http://127.0.0.1:9/v1"\n'


@pytest.fixture
def live(make_server: Any, tmp_path: Path) -> LiveServer:
    return begun(make_server, tmp_path)


def begun(make_server: Any, tmp_path: Path, **settings: str) -> LiveServer:
    """A server with a provider that can be given a key."""
    (tmp_path / "headrace.toml").write_text(CONFIG)
    server: LiveServer = make_server(
        config=str(tmp_path / "headrace.toml"), store=f"sqlite:///{tmp_path}/rekeyed.db", **settings
    )
    return server


def sealed(live: LiveServer, **environment: str) -> dict[str, Any]:
    """An admin's key, sealed for AWS; beside it a provider's is sealed, and a tool is there."""
    key: dict[str, Any] = run_json(
        "keys",
        "create",
        "--email",
        "ann@example.com",
        "--right",
        "admin",
        "--store",
        live.store,
        **environment,
    )
    Asker(url=live.url, key=key["api_key"]).ask(
        "PUT", "provider-keys", "house", body={"key": "a-provider-s-key"}
    )
    return key


def check_opened(live: LiveServer, key: dict[str, Any]) -> None:
    """What was sealed is of use: AWS's signatures are checked with it, and the provider's key is known."""
    assert boto_client(live.url, "bedrock-agent", **aws_pair(key)).list_flows()["flowSummaries"] == []
    (one,) = Asker(url=live.url, key=key["api_key"]).ask("GET", "provider-keys")["provider_keys"]
    assert one["last_four"] == "-key"


@stores.about_files
def test_everything_that_is_sealed_is_sealed_anew(live: LiveServer, tmp_path: Path) -> None:
    file = tmp_path / "rekeyed.db.key"
    key = sealed(live)
    client = live.humanloop(key["api_key"])
    client.tools.upsert(
        path="T", source_code="def f():\n    return 1\n", function={"name": "f", "description": ""}
    )
    before = file.read_text()
    refused = run("store", "rekey", "--store", live.store)
    assert (refused.returncode, "is open in process" in refused.stderr) == (1, True), "a server runs"
    live.stop()
    assert file.read_text() == before
    done = run("store", "rekey", "--store", live.store)
    assert "Sealed anew: 1 keys of providers, 1 secrets of AWS keys." in done.stdout, done.stderr
    after = file.read_text()
    assert after != before
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("*.next"))
    live.start()
    check_opened(live, key)


def test_everything_that_is_sealed_goes_with_a_key_that_is_configured(
    make_server: Any, tmp_path: Path
) -> None:
    """Also when it was done already, as it may have been where nobody heard how it ended."""
    old, new = {"HEADRACE_SECRET_KEY": new_key()}, {"HEADRACE_SECRET_KEY": new_key()}
    live = begun(make_server, tmp_path, secret_key=old["HEADRACE_SECRET_KEY"])
    key = sealed(live, **old)
    rekey = ("store", "rekey", "--new-key-env", "NEW", "--store", live.store)
    given = {**old, "NEW": new["HEADRACE_SECRET_KEY"]}
    refused = run(*rekey, **given)
    assert refused.returncode == 1, "a server runs"
    assert ("Stop these processes" if stores.IS_POSTGRES else "is open in process") in refused.stderr
    check_opened(live, key)
    live.stop()
    for _ in range(2):
        done = run(*rekey, **given)
        assert "Sealed anew: 1 keys of providers, 1 secrets of AWS keys." in done.stdout, done.stderr
    again = begun(make_server, tmp_path, secret_key=new["HEADRACE_SECRET_KEY"])
    check_opened(again, key)
    again.stop()
    lost = run(*rekey, **old, NEW=new_key())
    assert (lost.returncode, "Is it the right one?" in lost.stderr) == (1, True), lost.stderr


@stores.about_files
def test_an_attempt_that_broke_off_is_finished_by_the_next(live: LiveServer, tmp_path: Path) -> None:
    key, file = create_key(live.store), tmp_path / "rekeyed.db.key"
    live.stop()
    before = file.read_text()
    assert run("store", "rekey", "--store", live.store).returncode == 0
    (tmp_path / "rekeyed.db.key.next").write_text(file.read_text())
    file.write_text(before)  # as if the power had failed just before the file was renamed
    assert run("store", "rekey", "--store", live.store).returncode == 0
    live.start()
    assert boto_client(live.url, "bedrock-agent", **aws_pair(key)).list_flows()["flowSummaries"] == []


def test_a_key_that_is_configured(make_server: Any, tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    store = f"sqlite:///{tmp_path}/configured.db"
    live = make_server(store=store, secret_key=old)
    key = run_json(
        "keys", "create", "--email", "ann@example.com", "--store", live.store, HEADRACE_SECRET_KEY=old
    )
    live.stop()
    at = ("store", "rekey", "--store", live.store)
    assert "present key" in run(*at, "--new-key-env", "NEW", HEADRACE_SECRET_KEY=new_key(), NEW=new).stderr
    assert run(*at, HEADRACE_SECRET_KEY=old).returncode == 2
    assert run(*at, "--new-key-env", "NEW", HEADRACE_SECRET_KEY=old).returncode == 2
    assert run(*at, "--new-key-env", "NEW", HEADRACE_SECRET_KEY=old, NEW="short").returncode == 1
    done = run(*at, "--new-key-env", "NEW", HEADRACE_SECRET_KEY=old, NEW=new)
    assert "Start all servers with the new HEADRACE_SECRET_KEY." in done.stdout, done.stderr
    again = make_server(store=store, secret_key=new)
    assert boto_client(again.url, "bedrock-agent", **aws_pair(key)).list_flows()["flowSummaries"] == []
