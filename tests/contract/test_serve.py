"""The process: how it starts, what it says, how it ends."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.contract.bedrock.conformance import REQUEST_ID, checked_client
from tests.contract.bedrock.things import ROLE, definition, new_name, send
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.tracing import until
from tests.contract.keys import run, run_json
from tests.stores import about_files, about_memory

from headrace import __version__
from headrace.cli import main

# The command line


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "headrace serve"),
        ("serve", "--tls-certificate"),
        ("keys", "create"),
        ("keys create", "--email"),
        ("keys list", "--json"),
        ("keys revoke", "KEY_ID"),
        ("settings", "HEADRACE_PORT=9000"),
    ],
)
def test_help_of_every_command(command: str, words: str) -> None:
    done = CliRunner().invoke(main, [*command.split(), "--help"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert words in done.stdout


def test_the_version() -> None:
    assert run("--version").stdout == f"headrace, version {__version__}\n"


def test_the_settings_as_they_would_be_used() -> None:
    rows = {
        row["variable"]: row
        for row in run_json("settings", HEADRACE_PORT="9000", HEADRACE_SECRET_KEY="very secret")
    }
    assert (rows["HEADRACE_PORT"]["value"], rows["HEADRACE_PORT"]["default"]) == (9000, 8321)
    assert rows["HEADRACE_SECRET_KEY"]["value"] == "(set)"
    assert all(row["help"] for row in rows.values())
    shown = run("settings", HEADRACE_SECRET_KEY="very secret").stdout
    assert "very secret" not in shown
    assert all(f"{variable}=" in shown for variable in rows)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PROT", "1", "There is no setting HEADRACE_PROT. Did you mean HEADRACE_PORT?"),
        ("PORT", "http", "HEADRACE_PORT must be a whole number, not 'http'"),
        ("PORT", "70000", "HEADRACE_PORT must be 0 to 65535, not 70000"),
        ("STRICT_LIMITS", "maybe", "HEADRACE_STRICT_LIMITS must be true or false"),
        ("ACCOUNT", "42", "HEADRACE_ACCOUNT must be twelve digits, not '42'"),
        ("MAX_BODY", "-1", "HEADRACE_MAX_BODY must be 0 or more"),
        ("RATE_LIMIT", "nan", "HEADRACE_RATE_LIMIT must be 0 or more"),
        ("TLS_KEY", "key.pem", "TLS needs both"),
    ],
)
def test_a_bad_setting_is_named(variable: str, value: str, words: str) -> None:
    done = CliRunner(env={f"HEADRACE_{variable}": value}).invoke(main, ["serve", "--store", "memory:"])
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("environment", "options", "words"),
    [
        ({"HEADRACE_PROT": "1"}, (), "Did you mean HEADRACE_PORT?"),
        ({"HEADRACE_SECRET_KEY": "short"}, (), "HEADRACE_SECRET_KEY must be the URL-safe base64"),
        (
            {},
            ("--store", "mongodb://x"),
            "'mongodb://x' is no path of a file and does not begin with one of `memory:`,",
        ),
        ({}, ("--store", "/nowhere/at/all.db"), "there is no directory /nowhere/at"),
        ({}, ("--store", "/etc/passwd/s.db"), "there is no directory /etc/passwd"),
        ({}, ("--store", "/tmp"), "/tmp is a directory"),
        ({}, ("--store", "sqlite:/tmp/s.db"), "names no file"),
        ({}, ("--tls-certificate", "/no/chain.pem", "--tls-key", "/no/key.pem"), "/no/chain.pem"),
        ({}, ("--host", "192.0.2.1"), "Refusing to listen on 192.0.2.1"),
    ],
)
def test_what_can_not_be_used_is_named(
    environment: dict[str, str], options: tuple[str, ...], words: str
) -> None:
    done = run("serve", "--store", "memory:", "--port", "0", *options, **environment)
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "not.pem"
    file.write_text("not a certificate")
    done = run("serve", "--store", "memory:", "--tls-certificate", str(file), "--tls-key", str(file))
    assert done.returncode == 1
    assert "are not a certificate chain and its private key in PEM form" in done.stderr


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("serve", "--store", "memory:", "--port", str(port))
    assert done.returncode == 1
    assert f"Can't listen on 127.0.0.1 port {port}" in done.stderr
    assert "--port" in done.stderr


@about_files
def test_a_second_server_on_one_store(server: LiveServer) -> None:
    done = run("serve", "--port", "0", "--store", server.store)
    assert done.returncode == 1
    assert server.process is not None
    for words in (f"process {server.process.pid}", server.url, "stop it first"):
        assert words in done.stderr
    assert httpx.get(f"{server.url}/readyz").status_code == 200, "the first one does not mind"


@pytest.mark.parametrize("room_bytes", [1_000, 150_000])
@about_files
def test_a_disk_that_is_full_from_the_start(tmp_path: Path, room_bytes: int) -> None:
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room_bytes}, {room_bytes})); "
    start = "from headrace.cli import main; main()"
    store = tmp_path / "full.db"
    done = subprocess.run(
        [sys.executable, "-c", limit + start, "serve", "--port", "0", "--store", f"sqlite:///{store}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert f"{store} can't be opened as a store: " in done.stderr
    assert run("keys", "list", "--store", f"sqlite:///{store}").returncode == 0, "with room it can"


# Start and end


def test_the_first_line_says_where(make_server: Any) -> None:
    live = make_server(store="memory:")
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9][0-9]{3,4}", live.url)
    assert httpx.get(f"{live.url}/healthz").json() == {"status": "ok", "version": __version__}
    ready = {"status": "ready", "version": __version__, "waiting_jobs": 0}
    assert httpx.get(f"{live.url}/readyz").json() == ready
    assert httpx.head(f"{live.url}/healthz").content == b""
    assert httpx.get(f"{live.url}/console/nothing").status_code == 404


def test_the_web_ui_is_shown_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, shown = tmp_path / "browser", tmp_path / "shown"
    browser.write_text(f'#!/bin/sh\necho "$1" > {shown}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    live = LiveServer(store="memory:", is_forked=False).start("--open")
    try:
        until(lambda: shown.exists() and shown.read_text() == f"{live.url}\n")
    finally:
        assert live.stop() == 0


def test_what_was_written_is_there_after_a_restart(make_server: Any) -> None:
    live = make_server()
    client = checked_client(live.url)
    flow = client.create_flow(name="lasting", executionRoleArn=ROLE, definition=definition())["id"]
    client.prepare_flow(flowIdentifier=flow)
    made = client.create_flow_version(flowIdentifier=flow)
    client.create_flow(name="another", executionRoleArn=ROLE)
    token = client.list_flows(maxResults=1)["nextToken"]
    assert live.stop() == 0
    client = checked_client(live.start().url)
    again = client.get_flow_version(flowIdentifier=flow, flowVersion="1")
    assert (again["definition"], again["createdAt"]) == (made["definition"], made["createdAt"])
    assert client.list_flows(nextToken=token)["flowSummaries"][0]["id"] == flow


@about_memory
def test_a_store_in_memory_forgets(make_server: Any) -> None:
    live = make_server(store="memory:")
    checked_client(live.url).create_flow(name="passing", executionRoleArn=ROLE)
    live.stop()
    assert checked_client(live.start().url).list_flows()["flowSummaries"] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_open_request(make_server: Any, number: signal.Signals) -> None:
    """The server has a request's head when the signal comes; the body comes later and is still answered."""
    live = make_server(store="memory:")
    body = json.dumps({"name": new_name(), "executionRoleArn": ROLE}).encode()
    host, port = live.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = f"POST /flows/ HTTP/1.1\r\nhost: {host}\r\nauthorization: any\r\n"
        expecting = head + f"content-length: {len(body)}\r\nexpect: 100-continue\r\n\r\n"
        connection.sendall(expecting.encode())
        # Uvicorn says so when the application asks for the body: now the request is being carried out.
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
        assert live.process is not None
        live.process.send_signal(number)
        _wait_until_refused(host, int(port))
        connection.sendall(body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 201 "), answer
    assert live.process.wait(timeout=20) == 0


def _wait_until_refused(host: str, port: int) -> None:
    """Until nobody listens there any more."""
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while datetime.now(UTC) < deadline:
        try:
            socket.create_connection((host, port), timeout=5).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:  # it was in the queue of the listener when that was closed
            continue
    raise AssertionError("the server goes on listening")


def test_an_idle_connection_does_not_hold_it_up(make_server: Any) -> None:
    live = make_server(store="memory:")
    with httpx.Client(base_url=live.url) as client:
        assert client.get("/healthz").status_code == 200
        assert live.stop() == 0


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-made certificate of 127.0.0.1, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "headrace test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain_file, key_file = folder / "chain.pem", folder / "key.pem"
    chain_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return chain_file, key_file


def test_tls(make_server: Any, certificate: tuple[Path, Path]) -> None:
    chain, key = map(str, certificate)
    live = make_server("--tls-certificate", chain, "--tls-key", key, shutdown_timeout="60")
    assert live.url.startswith("https://127.0.0.1:")
    client = checked_client(live.url, verify=chain)
    made = client.create_flow(name="over-tls", executionRoleArn=ROLE)
    assert client.get_flow(flowIdentifier=made["arn"])["name"] == "over-tls"
    issued = run("keys", "create", "--email", "ann@example.com", "--store", live.store)
    assert issued.returncode == 0, "the command line trusts the server that it finds beside the store"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{live.url}/healthz")
    assert live.stop() == 0, "and the client, whose connection is idle, does not hold it up"


# The log


def test_the_log_in_json(make_server: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as file:
        live = make_server("--log-format", "json", store="memory:", log_requests="true", stderr=file)
        answers = [
            send(live.url, "GET", "/flows/ABCDEFGHIJ/"),
            send(live.url, "GET", "/v5/flows", headers={"x-api-key": "any"}),
            send(live.url, "GET", "/healthz"),
        ]
        live.stop()
    lines = list(_json_lines(log.read_text()))
    for answer, message in zip(
        answers, ["GET /flows/ABCDEFGHIJ/ 404", "GET /v5/flows 200", "GET /healthz 200"], strict=True
    ):
        [line] = [line for line in lines if line.get("request_id") == answer.headers["x-request-id"]]
        assert REQUEST_ID.fullmatch(line["request_id"])
        assert (line["message"], line["level"], line["status"]) == (message, "info", answer.status)
        assert line["duration_ms"] > 0
        assert line["time"].endswith("Z")
    assert answers[0].headers["x-amzn-requestid"] == answers[0].headers["x-request-id"]


def _json_lines(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def test_nothing_is_logged_of_what_goes_well(make_server: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as file:
        live = make_server(store="memory:", stderr=file)
        assert send(live.url, "GET", "/flows/").status == 200
        assert send(live.url, "GET", "/flows/ABCDEFGHIJ/").status == 404
        live.stop()
    [line] = [one for one in log.read_text().splitlines() if " info the store is in " not in one]
    assert line.startswith("No keys are configured: any credentials are accepted, from this machine only.")
