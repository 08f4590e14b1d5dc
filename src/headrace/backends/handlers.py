"""The operator's own Python: handlers that are named ``module:function`` in the configuration.

A handler is called as Lambda calls one, ``handler(event, context)``, in a thread; an ``async def`` runs there
in an event loop of its own. What it returns must be JSON.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from headrace.backends.threads import Threads
from headrace.core.effects import EffectContext, EffectFailed
from headrace.core.parsing import parse_answer

Handler = Callable[[Any, Any], Any]


class HandlerContext:
    """What a handler is told about its call, by the names that Lambda uses."""

    def __init__(self, *, name: str, arn: str, context: EffectContext) -> None:
        self.function_name = name
        self.invoked_function_arn = arn
        self.aws_request_id = context.step
        self._ends = time.monotonic() + context.timeout_s

    def get_remaining_time_in_millis(self) -> int:
        """How long the caller still waits."""
        return max(0, int((self._ends - time.monotonic()) * 1000))


class Handlers:
    """Finds handlers and calls them."""

    def __init__(self, threads: Threads, *, folders: Sequence[Path] = ()) -> None:
        self._threads = threads
        self._folders = folders
        self._found: dict[str, Handler] = {}
        self._lock = threading.Lock()

    async def call(self, name: str, event: Any, *, arn: str, resource: str, context: EffectContext) -> Any:
        """What a handler returns for an event.

        Raises:
            EffectFailed: there is no such handler, it failed, took too long, or returned no JSON.
        """
        about = HandlerContext(name=name, arn=arn, context=context)

        def run() -> Any:
            return _called(self._find(name, resource), event, about, resource)

        return await self._threads.run(
            run, resource=resource, who=f"The handler {name}", timeout_s=context.timeout_s
        )

    def _find(self, name: str, resource: str) -> Handler:
        with self._lock:
            if name not in self._found:
                self._found[name] = _imported(name, self._folders, resource)
            return self._found[name]


def _imported(name: str, folders: Sequence[Path], resource: str) -> Handler:
    for folder in map(str, folders):
        if folder not in sys.path:
            sys.path.append(folder)  # last, so that no file of the operator's hides a module of the server
    module, _, attribute = name.partition(":")
    try:
        handler = getattr(importlib.import_module(module), attribute)
    except BaseException as error:  # the operator's code may even call sys.exit(), which ends no server
        raise EffectFailed(
            f"The handler {name} can't be imported: {type(error).__name__}: {error}", resource=resource
        ) from error
    if not callable(handler):
        raise EffectFailed(f"The handler {name} can't be called.", resource=resource)
    found: Handler = handler
    return found


def _called(handler: Handler, event: Any, about: HandlerContext, resource: str) -> Any:
    try:
        result = handler(event, about)
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
    except BaseException as error:  # as above
        raise EffectFailed(f"{type(error).__name__}: {error}", resource=resource) from error
    try:
        return parse_answer(msgspec.json.encode(result))
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise EffectFailed(
            f"{about.function_name} returned what is no JSON: {error}", resource=resource
        ) from error
