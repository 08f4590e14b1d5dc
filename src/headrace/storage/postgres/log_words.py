"""The full-text index of logs in PostgreSQL: a vector of terms for each log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.core.ports import EVERYTHING
from headrace.storage.log_words import Match
from headrace.storage.sql.collection import SqlCollection, Step

MAX_VECTOR_BYTES = 1_000_000
"""PostgreSQL's vectors hold a little more. The terms of a log that are beyond it do not find it."""


class PostgresLogWords(SqlCollection):
    """Finds logs by words and by parts of their ids."""

    def add(self, place: int, *, id: str, words: str, beside: Sequence[Step]) -> None:
        self._connection.together(*beside, *([_put(place, words)] if words else []))

    def change(self, place: int, words: str) -> None:
        self._connection.together(_put(place, words))

    def remove(self, place: int) -> None:
        self._connection.run("remove_words", place=place)

    def all(self, match: Match, limits: dict[str, int]) -> list[int]:
        return self._newest(match, limits, skip=0, take=EVERYTHING)

    def page(self, match: Match, limits: dict[str, int], *, skip: int, take: int) -> tuple[list[int], int]:
        values = {**limits, "match": _expression(match)}
        return self._page("count_with_words", "newest_with_words", values, skip=skip, take=take)

    def _page(
        self, count: str, newest: str, values: dict[str, Any], *, skip: int, take: int
    ) -> tuple[list[int], int]:
        """By the two statements that count and list the same."""
        ((total,),) = self._connection.all(count, **values)
        if not take or skip >= total:
            return [], total
        rows = self._connection.all(newest, skip=skip, take=take, **values)
        return [place for (place,) in rows], total

    def _newest(self, match: Match, limits: dict[str, int], *, skip: int, take: int) -> list[int]:
        rows = self._connection.all(
            "newest_with_words", match=_expression(match), skip=skip, take=take, **limits
        )
        return [place for (place,) in rows]

    def newest(self, matches: Sequence[Match], limits: dict[str, int], *, take: int) -> list[int]:
        """The newest places that fit any of these, newest first."""
        any_of = " | ".join(f"({_expression(match)})" for match in matches)
        rows = self._connection.all("newest_with_words", match=any_of, skip=0, take=take, **limits)
        return [place for (place,) in rows]

    def with_part(self, part: str, wanted: dict[str, Any]) -> set[int]:
        rows = self._connection.all("with_part", pattern=_pattern(part), **wanted)
        return {place for (place,) in rows}

    def page_with_part(
        self, part: str, wanted: dict[str, Any], *, skip: int, take: int
    ) -> tuple[list[int], int]:
        """See `LogWords`."""
        values = {**wanted, "pattern": _pattern(part)}
        return self._page("count_with_part", "newest_with_part", values, skip=skip, take=take)


def _put(place: int, words: str) -> Step:
    return "put_words", {"place": place, "words": fitting(words)}


def fitting(words: str) -> str:
    """As many of the terms as there is room for, those last that are always there."""
    text = words.encode()
    if len(text) <= MAX_VECTOR_BYTES:
        return words
    return text[-MAX_VECTOR_BYTES:].partition(b" ")[2].decode()


def _expression(match: Match) -> str:
    whole = [_quoted(term) for term in sorted(match.whole)]
    return " & ".join([*whole, *(f"{_quoted(beginning)}:*" for beginning in sorted(match.beginnings))])


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


def _pattern(part: str) -> str:
    for sign in "\\%_":
        part = part.replace(sign, "\\" + sign)
    return f"%{part}%"
