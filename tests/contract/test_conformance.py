"""`headrace conformance` against servers that are right, that have one fault, and that are something else."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.contract.bedrock.things import send
from tests.contract.conftest import LiveServer
from tests.contract.keys import closed_server, run
from tests.contract.spoiling import Passing, Spoil, saying, spoiled
from tests.postgres import free_port

from headrace.conformance.catalogue import CHECKS

pytestmark = pytest.mark.live

WITHIN_S = 60
LOOK_EVERY_S = 0.01
LISTS = ("/flows/", "/prompts/", "/v5/files?size=100", "/v5/directories", "/v5/flows?size=100")


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = LiveServer(f"sqlite:///{tmp_path_factory.mktemp('open') / 'store.db'}").start()
    # The first prompt of the Bedrock API makes a directory that stays, for all that come after it.
    made = send(live.url, "POST", "/prompts/", {"name": "first"}).json()
    assert send(live.url, "DELETE", f"/prompts/{made['id']}/").status == 200
    yield live
    live.stop()


def probe(url: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What the command does."""
    return run("conformance", "--endpoint", url, *options, **environment)


def outcomes(url: str, *options: str, **environment: str) -> dict[str, str]:
    """What came of each check."""
    done = probe(url, "--json", *options, **environment)
    told = json.loads(done.stdout)
    assert told["not_removed"] == [], done.stderr
    return {one["id"]: one["outcome"] for one in told["checks"]}


def listed(server: LiveServer) -> list[Any]:
    """Everything that lists show."""
    answers = [
        send(server.url, "GET", path, headers={"x-api-key": "any", "authorization": "any"}) for path in LISTS
    ]
    assert [answer.status for answer in answers] == [200] * len(LISTS)
    return [answer.json() for answer in answers]


def ledgers_of(endpoint: str) -> list[Path]:
    """The ledgers of runs against this server. Those of others come and go meanwhile."""
    found = []
    for path in Path(tempfile.gettempdir()).glob("headrace-conf-*.jsonl"):
        with suppress(FileNotFoundError):
            if json.loads(path.read_text().partition("\n")[0] or "{}").get("endpoint") == endpoint:
                found.append(path)
    return found


# Against ourselves


def test_all_hold_with_keys(make_server: Any, tmp_path: Path) -> None:
    live, key = closed_server(make_server)
    junit = tmp_path / "junit.xml"
    done = probe(
        live.url,
        "--expect-auth",
        "--strict",
        "--junit",
        str(junit),
        AWS_ACCESS_KEY_ID=key["access_key_id"],
        AWS_SECRET_ACCESS_KEY=key["secret_access_key"],
        HUMANLOOP_API_KEY=key["api_key"],
    )
    assert done.returncode == 0, done.stdout
    skipped = int(done.stdout.rstrip().rpartition("; ")[2].split()[0])
    assert skipped <= 1, done.stdout  # there may be no second environment
    root = ElementTree.parse(junit).getroot()
    assert len(root.findall("testsuite/testcase")) == len(CHECKS)
    assert root.findall("testsuite/testcase/failure") == []


@pytest.mark.slow
def test_all_hold_in_open_mode_and_nothing_is_left(open_server: LiveServer) -> None:
    before = listed(open_server)
    got = outcomes(open_server.url)
    assert set(got) == {check.id for check in CHECKS}
    assert {name: one for name, one in got.items() if one not in ("passed", "skipped")} == {}
    assert {name.split(".")[1] for name, one in got.items() if one == "skipped"} <= {"auth", "environments"}
    assert listed(open_server) == before


def test_strangers_are_not_expected_in(open_server: LiveServer) -> None:
    got = outcomes(open_server.url, "--expect-auth", "--only", "*.auth.wrong-*")
    assert set(got.values()) == {"failed"}


# A check can fail: one fault in the server, and precisely these checks see it


def only(pattern: str, spoil: Callable[[Passing], Passing]) -> Spoil:
    """Spoil the answers to requests like this."""
    return lambda passing: spoil(passing) if re.fullmatch(pattern, passing.request) else passing


def with_status(was: int, status: int) -> Callable[[Passing], Passing]:
    return lambda passing: replace(passing, status=status) if passing.status == was else passing


def with_members(**members: Any) -> Callable[[Passing], Passing]:
    return lambda passing: passing.with_json(lambda value: {**value, **members})


def without(name: str) -> Callable[[Passing], Passing]:
    return lambda passing: passing.with_json(lambda value: {k: v for k, v in value.items() if k != name})


def reversed_list(key: str) -> Callable[[Passing], Passing]:
    return lambda passing: passing.with_json(
        lambda value: {**value, key: value[key][::-1]} if key in value else value
    )


