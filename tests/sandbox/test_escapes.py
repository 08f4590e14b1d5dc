"""Nothing gets out."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys

import pytest
from tests.sandbox.box import Box
from tests.sandbox.conftest import TIGHT
from tests.sandbox.corpus import ATTEMPTS, ESCAPED, SECRET, Attempt

from headrace.backends.sandbox.failures import CodeFailed

HELP = """
import os
def is_open(file):
    try:
        os.fstat(file)
    except OSError:
        return False
    return True
"""
SLIPS = ("SyntaxError", "NameError", "AttributeError", "IndentationError", "TypeError")
OUTSIDE = """
import sys
from headrace.backends.sandbox.jail import program
print(program.last_value(program.parse(sys.argv[1]), {"LEFT_OPEN": sys.argv[2]}))
"""


@pytest.fixture(autouse=True)
def _machine(request: pytest.FixtureRequest) -> None:
    attempt: Attempt | None = (
        getattr(request.node, "callspec", None) and request.node.callspec.params["attempt"]
    )
    if attempt and attempt.is_native and platform.machine() != "x86_64":
        pytest.skip(f"NOT TRIED: the numbers of system calls are those of x86_64, not {platform.machine()}")


def test_the_corpus_is_large() -> None:
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS) >= 60


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda one: one.name)
def test_no_attempt_works(box: Box, left_open: int, attempt: Attempt) -> None:
    outcome = box.outcome(HELP + attempt.code, LEFT_OPEN=left_open)
    assert outcome != ESCAPED
    # It has to fail by what it tries, and not by a slip in how it is written.
    assert not str(outcome).startswith(SLIPS)


@pytest.mark.parametrize("attempt", [one for one in ATTEMPTS if one.works_outside], ids=lambda one: one.name)
def test_the_harmless_ones_work_without_the_sandbox(attempt: Attempt, left_open: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OUTSIDE, HELP + attempt.code, str(left_open)],
        env={SECRET: "secret", "PATH": os.defpath},
        pass_fds=(left_open,),
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
    )
    assert ESCAPED in done.stdout, done.stderr


@pytest.mark.skipif(not shutil.which("bwrap"), reason="NOT TESTED: bubblewrap (bwrap) is not installed")
def test_no_attempt_works_in_bubblewrap_either(left_open: int) -> None:
    natives = platform.machine() == "x86_64"
    with Box(TIGHT, bwrap="bwrap") as box:
        for attempt in ATTEMPTS:
            if natives or not attempt.is_native:
                assert box.outcome(HELP + attempt.code, LEFT_OPEN=left_open) != ESCAPED, attempt.name


def test_calls_leave_nothing_to_each_other(box: Box) -> None:
    assert box.run("import builtins, json\nbuiltins.left = json.left = 'here'\nleft") == "here"
    assert box.run("import json\n[hasattr(__builtins__, 'left'), hasattr(json, 'left')]") == [False, False]


def test_calls_do_not_share_their_luck(box: Box) -> None:
    code = "import random, uuid\n[random.random(), str(uuid.uuid4())]"
    first, second = box.run(code), box.run(code)
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_code_is_nobody(box: Box) -> None:
    expected = 65_534 if os.geteuid() == 0 else os.geteuid()
    assert box.run("import os\n[os.getuid(), os.geteuid()]") == [expected, expected]


def test_the_way_back_is_no_way_out(box: Box) -> None:
    """The frames below the code belong to the sandbox, and are its to change; the server is not impressed."""
    forged = b'{"error": null, "stdout": "", "value": {"forged": 1}}garbage'
    code = f"import os\nos.write(3, {forged!r})\nos._exit(0)"
    with pytest.raises(CodeFailed, match="without a result"):
        box.run(code)
