"""HTTP as it is: paths as they are written, connections that are gone, servers that say nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from headrace.conformance.checks import Differs
from headrace.conformance.wire import NoAnswer, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Any: y\r\n\r\n{}"
WITHIN_S = 60


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers, each on a connection that it closes then; and what it was sent."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            connection.settimeout(WITHIN_S)
            heard.append(connection.recv(65536))
            connection.sendall(answer)
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/base", heard
    thread.join(WITHIN_S)
    listener.close()


def test_a_path_is_sent_as_it_is_written() -> None:
    with answering(OK) as (url, heard):
        wire = Wire(url, timeout_s=WITHIN_S)
        answer = wire.send("GET", "/flows//a%2Fb/?x=%20", headers={"X-API-KEY": "k"})
        wire.close()
    assert heard[0].startswith(b"GET /base/flows//a%2Fb/?x=%20 HTTP/1.1\r\n")
    assert heard[0].count(b"Host:") == 1
    assert (answer.status, answer.headers["x-any"], answer.json()) == (200, "y", {})


def test_a_connection_that_is_gone_is_opened_anew() -> None:
    with answering(OK, OK) as (url, heard):
        wire = Wire(url, timeout_s=WITHIN_S)
        for _ in range(2):
            assert wire.send("GET", "/", headers={}).status == 200
        wire.close()
    assert len(heard) == 2


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"SSH-2.0-x\r\n"])
def test_no_answer_is_told(answer: bytes) -> None:
    with answering(answer) as (url, heard):
        wire = Wire(url, timeout_s=WITHIN_S)
        with pytest.raises(NoAnswer, match="GET /x"):
            wire.send("GET", "/x", headers={})
        wire.close()
    assert len(heard) == 1, "what may have been done is not sent twice"


def test_silence_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = Wire(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=0.05)
        with pytest.raises(NoAnswer, match="imeout"):
            wire.send("GET", "/", headers={})
        wire.close()


def test_a_body_that_is_no_json_differs() -> None:
    with answering(OK.replace(b"{}", b"<>")) as (url, _):
        wire = Wire(url, timeout_s=WITHIN_S)
        with pytest.raises(Differs, match="JSON"):
            wire.send("GET", "/", headers={}).json()
        wire.close()


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://host", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        Wire(url, timeout_s=1)
