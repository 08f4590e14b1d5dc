"""What is made once a run, for all checks that only look at it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Shared:
    """Things by what they are. What could not be made is not tried again: each that asks is told why."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._failed: dict[str, Exception] = {}
        self._lock = threading.RLock()  # what is made may be made of other shared things

    def get(self, what: str, make: Callable[[], Any]) -> Any:
        """The thing, made now if nobody asked for it before.

        Raises:
            Exception: whatever making it raised, the first time and every time.
        """
        with self._lock:
            if what in self._failed:
                raise self._failed[what]
            if what not in self._made:
                try:
                    self._made[what] = make()
                except Exception as error:
                    self._failed[what] = error
                    raise
            return self._made[what]
