"""How a sandbox begins, survives and ends."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.box import Box, context
from tests.sandbox.conftest import TIGHT

from headrace.backends.sandbox.failures import CodeKilled, SandboxUnavailable
from headrace.backends.sandbox.limits import SandboxLimits
from headrace.backends.sandbox.native import NativeSandbox

MORE_THAN_SOCKETS_HOLD = 250_000
"""More bytes than Linux keeps for a socket that asks for nothing."""
SYSTEM_PYTHON = Path("/usr/bin/python3")
WITHIN_S = 60
ORPHAN = """
import asyncio, os
from tests.sandbox.box import context
from tests.sandbox.conftest import TIGHT
from headrace.backends.sandbox.native import NativeSandbox
async def main():
    sandbox = NativeSandbox(TIGHT, bwrap=None)
    await sandbox.run("1", {}, context())
    print(sandbox.server.pid, flush=True)
    await asyncio.gather(*(sandbox.run("import time; time.sleep(60)", {}, context()) for _ in range(2)))
asyncio.run(main())
"""

GIVING_WAY = """
import asyncio, os
from pathlib import Path
from tests.sandbox.box import context
from headrace.backends.sandbox.limits import SandboxLimits
from headrace.backends.sandbox.native import NativeSandbox
def priorities(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [os.getpriority(os.PRIO_PROCESS, int(one)) for one in children]
async def main():
    sandbox = NativeSandbox(SandboxLimits(wall_s=100), bwrap=None)
    print(await sandbox.run("40 + 2", {}, context(100)))
    running = asyncio.create_task(sandbox.run("import time\\ntime.sleep(99)", {}, context(100)))
    expected = min(19, os.nice(0) + 5)
    while not running.done() and expected not in priorities(sandbox.server.pid):
        await asyncio.sleep(0.01)
    print("over" if running.done() else "found")
    running.cancel()
    await sandbox.close()
os.nice(6)
asyncio.run(main())
"""


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _goes(pid: int) -> bool:
    """Whether a process ends."""
    ends_at = time.monotonic() + WITHIN_S
    while _is_there(pid) and time.monotonic() < ends_at:
        time.sleep(0.01)
    return not _is_there(pid)


def test_it_starts_nothing_until_it_is_used() -> None:
    with Box(TIGHT) as box:
        assert box.sandbox.server is None
        assert box.run("1") == 1
        assert box.sandbox.server is not None


def test_calls_that_come_together_start_one_server() -> None:
    async def many(sandbox: NativeSandbox) -> list[Any]:
        return await asyncio.gather(*(sandbox.run("x", {"x": at}, context()) for at in range(8)))

    with Box(TIGHT) as box:
        assert box.wait(many(box.sandbox)) == list(range(8))
        assert box.sandbox.server is not None
        assert box.sandbox.server.locks["landlock"] >= 1


def test_a_call_whose_fork_server_dies_is_run_again_by_another(calm: Box) -> None:
    async def die_during_a_call(sandbox: NativeSandbox) -> Any:
        await _spare(sandbox)
        running = await _begun(sandbox, "import time\ntime.sleep(0.5)\n42")
        _kill_server(sandbox)
        return await running

    first = calm.sandbox.server
    assert calm.wait(die_during_a_call(calm.sandbox)) == 42
    assert first is not None
    assert calm.sandbox.server is not first
    assert not _is_there(first.pid)


def test_a_call_whose_fork_server_dies_twice_is_told_of(calm: Box) -> None:
    async def die_twice(sandbox: NativeSandbox) -> None:
        await _spare(sandbox)
        running = await _begun(sandbox, "import time\ntime.sleep(50)")
        _kill_server(sandbox)
        assert await sandbox.run("2", {}, context()) == 2, "the next one is there"
        _kill_server(sandbox)
        with pytest.raises(SandboxUnavailable, match=r"ended\. Try again") as caught:
            await running
        assert caught.value.fault == "gateway"

    calm.wait(die_twice(calm.sandbox))
    assert calm.run("40 + 2") == 42


def _kill_server(sandbox: NativeSandbox) -> None:
    assert sandbox.server is not None
    os.kill(sandbox.server.pid, signal.SIGKILL)


def test_a_fork_server_that_hangs_is_replaced() -> None:
    async def hang_during_a_call(sandbox: NativeSandbox) -> None:
        await _spare(sandbox)
        assert sandbox.server is not None
        os.kill(sandbox.server.pid, signal.SIGSTOP)
        running = await _begun(sandbox, "1")
        _all_time_is_over()
        with pytest.raises(SandboxUnavailable, match="fork server hung"):
            await running

    with Box(TIGHT) as box:
        assert box.run("1") == 1
        first = box.sandbox.server
        box.wait(hang_during_a_call(box.sandbox))
        assert box.run("2") == 2
        assert first is not None
        assert not _is_there(first.pid)


def test_closing_ends_running_calls_and_leaves_no_process(calm: Box) -> None:
    async def close_during_a_call(sandbox: NativeSandbox) -> int:
        await _spare(sandbox)
        assert sandbox.server is not None
        running = await _begun(sandbox, "import time\ntime.sleep(50)")
        pid = sandbox.server.pid
        await sandbox.close()
        with pytest.raises(SandboxUnavailable):
            await running
        return pid

    assert not _is_there(calm.wait(close_during_a_call(calm.sandbox)))


def test_a_killed_server_leaves_no_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as server:  # fmt: skip
        assert server.stdout is not None
        fork_server = int(server.stdout.readline())
        children = Path(f"/proc/{fork_server}/task/{fork_server}/children")
        ends_at = time.monotonic() + WITHIN_S
        while (
            len(pids := [int(one) for one in children.read_text().split()]) < 2 and time.monotonic() < ends_at
        ):
            time.sleep(0.01)
        server.kill()
    assert len(pids) >= 2
    assert all(_goes(pid) for pid in (fork_server, *pids))


def test_a_server_that_gives_way_itself_runs_code_that_gives_way_to_it() -> None:
    """Who has given way may not take it back: a priority of its own for code would be refused."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", GIVING_WAY], capture_output=True, text=True, cwd=root, timeout=200,
        env=os.environ | {"PYTHONPATH": str(root)},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("42\nfound\n", "")


