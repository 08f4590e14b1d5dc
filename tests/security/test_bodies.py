"""Bodies made to harm: by every door that takes one, none is more than refused, and none takes long."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Mapping

import pytest
from tests.security.asking import Sent, ask, ask_all
from tests.security.conftest import Two
from tests.security.doors import as_bytes
from tests.security.references import path_values

pytestmark = pytest.mark.live
MOST_S = 2.0
"""So long one body may hold up a server on a machine that does much else."""
LEVELS = 20_000
HARMFUL: Mapping[str, bytes] = {
    "nothing": b"",
    "deep lists": b"[" * LEVELS + b"]" * LEVELS,
    "deep lists without an end": b"[" * LEVELS,
    "deep objects": b'{"a":' * LEVELS + b"1" + b"}" * LEVELS,
    "a deep member": b'{"path": "x", "metadata": ' + b"[" * LEVELS + b"]" * LEVELS + b"}",
    "many lists": b"[" + b"[]," * 10_000 + b"[]]",
    "many members": b"{" + b",".join(b'"m%d":0' % nth for nth in range(5_000)) + b"}",
    "a long number": b'{"path": ' + b"9" * 20_000 + b"}",
    "a large number": b'{"path": 1e400, "id": -1e400}',
    "many large numbers": b"[" + b"1e308," * 10_000 + b"1]",
    "no numbers": b'{"path": NaN, "id": Infinity}',
    "members twice": b'{"path": "a", "path": "b", "id": 1, "id": null}',
    "half a character": rb'{"path": "\ud800", "name": "\udfff", "id": "\ud800\ud800"}',
    "nul": rb'{"path": "a\u0000b", "name": "\u0000", "id": "\u0000", "user": "\u0000"}',
    "raw nul": b'{"path": "a\x00b"}',
    "no utf-8": b'{"path": "\xff\xfe\xc0\x80"}',
    "utf-16": '{"path": "a"}'.encode("utf-16"),
    "a mark": b'\xef\xbb\xbf{"path": "a"}',
    "a text": b'"text"',
    "null": b"null",
    "a long text": json.dumps({"path": "a" * 200_000, "name": "b" * 10_000}).encode(),
    "a long path": json.dumps({"path": "a/" * 10_000}).encode(),
    "many backslashes": b'{"path": "' + rb"\\" * 20_000 + b'"}',
    "binary": bytes(range(256)) * 100,
    "a form": b"--x\r\n" * 5_000,
    "spans": b"\x0a\xff\xff\xff\xff\x0f" + b"\x0a\x02" * 1000,
}


@pytest.mark.parametrize("name", HARMFUL)
def test_no_body_harms(two: Two, name: str) -> None:
    """As somebody who may do everything: whoever may not is refused before a body is looked at."""
    body, wrong = HARMFUL[name], []
    for door in two.doors:
        if door.body is None or door.is_open or door.name == "getArchive":
            continue
        kind = {"content-type": "application/json"} if door.api == "OtlpApi" else {}
        sent = Sent(
            method=door.method,
            target=door.path(**path_values(two.theirs, door)),
            headers={"x-api-key": two.theirs.keys["admin"], **kind},
            body=body,
        )
        began = time.process_time()
        answer = ask(two.running, sent)
        took_s = time.process_time() - began
        if answer.status >= 500 or took_s > MOST_S:
            wrong.append((door.name, answer.status, round(took_s, 1), answer.text[:100]))
    assert not wrong


def test_no_packed_body_unpacks_to_more_than_a_body_may_have(two: Two) -> None:
    """A few kilobytes that become a gigabyte: unpacked no further than the limit, or not at all."""
    bomb = gzip.compress(b" " * 17_000_000 + b"{}")
    inside = gzip.compress(bomb)
    packed = {"gzip": bomb, "x-gzip": bomb, "gzip, gzip": inside, "deflate": zlib.compress(b" " * 17_000_000)}
    packed |= {"br": bomb, "zstd": bomb, "compress": bomb}
    for door in two.doors:
        if door.body is None or door.is_open or door.method in ("GET", "DELETE"):
            continue
        headers = {"x-api-key": two.theirs.keys["admin"], "content-type": "application/json"}
        target = door.path(**path_values(two.theirs, door))
        sent = [
            Sent(
                method=door.method,
                target=target,
                headers={**headers, "content-encoding": encoding},
                body=body,
            )
            for encoding, body in packed.items()
        ]
        # What takes spans answers that it took none, as the original does.
        takes_body = door.api != "HumanloopApi" or door.row.body is not None
        for answer in ask_all(two.running, sent):
            assert (400 if takes_body else 200) <= answer.status < 500, (
                door.name,
                answer.status,
                answer.text[:200],
            )


def test_what_is_not_harmful_is_taken(two: Two) -> None:
    """The same doors take bodies that break no rule, so that the refusals above say something."""
    takes = 0
    for door in two.doors:
        if door.body is not None and not door.is_open and door.method in ("POST", "PUT"):
            sent = Sent(
                method=door.method,
                target=door.path(**path_values(two.theirs, door)),
                headers={"x-api-key": two.theirs.keys["admin"], "content-type": "application/json"},
                body=as_bytes(door.body) or b"",
            )
            takes += ask(two.running, sent).status < 300
    assert takes > 15
