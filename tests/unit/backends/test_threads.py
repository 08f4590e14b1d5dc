"""Threads that wait for nobody."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading

import pytest

from headrace.backends.threads import Threads
from headrace.core.effects import EffectFailed, Fault

ABOUT = {"resource": "Lambda", "who": "It"}


def test_results_and_errors_come_through() -> None:
    async def run() -> int:
        threads = Threads("t")
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0, timeout_s=5, **ABOUT)
        return await threads.run(lambda: 2, timeout_s=5, **ABOUT)

    assert asyncio.run(run()) == 2


def test_no_more_threads_than_allowed_and_all_calls_done() -> None:
    running: list[int] = []
    most = 0
    lock = threading.Lock()

    def call() -> int:
        nonlocal most
        with lock:
            running.append(1)
            most = max(most, len(running))
        with lock:
            running.pop()
        return 1

    async def run() -> int:
        threads = Threads("t", most=3)
        results = await asyncio.gather(*(threads.run(call, timeout_s=20, **ABOUT) for _ in range(500)))
        await threads.close()
        return sum(results)

    assert asyncio.run(run()) == 500
    assert most <= 3


def test_idle_threads_are_used_again_and_end() -> None:
    async def run() -> set[str]:
        threads = Threads("again")
        names = {
            await threads.run(lambda: threading.current_thread().name, timeout_s=5, **ABOUT)
            for _ in range(200)
        }
        await threads.close()
        return names

    assert len(asyncio.run(run())) < 64  # a thread may not be idle yet when the next call comes
    for thread in threading.enumerate():
        if thread.name.startswith("again"):
            thread.join(5)
            assert not thread.is_alive()


def test_what_is_late_is_given_up_and_what_waits_behind_it_is_never_run() -> None:
    release = threading.Event()
    ran: list[str] = []

    async def run() -> None:
        threads = Threads("t", most=1)
        for name in ("first", "second"):
            with pytest.raises(EffectFailed, match=r"It did not answer within 0\.05 s") as caught:
                await threads.run(lambda n=name: (release.wait(10), ran.append(n)), timeout_s=0.05, **ABOUT)  # type: ignore[misc]
            assert caught.value.fault is Fault.GATEWAY
        release.set()
        assert await threads.run(lambda: "third", timeout_s=5, **ABOUT) == "third"

    asyncio.run(run())
    assert ran == ["first"]


def test_what_nobody_waits_for_any_more_is_not_run() -> None:
    is_busy, release = threading.Event(), threading.Event()
    ran: list[str] = []

    def first() -> bool:
        is_busy.set()
        return release.wait(10)

    async def run() -> None:
        threads = Threads("t", most=1)
        going = asyncio.create_task(threads.run(first, timeout_s=20, **ABOUT))
        assert await asyncio.to_thread(is_busy.wait, 10)
        behind = asyncio.create_task(threads.run(lambda: ran.append("second"), timeout_s=20, **ABOUT))
        await asyncio.sleep(0)
        behind.cancel()
        with pytest.raises(asyncio.CancelledError):
            await behind
        release.set()
        assert await going
        await threads.run(lambda: ran.append("third"), timeout_s=20, **ABOUT)

    asyncio.run(run())
    assert ran == ["third"]


def test_a_call_that_never_ends_does_not_keep_the_process() -> None:
    script = textwrap.dedent("""
        import asyncio, threading
        from headrace.backends.threads import Threads
        async def run():
            try:
                await Threads("t").run(threading.Event().wait, resource="r", who="w", timeout_s=0.05)
            except Exception as error:
                print(error)
        asyncio.run(run())
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (0, "w did not answer within 0.05 s.\n")