@pytest.mark.skipif(not shutil.which("bwrap"), reason="NOT TESTED: bubblewrap (bwrap) is not installed")
def test_bubblewrap_gives_it_namespaces_of_its_own() -> None:
    with Box(TIGHT, bwrap="bwrap") as box:
        assert box.run("import os\nos.getpid()") < 100
        assert box.sandbox.server is not None
        namespaces = {
            kind: Path(f"/proc/{_fork_server(box.sandbox.server.pid)}/ns/{kind}").readlink()
            for kind in ("ipc", "mnt", "net", "pid", "uts")
        }
        ours = {kind: Path(f"/proc/self/ns/{kind}").readlink() for kind in namespaces}
        assert not set(namespaces.values()) & set(ours.values())
        expected = 65_534 if os.geteuid() == 0 else os.geteuid()
        assert box.run("import os\nos.getuid()") == expected


def _fork_server(pid: int) -> int:
    """The fork server below bubblewrap; its calls come and go."""
    while b"bwrap" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
        pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    return pid


@pytest.mark.skipif(not SYSTEM_PYTHON.exists(), reason="NOT TESTED: there is no system interpreter")
def test_another_interpreter_will_do() -> None:
    version = subprocess.run(
        [SYSTEM_PYTHON, "-c", "import sys; print(sys.version_info >= (3, 11))"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    if version != "True":
        pytest.skip("NOT TESTED: the system's interpreter is older than 3.11")
    with Box(TIGHT, python=SYSTEM_PYTHON) as box:
        assert box.run("import sys\n[1 + 1, sys.prefix]") == [2, "/usr"]


def test_a_process_that_was_held_up_itself_blames_nobody(calm: Box) -> None:
    """The answer is mostly there before its process has ended; how it ended is heard late."""

    async def held_up(sandbox: NativeSandbox) -> Any:
        spare = await _spare(sandbox)
        answer = await sandbox.run("1", {}, context())
        _wait_until_the_end_is_told(sandbox, spare)
        _all_time_is_over()
        return answer

    first = calm.sandbox.server
    assert calm.wait(held_up(calm.sandbox)) == 1
    assert calm.run("2") == 2
    assert calm.sandbox.server is first


@pytest.mark.parametrize("size", [100_000, MORE_THAN_SOCKETS_HOLD])
def test_what_code_gave_while_the_server_was_held_up_is_not_lost(calm: Box, size: int) -> None:
    async def held_up(sandbox: NativeSandbox) -> Any:
        spare = await _spare(sandbox)
        running = await _begun(sandbox, f"'x' * {size}")
        _wait_until_the_end_is_told(sandbox, spare)
        _all_time_is_over()
        return await running

    first = calm.sandbox.server
    assert calm.wait(held_up(calm.sandbox)) == "x" * size
    assert calm.sandbox.server is first


def test_what_had_no_turn_is_late_and_leaves_no_trace_of_how_it_was_killed(calm: Box) -> None:
    """Its process is stopped before it reads what it was sent, which makes its end a reset connection."""
    complaints: list[dict[str, Any]] = []

    async def starved(sandbox: NativeSandbox) -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about))
        spare = await _spare(sandbox)
        os.kill(spare, signal.SIGSTOP)
        running = await _begun(sandbox, "1", timeout_s=0.3)
        _wait_until_the_end_is_told(sandbox, spare)
        _all_time_is_over()
        return (await asyncio.gather(running, return_exceptions=True))[0]

    first = calm.sandbox.server
    outcome = calm.wait(starved(calm.sandbox))
    assert isinstance(outcome, CodeKilled), outcome
    assert re.fullmatch(r"The code ran for longer than 0\.\d+ s\.", outcome.message)
    gc.collect()
    assert complaints == []
    assert calm.run("2") == 2
    assert calm.sandbox.server is first


