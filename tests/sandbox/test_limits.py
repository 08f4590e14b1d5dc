"""What takes too much is stopped, by the limit that it goes over, and nobody else notices."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.box import Box, context

from headrace.backends.sandbox.failures import CodeFailed

pytestmark = pytest.mark.slow

ENDED_WITHIN_S = 60
MOST_PAUSE_S = 10.0
"""How long the server may stand still beside code that does its worst, on a busy machine with two cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greed:
    """Code that takes too much, and how its failure begins."""

    name: str
    code: str
    ends: tuple[str, ...]


CPU = ("The code used more than 1 s of processor time.", "The code ran for longer than 2.5 s.")
"""On a busy machine a second of the processor may take longer than the time there is."""
WALL = ("The code ran for longer than 2.5 s.",)
MEMORY = ("MemoryError",)
LARGE = ("The result is larger than 65536 bytes.",)
NOTHING = ("The code's process ended without a result",)
SLOW_ERROR = """
class E(Exception):
    def __str__(self):
        while True: pass
raise E
"""
DEAF = """
import signal
for one in range(1, 65):
    try: signal.signal(one, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
"""
STUBBORN = """
def again():
    try:
        while True: pass
    finally:
        again()
again()
"""
NUMBERS_ERROR = """
class N(int):
    def __repr__(self): raise SystemExit('no')
    __str__ = __index__ = __repr__
class D(dict):
    def items(self): raise KeyboardInterrupt
D(a=N())
"""

GREED = (
    Greed(name="an endless loop", code="while True: pass", ends=CPU),
    Greed(name="a loop that catches everything", code=STUBBORN, ends=(*CPU, "RecursionError", "MemoryError", "The code's process was ended by")),
    Greed(name="a loop that hears no signal", code=DEAF, ends=CPU),
    Greed(name="a slow regular expression", code="import re\nre.match('(a+)+$', 'a' * 40 + 'b')", ends=CPU),
    Greed(name="a huge power", code="9 ** 9 ** 9", ends=(*CPU, *MEMORY)),
    Greed(name="a huge sum", code="sum(range(10 ** 15))", ends=CPU),
    Greed(name="an endless error text", code=SLOW_ERROR, ends=CPU),
    Greed(name="sleep", code="import time\ntime.sleep(1000)", ends=WALL),
    Greed(name="a lock that is never freed", code="import threading\nl = threading.Lock()\nl.acquire()\nl.acquire()", ends=WALL),
    Greed(name="reading from the server", code="import os\nos.read(3, 1) or __import__('time').sleep(1000)", ends=WALL),
    Greed(name="many bytes", code="bytearray(10 ** 11)", ends=MEMORY),
    Greed(name="growing list", code="x = [0]\nwhile True: x += x", ends=MEMORY),
    Greed(name="growing text", code="x = 'x'\nwhile True: x += x", ends=MEMORY),
    Greed(name="many objects", code="x = []\nwhile True: x.append({1: []})", ends=(*MEMORY, *CPU)),
    Greed(name="mapped memory", code="import mmap\n[mmap.mmap(-1, 1 << 24) for _ in range(99)]", ends=("OSError: [Errno 12]", *MEMORY)),
    Greed(name="a zip bomb", code="import zlib\nx = zlib.compress(bytes(1 << 25))\n[zlib.decompress(x) for _ in range(99)]", ends=(*MEMORY, *CPU)),
    Greed(name="a large result", code="'x' * 70_000", ends=LARGE),
    Greed(name="a large list", code="list(range(10 ** 5))", ends=LARGE),
    Greed(name="a result in large characters", code="'\\U0001f600' * 20_000", ends=LARGE),
    Greed(name="a flood of the result", code="import os\nwhile True: os.write(3, b'x' * 65536)", ends=LARGE),
    Greed(name="a flood of standard output", code="import os\nwhile True: os.write(1, b'x' * 65536)", ends=CPU),
    Greed(name="a flood of errors", code="import os\nwhile True: os.write(2, b'x' * 65536)", ends=CPU),
    Greed(name="endless print", code="while True: print('x' * 1000)", ends=CPU),
    Greed(name="a huge number as text", code="str(10 ** 10 ** 5)", ends=("ValueError: Exceeds the limit",)),
    Greed(name="a huge number as the result", code="10 ** 5000", ends=("ValueError: Exceeds the limit",)),
    Greed(name="recursion", code="def f(): f()\nf()", ends=("RecursionError",)),
    Greed(name="recursion without its limit", code="import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(x): f([x].__iter__())\nclass A:\n  def __repr__(s): return repr(s)\nrepr(A())", ends=("The code's process was ended by SIGSEGV", *MEMORY, "RecursionError")),
    Greed(name="a deep result", code="x = []\nfor _ in range(10 ** 5): x = [x]\nx", ends=("RecursionError",)),
    Greed(name="a result that holds itself", code="x = []\nx.append(x)\nx", ends=("ValueError: Circular reference",)),
    Greed(name="a fork bomb", code="import os\nwhile True: os.fork()", ends=("PermissionError",)),
    Greed(name="a stubborn fork bomb", code="import os\nwhile True:\n  try: os.fork()\n  except OSError: pass", ends=CPU),
    Greed(name="a bomb of threads", code="import threading as t\nwhile True: t.Thread(target=print).start()", ends=("RuntimeError: can't start new thread",)),
    Greed(name="exit", code="import sys\nsys.exit(3)", ends=("SystemExit: 3",)),
    Greed(name="abrupt exit", code="import os\nos._exit(0)", ends=NOTHING),
    Greed(name="abort", code="import os\nos.abort()", ends=("The code's process was ended by SIG",)),
    Greed(name="closing everything", code="import os\nos.closerange(0, 99)\n1", ends=NOTHING),
    Greed(name="half a reply", code="import os\nos.write(3, b'{\"value\": 1')\nos._exit(0)", ends=NOTHING),
    Greed(name="a deep reply", code="import os\nos.write(3, b'{\"value\": ' + b'[' * 60_000)\nos._exit(0)", ends=NOTHING),
    Greed(name="a reply of the wrong kind", code="import os\nos.write(3, b'{\"value\": 1, \"error\": 2, \"stdout\": 3}')\nos._exit(0)", ends=NOTHING),
    Greed(name="at exit", code="import atexit\natexit.register(print)\n@atexit.register\ndef f():\n  while True: pass\n{1}", ends=("TypeError: Object of type set",)),
    Greed(name="what can't be encoded", code=NUMBERS_ERROR, ends=("KeyboardInterrupt", "SystemExit: no")),
    Greed(name="an error from nowhere", code="raise type('E', (BaseException,), {'__str__': lambda s: 1 / 0})", ends=("E: <its text can't be shown>",)),
    Greed(name="a huge error", code="raise ValueError('x' * 10 ** 7)", ends=("ValueError: xxx", *LARGE)),
    Greed(name="too much code", code="#" * 300_000, ends=("The code is larger than 262144 bytes.",)),
    Greed(name="deep code", code="(" * 50_000, ends=("SyntaxError", "MemoryError", "RecursionError")),
    Greed(name="deep code that parses", code="-" * 90_000 + "1", ends=("RecursionError", "MemoryError", "SyntaxError", "The code's process was ended by SIGSEGV")),
)  # fmt: skip


