"""What others wrote is letters in a terminal, and nothing that it carries out."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from tests.contract.conftest import NO_CERTIFICATES, LiveServer
from tests.contract.keys import create_key

from headrace.cli.terminal import harmless

HARMFUL = {
    "\x1b]0;title\x07": r"\x1b]0;title\x07",
    "\x1b]52;c;ZXZpbA==\x07": r"\x1b]52;c;ZXZpbA==\x07",
    "\x1b]8;;http://evil.example\x1b\\text": r"\x1b]8;;http://evil.example\x1b\text",
    "\x1bP1;1|evil\x1b\\": r"\x1bP1;1|evil\x1b" + "\\",
    "\x1b[6n": r"\x1b[6n",
    "\x1b[2;1H": r"\x1b[2;1H",
    "\x1b[?1049h": r"\x1b[?1049h",
    "\x1bc": r"\x1bc",
    "\x9b31m": r"\x9b31m",
    "\x08\x08\x08": r"\x08\x08\x08",
    "\x7f": r"\x7f",
    "\u202etxt.exe": r"\u202etxt.exe",
    "\u2066a\u2069": r"\u2066a\u2069",
    "\ud800": r"\ud800",
}
WITHIN_S = 60


@pytest.mark.parametrize("text", HARMFUL)
def test_what_a_terminal_would_carry_out_is_spelled_out(text: str) -> None:
    assert harmless(f"a{text}b") == f"a{HARMFUL[text]}b"


@pytest.mark.parametrize(
    "text",
    ["plain", "ünï ✓ 日本 👩‍👩‍👧", "two\nlines\ttab\r", "\x1b[32mgreen\x1b[0m", "\x1b[3A\x1b[J\r\x1b[K"],
)
def test_letters_and_our_own_sequences_are_as_they_are(text: str) -> None:
    assert harmless(text) == text


def _in_a_terminal(*arguments: str, **environment: str) -> bytes:
    """What a command sends to a terminal."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        try:
            while part := os.read(ours, 65536):
                shown.append(part)
        except OSError:  # Linux says so when nobody has the other end any more
            return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        subprocess.run(
            [sys.executable, "-m", "headrace", *arguments],
            env={**clean, "PYTHONUTF8": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            timeout=WITHIN_S,
            check=False,
        )
    finally:
        os.close(theirs)
        reader.join(WITHIN_S)
        os.close(ours)
    return b"".join(shown)


@pytest.mark.live
def test_commands_show_others_texts_without_carrying_them_out(tmp_path: Path) -> None:
    """A key's name, and a refusal that repeats what was asked for; a file or a pipe gets them as they are."""
    store = f"sqlite:///{tmp_path}/headrace.db"
    key = create_key(store)
    live = LiveServer(store=store).start()
    there = {"HEADRACE_URL": live.url, "HEADRACE_API_KEY": key["api_key"]}
    named = {"email": "a@example.com", "name": "a name \x1b]0;pwned\x07\x1b[2J"}
    try:
        made = httpx.post(
            f"{live.url}/console/keys",
            json=named,
            headers={"x-api-key": key["api_key"]},
            verify=NO_CERTIFICATES,
        )
        assert made.status_code == 201
        shown = _in_a_terminal("keys", "list", **there)
        refused = _in_a_terminal("keys", "revoke", "key_\x1b]0;pwned\x07", **there)
    finally:
        live.stop()
    assert rb"a name \x1b]0;pwned\x07\x1b[2J" in shown
    assert b"not found" in refused
    for text in (shown, refused):
        assert b"\x1b]" not in text
        assert b"\x07" not in text
