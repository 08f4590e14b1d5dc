"""Count what Python and SQLite are made to do: bytecodes, statements and steps, not seconds.

The same code with the same input executes the same bytecodes on any machine, however busy, so these counts
can be compared where times can't. What C code does is not in them, but for SQLite, which counts the steps of
its own machine. Bytecodes are those of one release of Python; another has others.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import apsw

MACHINERY = frozenset({"asyncio", "concurrent", "bench"})
"""Folders of code that is not counted: the event loop's, which waits as often as it has to, and our own."""
MACHINERY_FILES = frozenset({"selectors.py", "threading.py", "queue.py"})
STEPS = "SQLITE_STMTSTATUS_VM_STEP"
TOOL = 4
"""Of the tools that `sys.monitoring` can serve at a time, one that nothing else claims."""


@dataclass(slots=True, kw_only=True)
class Count:
    """What was executed.

    Attributes:
        by_code: bytecodes of each function.
        statements: statements that SQLite ran to their end.
        sqlite_steps: steps of SQLite's machine in them.
    """

    by_code: Counter[CodeType] = field(default_factory=Counter)
    statements: int = 0
    sqlite_steps: int = 0

    @property
    def bytecodes(self) -> int:
        """Of all functions together."""
        return self.by_code.total()

    def beyond(self, less: Count, *, per: int) -> Count:
        """What this has more than another, shared by so many."""
        more = {code: round((count - less.by_code[code]) / per) for code, count in self.by_code.items()}
        return Count(
            by_code=Counter({code: count for code, count in more.items() if count}),
            statements=(self.statements - less.statements) // per,
            sqlite_steps=(self.sqlite_steps - less.sqlite_steps) // per,
        )

    def by_function(self) -> list[tuple[str, int]]:
        """Bytecodes of each function, the most first."""
        named: Counter[str] = Counter()
        for code, count in self.by_code.items():
            parts = Path(code.co_filename).parts
            at = parts.index("headrace") if "headrace" in parts else -1
            named[f"{'/'.join(parts[at:])}:{code.co_firstlineno} {code.co_qualname}"] += count
        return named.most_common()


class Counting:
    """Counts in all threads that are started after it was, while it is switched on."""

    def __init__(self) -> None:
        self._count: Count | None = None
        self._is_counted: dict[str, bool] = {}

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Be there for connections and threads that are made inside."""
        apsw.connection_hooks.append(self._watch)
        if sys.version_info < (3, 12):
            threading.settrace(self._enter)
        try:
            yield
        finally:
            apsw.connection_hooks.remove(self._watch)
            if sys.version_info < (3, 12):
                threading.settrace(None)  # type: ignore[arg-type]

    @contextmanager
    def on(self) -> Iterator[Count]:
        """Count what is executed inside, where no garbage is collected."""
        count = Count()
        gc.disable()
        stop = self._start()
        self._count = count
        try:
            yield count
        finally:
            self._count = None
            stop()
            gc.enable()

    def _start(self) -> Any:
        if sys.version_info < (3, 12):
            before = sys.gettrace()
            sys.settrace(self._enter)
            return lambda: sys.settrace(before)
        monitoring = sys.monitoring
        monitoring.use_tool_id(TOOL, "bench")
        monitoring.register_callback(TOOL, monitoring.events.INSTRUCTION, self._monitored)
        monitoring.set_events(TOOL, monitoring.events.INSTRUCTION)

        def stop() -> None:
            monitoring.set_events(TOOL, 0)
            monitoring.free_tool_id(TOOL)

        return stop

    def _monitored(self, code: CodeType, _: int) -> Any:
        if not self._counts(code.co_filename):
            return sys.monitoring.DISABLE  # type: ignore[attr-defined,unused-ignore]
        if self._count is not None:
            self._count.by_code[code] += 1
        return None

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        if self._count is None or not self._counts(frame.f_code.co_filename):
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self._step

    def _step(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode" and self._count is not None:
            self._count.by_code[frame.f_code] += 1
        return self._step

    def _counts(self, file: str) -> bool:
        found = self._is_counted.get(file)
        if found is None:
            path = Path(file)
            found = path.name not in MACHINERY_FILES and not MACHINERY & set(path.parts[-3:-1])
            self._is_counted[file] = found
        return found

    def _watch(self, connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, self._ran, id=self)

    def _ran(self, told: dict[str, Any]) -> None:
        if self._count is not None:
            self._count.statements += 1
            self._count.sqlite_steps += told["stmt_status"][STEPS]