FAULTS: dict[str, tuple[str, Spoil, set[str]]] = {
    "no request id": (
        "bedrock.protocol.*",
        lambda passing: passing.without("x-amzn-requestid"),
        {"request-id-on-success", "request-id-on-errors", "request-ids-differ"},
    ),
    "no error code": (
        "bedrock.get-flow.*",
        lambda passing: passing.without("x-amzn-errortype"),
        {"unknown", "included-data-enum"},
    ),
    "times with an offset": (
        "bedrock.protocol.times*",
        lambda passing: replace(passing, body=re.sub(rb'(\.\d{6})Z"', rb'\1+00:00"', passing.body)),
        {"times-are-in-utc", "times-have-microseconds"},
    ),
    "prepared says NotPrepared": (
        "bedrock.prepare-flow.*",
        only(r"POST /flows/\w{10}/", with_members(status="NotPrepared")),
        {"preparing"},
    ),
    "null in place of nothing": (
        "bedrock.create-flow.*",
        only("POST /flows/", with_members(customerEncryptionKeyArn=None)),
        {"status-and-members", "description-stays-absent"},
    ),
    "delete without content": (
        "bedrock.delete-flow.*",
        only("DELETE /flows/.*", with_status(200, 204)),
        {"answers-the-id", "is-gone", "forced", "versions-do-not-hold", "frees-its-name", "is-not-listed"},
    ),
    "oldest version first": (
        "bedrock.list-flow-versions.*",
        only(r"GET /flows/\w+/versions.*", reversed_list("flowVersionSummaries")),
        {"highest-first"},
    ),
    "a finding without details": (
        "bedrock.findings*.unreachable-node",
        only(
            "POST /flows/validate-definition",
            lambda passing: passing.with_json(
                lambda value: {"validations": [{**one, "details": {}} for one in value["validations"]]}
            ),
        ),
        {"unreachable-node"},
    ),
    "a broken checksum": (
        "bedrock.invoke-flow-stream.c*",
        only(
            r"POST /flows/\w+/aliases/\w+", lambda passing: replace(passing, body=passing.body[:-1] + b"\0")
        ),
        {"checksums", "completion"},
    ),
    "aliases that never move": (
        "bedrock.change-flow-alias.*",
        only(
            r"PUT /flows/\w+/aliases/\w+",
            lambda passing: passing.with_json(
                lambda value: {**value, "createdAt": "2020-01-01T00:00:00.000000Z"}
            ),
        ),
        {"update-replaces"},
    ),
    "an unknown member": (
        "bedrock.shapes.get-*",
        only(r"GET /flows/\w{10}/", with_members(surprise=1)),
        {"get-flow"},
    ),
    "created with 201": (
        "humanloop.version-identity.same-content",
        only("POST /v5/flows", with_status(200, 201)),
        {"same-content"},
    ),
    "detail as text": (
        "humanloop.protocol.err*",
        lambda passing: with_members(detail="no")(passing) if passing.status == 422 else passing,
        {"errors-of-schema", "error-in-a-query"},
    ),
    "a key left out": (
        "humanloop.protocol.*",
        only("POST /v5/flows", without("schema")),
        {"every-key-is-sent", "unknown-keys-are-ignored"},
    ),
    "no end of pages": (
        "humanloop.list.past-the-end",
        only("GET /v5/flows.*page=99999.*", with_status(200, 404)),
        {"past-the-end"},
    ),
    "a trace without children": (
        "humanloop.traces.r*",
        only("GET /v5/logs/.*", with_members(trace_children=None)),
        {"root", "read-as-a-tree"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen_by_the_checks_it_breaks(open_server: LiveServer, fault: str) -> None:
    pattern, spoil, named = FAULTS[fault]
    with spoiled(open_server.url, spoil) as url:
        got = outcomes(url, "--only", pattern)
    assert {name.rpartition(".")[2] for name, one in got.items() if one in ("failed", "differs")} == named


def test_a_proxy_that_changes_nothing_changes_nothing(open_server: LiveServer) -> None:
    with spoiled(open_server.url, lambda passing: passing) as url:
        got = outcomes(url, "--only", "bedrock.invoke-flow-stream.*", "--only", "humanloop.traces.*")
    assert set(got.values()) == {"passed"}


def test_a_failure_is_told_with_both_sides(open_server: LiveServer) -> None:
    spoil = only(r"POST /flows/\w{10}/", with_members(status="NotPrepared"))
    with spoiled(open_server.url, spoil) as url:
        done = probe(url, "--only", "bedrock.prepare-flow.preparing")
    assert done.returncode == 1
    for words in ("FAILED   bedrock.prepare-flow.preparing", "expected  Preparing", "got       NotPrepared"):
        assert words in done.stdout


def test_a_presumed_rule_fails_only_when_strict(open_server: LiveServer) -> None:
    spoil = only(r"GET /flows/\w+/versions.*", reversed_list("flowVersionSummaries"))
    with spoiled(open_server.url, spoil) as url:
        one = ("--only", "bedrock.list-flow-versions.highest-first")
        lenient, strict = probe(url, *one), probe(url, *one, "--strict")
    assert (lenient.returncode, strict.returncode) == (0, 1)
    assert "DIFFERS  bedrock.list-flow-versions.highest-first" in lenient.stdout


# Against something else


@contextmanager
def nonsense(status: int, body: bytes) -> Iterator[str]:
    """A server that says one thing. From it nothing can be removed, so the ledger would stay."""
    with saying(status, body) as url:
        yield url
    for path in ledgers_of(url):
        path.unlink()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"[]"),
        (200, b"null"),
        (200, b"{}"),
        (201, b'{"flowSummaries":[1],"records":[1],"id":2}'),
        (404, b"<html>"),
    ],
)
def test_nonsense_fails_every_check_and_nothing_breaks(status: int, body: bytes) -> None:
    with nonsense(status, body) as url:
        done = probe(url, "--json", "--timeout", "1", "--only", "*.c*", "--only", "*.shapes.*")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert len(told["checks"]) > 100
    assert "NameError" not in done.stdout
    assert "Traceback" not in done.stderr


