"""How much work a comparison may be."""

from __future__ import annotations


class Effort:
    """Counts down the steps that a comparison may still take.

    Without steps left, what is compared counts as wholly different: the result is coarser, but as exact.
    Steps are counted instead of time, so that a comparison always finds the same.
    """

    __slots__ = ("_steps_left",)

    def __init__(self, most_steps: int) -> None:
        self._steps_left = most_steps

    def allows(self, steps: int) -> bool:
        """Take so many steps; False when there are not as many left."""
        if steps > self._steps_left:
            return False
        self._steps_left -= steps
        return True
