"""How logs are found by words and by parts of their ids, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from headrace.storage.log_words import Match
from headrace.storage.sql.collection import Step


class LogWords(Protocol):
    """The full-text indexes of one organisation's logs; a log is known by its place."""

    def add(self, place: int, *, id: str, words: str, beside: Sequence[Step]) -> None:
        """Find a log by these terms from now on, and by its id.

        Args:
            beside: what is to be done together with it.
        """

    def change(self, place: int, words: str) -> None:
        """Find it by these terms instead of those before."""

    def remove(self, place: int) -> None:
        """Find it no more."""

    def all(self, match: Match, limits: dict[str, int]) -> list[int]:
        """The places of all that match, newest first."""

    def page(self, match: Match, limits: dict[str, int], *, skip: int, take: int) -> tuple[list[int], int]:
        """A page of the places that match, newest first, and how many it is cut from."""

    def newest(self, matches: Sequence[Match], limits: dict[str, int], *, take: int) -> list[int]:
        """The newest places that fit any of these, newest first."""

    def with_part(self, part: str, wanted: dict[str, Any]) -> set[int]:
        """The places of those that have a part in their id.

        Args:
            wanted: the file, the version, the range of places, and whether in a trace.
        """

    def page_with_part(
        self, part: str, wanted: dict[str, Any], *, skip: int, take: int
    ) -> tuple[list[int], int]:
        """A page of the places that `with_part` gives, newest first, and how many it is cut from."""