def test_pages_that_never_end_end() -> None:
    with nonsense(200, b'{"flowSummaries":[],"nextToken":"more"}') as url:
        got = json.loads(probe(url, "--json", "--only", "bedrock.list-flows.last-page-has-no-token").stdout)
    assert [one["outcome"] for one in got["checks"]] == ["failed"]
    assert got["checks"][0]["what"] == "nextToken"


def test_moto_is_told_what_it_lacks() -> None:
    port = free_port()
    with subprocess.Popen(
        [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as moto:
        try:
            _wait_until(lambda: _answers(port))
            done = probe(f"http://127.0.0.1:{port}", "--api", "bedrock", "--only", "bedrock.tags.*", "--json")
        finally:
            moto.kill()
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["summary"].get("passed", 0) < len(told["checks"])
    assert "Traceback" not in done.stderr


# Stopped, and killed


def test_an_interrupt_leaves_nothing(open_server: LiveServer) -> None:
    before = listed(open_server)
    process, ledger = _begun(open_server)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 130
    assert "Removing what was made" in told
    assert "Traceback" not in told
    assert listed(open_server) == before
    assert not ledger.exists()


def test_what_a_killed_run_leaves_can_be_removed(open_server: LiveServer) -> None:
    before = listed(open_server)
    process, ledger = _begun(open_server)
    process.kill()
    process.communicate(timeout=WITHIN_S)
    assert listed(open_server) != before
    done = run("conformance", "--clean", str(ledger))
    assert (done.returncode, done.stdout) == (0, "Nothing is left.\n"), done.stderr
    assert listed(open_server) == before
    assert not ledger.exists()


def _begun(server: LiveServer) -> tuple[subprocess.Popen[str], Path]:
    """A run that has made things, and its ledger."""
    process = subprocess.Popen(
        [sys.executable, "-m", "headrace", "conformance", "--endpoint", server.url, "--parallel", "1"],
        env={name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    found: list[Path] = []

    def has_made() -> bool:
        found[:] = ledgers_of(server.url)
        return bool(found) and len(found[0].read_text().splitlines()) > 20

    _wait_until(has_made)
    return process, found[0]


def _wait_until(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < ends_at, "it took too long"
        time.sleep(LOOK_EVERY_S)


def _answers(port: int) -> bool:
    try:
        send(f"http://127.0.0.1:{port}", "GET", "/")
    except OSError:
        return False
    return True


# How it is called


def test_the_checks_are_listed() -> None:
    done = run("conformance", "--list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [check.id for check in CHECKS]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "--endpoint"),
        (("--endpoint", "nonsense"), 2, "nonsense"),
        (("--endpoint", "http://127.0.0.1:1"), 1, "No answer from http://127.0.0.1:1"),
        (("--endpoint", "http://127.0.0.1:1", "--only", "nothing"), 2, "No check matches"),
        (("--endpoint", "aws", "--api", "bedrock"), 2, "credentials"),
        (("--endpoint", "aws", "--api", "humanloop"), 2, "AWS does not speak"),
        (("--clean", __file__), 2, "no ledger"),
        (("--clean", "nowhere.jsonl"), 2, "No such file"),
    ],
)
def test_calls_that_can_t_be_answered(
    arguments: tuple[str, ...], status: int, words: str, tmp_path: Path
) -> None:
    nobody = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"), "AWS_EC2_METADATA_DISABLED": "true"}
    done = run("conformance", *arguments, **nobody)
    assert (done.returncode, words in done.stderr) == (status, True), done.stderr
    assert [path for word in arguments for path in ledgers_of(word)] == []