def test_closing_it_before_all_was_heard_is_no_error(calm: Box, caplog: pytest.LogCaptureFixture) -> None:
    """What the fork server said and nobody read makes its end a reset connection."""

    async def closed_at_once(sandbox: NativeSandbox) -> None:
        spare = await _spare(sandbox)
        await sandbox.run("1", {}, context())
        _wait_until_the_end_is_told(sandbox, spare)
        await sandbox.close()

    calm.wait(closed_at_once(calm.sandbox))
    assert caplog.messages == []


@pytest.fixture
def calm() -> Iterator[Box]:
    """A sandbox whose code may take its time, and whose fork server is there."""
    with Box(SandboxLimits(wall_s=60)) as box:
        assert box.run("1") == 1
        yield box


async def _begun(sandbox: NativeSandbox, code: str, *, timeout_s: float = 60.0) -> asyncio.Task[Any]:
    """A call that the fork server was asked for."""
    running = asyncio.create_task(sandbox.run(code, {}, context(timeout_s)))
    for _ in range(5):
        await asyncio.sleep(0)
    return running


async def _spare(sandbox: NativeSandbox) -> int:
    """The process that waits for the next call, once those of the calls before have ended."""
    before = asyncio.all_tasks() - {asyncio.current_task()}
    if before:
        await asyncio.wait(before, timeout=60)
    return _only_process(sandbox, but=None)


def _wait_until_the_end_is_told(sandbox: NativeSandbox, pid: int) -> None:
    """The fork server tells of a call's end, and then forks the process for the next one."""
    _only_process(sandbox, but=pid)


def _only_process(sandbox: NativeSandbox, *, but: int | None) -> int:
    """The one that the fork server has; nothing runs in the event loop while we wait until there is one."""
    assert sandbox.server is not None
    children = Path(f"/proc/{sandbox.server.pid}/task/{sandbox.server.pid}/children")
    ends_at = time.monotonic() + WITHIN_S
    while len(pids := children.read_text().split()) != 1 or int(pids[0]) == but:
        assert time.monotonic() < ends_at
        time.sleep(0.01)
    return int(pids[0])


def _all_time_is_over() -> None:
    """When the event loop runs again, everything that it waits for is late."""
    loop = asyncio.get_running_loop()
    now_s = loop.time
    setattr(loop, "time", lambda: now_s() + 10_000)  # noqa: B010  # mypy takes no other way for methods
