"""A sandbox with tight limits, and an event loop of its own to call it from."""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from tests.sandbox.box import Box, context
from tests.sandbox.corpus import SECRET

from headrace.backends.sandbox.jail.server import missing_features
from headrace.backends.sandbox.limits import SandboxLimits

TIGHT = SandboxLimits(
    cpu_s=1, memory_mib=64, wall_s=2.5, output_bytes=64 * 1024, code_bytes=256 * 1024, concurrent=2
)


TOO_LONG = "The code ran for longer than 2.5 s"
CANARIES: dict[str, tuple[str, ...]] = {
    "len(bytearray(80 * 1024 * 1024))": ("MemoryError",),
    # On a busy machine a second of the processor may take longer than the time there is.
    "import time\nstart = time.time()\nwhile time.time() < start + 5: pass": (
        "The code used more than 1 s",
        TOO_LONG,
    ),
    "import time\ntime.sleep(3.5)": (TOO_LONG,),
    "import os\nif os.fork() == 0: os._exit(0)": ("PermissionError",),
}
"""Code that would end by itself, and what has to become of it."""


@pytest.fixture(scope="session", autouse=True)
def _kernel() -> None:
    """Without its locks there is nothing to test but that the sandbox refuses, which the unit tests do."""
    missing = missing_features(platform.machine())
    if missing:
        pytest.skip(f"THE SANDBOX IS NOT TESTED HERE: this kernel lacks {', '.join(missing)}.")


@pytest.fixture(scope="session")
def left_open(_kernel: None) -> Iterator[int]:
    """A file with a secret that the server has open and lets its children inherit."""
    with tempfile.TemporaryFile() as file:
        file.write(b"secret")
        file.flush()
        os.set_inheritable(file.fileno(), True)
        yield file.fileno()


@pytest.fixture(scope="session")
def box(left_open: int) -> Iterator[Box]:
    """A sandbox that was started by a process with secrets."""
    os.environ[SECRET] = "secret"
    with Box(TIGHT) as box:
        yield box
    del os.environ[SECRET]


@pytest.fixture(scope="session")
def limited(box: Box) -> Box:
    """The same, after bounded canaries have found its limits in force. What has no end is run on nothing else."""
    for code, expected in CANARIES.items():
        outcome = box.outcome(code)
        if not str(outcome).startswith(expected):  # a tuple: any of these
            pytest.fail(f"a limit is not in force: {code!r} gave {outcome!r}")
    return box


async def _beat(gaps: list[float], every_s: float) -> None:
    loop = asyncio.get_running_loop()
    last = loop.time()
    while True:
        await asyncio.sleep(every_s)
        gaps.append(loop.time() - last)
        last = loop.time()


@pytest.fixture
def pulse(limited: Box) -> Any:
    """Run code in the sandbox and give the outcome with the longest time the event loop stood still."""

    async def beside_code(code: str) -> tuple[Any, float]:
        gaps: list[float] = []
        heart = asyncio.create_task(_beat(gaps, 0.02))
        await asyncio.sleep(0.05)
        outcome = (await asyncio.gather(limited.sandbox.run(code, {}, context()), return_exceptions=True))[0]
        await asyncio.sleep(0.05)
        heart.cancel()
        return outcome, max(gaps)

    return lambda code: limited.wait(beside_code(code))
