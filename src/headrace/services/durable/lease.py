"""How long others have seen this process without a break: what it holds, it surely holds only for so long."""

from __future__ import annotations

import math
import time


class Lease:
    """Renewed each time that this process says that it is there. A store of its own needs no renewal.

    Args:
        timeout_s: a process that was not seen for so long is gone.
    """

    def __init__(self, *, timeout_s: float = math.inf) -> None:
        self._timeout_s = timeout_s
        self._renewed_at_s = time.monotonic()
        self._unbroken_since_s = -math.inf

    @property
    def age_s(self) -> float:
        """How long ago it was renewed."""
        return time.monotonic() - self._renewed_at_s

    @property
    def is_fresh(self) -> bool:
        """Whether nobody can take this process for gone at this moment."""
        return self.is_unbroken_since(time.monotonic())

    def renew(self, *, was_lost: bool = False) -> None:
        """This process was seen.

        Args:
            was_lost: whether others had taken it for gone.
        """
        if was_lost or self.age_s > self._timeout_s:
            self._unbroken_since_s = time.monotonic()
        self._renewed_at_s = time.monotonic()

    def is_unbroken_since(self, moment_s: float) -> bool:
        """Whether nobody can have taken this process for gone since that moment of the monotonic clock."""
        return self._unbroken_since_s <= moment_s and self.age_s <= self._timeout_s