@pytest.mark.parametrize("greed", GREED, ids=lambda one: one.name)
def test_it_is_stopped_and_the_server_lives_on(pulse: Any, greed: Greed) -> None:
    started = time.monotonic()
    outcome, longest_pause_s = pulse(greed.code)
    assert isinstance(outcome, CodeFailed), outcome
    assert outcome.message.startswith(greed.ends)
    assert len(outcome.message) < 70_000
    assert longest_pause_s < MOST_PAUSE_S
    assert time.monotonic() - started < ENDED_WITHIN_S


def test_afterwards_it_still_counts(limited: Box) -> None:
    assert limited.run("x + 1", x=1) == 2


def test_no_more_run_at_once_than_allowed(limited: Box) -> None:
    """Each says when it began and ended; at no time are there more than two."""
    code = "import time\nstart = time.monotonic()\ntime.sleep(0.3)\n[start, time.monotonic()]"

    async def six() -> list[Any]:
        return await asyncio.gather(*(limited.sandbox.run(code, {}, context()) for _ in range(6)))

    spans = limited.wait(six())
    assert len(spans) == 6
    assert max(sum(begin <= at < end for begin, end in spans) for at, _ in spans) <= 2


def test_who_waits_too_long_for_a_place_is_told(limited: Box) -> None:
    async def three() -> list[Any]:
        long = [limited.sandbox.run("import time\ntime.sleep(1)", {}, context()) for _ in range(2)]
        late = limited.sandbox.run("1", {}, context(timeout_s=0.2))
        return await asyncio.gather(*long, late, return_exceptions=True)

    *long, late = limited.wait(three())
    assert long == [None, None]
    assert isinstance(late, CodeFailed)
    assert (late.message, late.fault) == (
        "The code was not run: 2 others were running for 0.2 s.",
        "throttled",
    )


def test_the_callers_deadline_may_be_nearer(limited: Box) -> None:
    with pytest.raises(CodeFailed, match=r"longer than 0\.\d+ s"):
        limited.wait(limited.sandbox.run("import time\ntime.sleep(9)", {}, context(timeout_s=0.3)))


def test_a_call_that_nobody_waits_for_is_killed_and_its_place_is_free(limited: Box) -> None:
    async def cancelled() -> None:
        tasks = [
            asyncio.create_task(limited.sandbox.run("while True: pass", {}, context())) for _ in range(2)
        ]
        await asyncio.sleep(0.3)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert await limited.sandbox.run("1", {}, context(timeout_s=2)) == 1

    limited.wait(cancelled())
    assert limited.wait(_becomes(lambda: len(_calls(limited)) <= 1))


def test_nothing_is_left_behind(limited: Box) -> None:
    """Besides the fork server there is at most the process that waits for the next call, and no zombie."""
    for _ in range(5):
        limited.run("1")
    assert limited.wait(_becomes(lambda: len(_calls(limited)) <= 1))


def test_files_are_given_back(limited: Box) -> None:
    limited.run("1")
    before = _open_files()
    for code in ("1", "1/0", "import os\nos._exit(1)"):
        limited.outcome(code)
    assert limited.wait(_becomes(lambda: _open_files() <= before))


def _calls(box: Box) -> list[str]:
    """The processes that the fork server has."""
    server = box.sandbox.server
    assert server is not None
    return Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def _becomes(condition: Any) -> bool:
    """Whether it is true within half a minute."""
    for _ in range(3000):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False
