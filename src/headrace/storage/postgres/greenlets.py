"""Plain functions that wait for the event loop without holding it up.

A use case is a plain function, its statements are answered over the network. It runs in a greenlet: when it
waits for an answer, the event loop goes on with others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

T = TypeVar("T")


async def run(work: Callable[[], T]) -> T:
    """Run ``work``, which may use `wait`."""
    inner = greenlet(work)
    inner.gr_context = getcurrent().gr_context
    answer = inner.switch()
    while not inner.dead:
        try:
            value = await answer
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where it was waited for
            answer = inner.throw(error)
        else:
            answer = inner.switch(value)
    result: T = answer
    return result


def wait(awaited: Awaitable[T]) -> T:
    """What ``awaited`` gives; only inside of `run`."""
    outer: Any = getcurrent().parent
    result: T = outer.switch(awaited)
    return result
