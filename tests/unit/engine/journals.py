"""A journal in memory, for runs that are repeated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class MemoryJournal:
    """The pages of one execution.

    Attributes:
        pages: what is in it.
        at: how many of them this attempt was given.
        refuses_at: the page that can't be written; None writes all.
    """

    pages: list[bytes] = field(default_factory=list)
    at: int = 0
    refuses_at: int | None = None

    async def page(self, write: Callable[[], Awaitable[bytes]]) -> bytes:
        """The next page, written when it is not there."""
        if self.at == len(self.pages):
            text = await write()
            if self.refuses_at == self.at:
                raise Refused
            self.pages.append(text)
        self.at += 1
        return self.pages[self.at - 1]

    def again(self, pages: int | None = None) -> MemoryJournal:
        """The same for another attempt, with the first ``pages`` pages."""
        return MemoryJournal(pages=self.pages[:pages])


class Refused(Exception):
    """The process is gone, as far as the run can tell."""
