"""The full-text indexes of logs in SQLite: of their words and of their ids.

What is new waits in a table until it is worth an index's while; searches look into both.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

from headrace.core.ports import EVERYTHING
from headrace.storage.log_words import Match, match_triples
from headrace.storage.sql.collection import SqlCollection, Step

FOLDED_AT_ONCE = 32
"""New logs for which the indexes are written."""
MERGED_AT_ONCE = -40
"""So many pages of an index are written at once; negative, for all of it to become one piece in the end."""
MAX_CANDIDATES = 20_000
"""More logs than these are not looked up one by one: it is faster to look at every id in a row."""


class SqliteLogWords(SqlCollection):
    """Finds logs by words and by parts of their ids."""

    def add(self, place: int, *, id: str | None, words: str, beside: Sequence[Step] = ()) -> None:
        """Find a log by these terms from now on, and by its id unless that is known."""
        self._connection.together(*beside)
        self._run("add_words", place=place, id=id, words=words)
        ((count,),) = self._connection.all("count_of_new_words")
        if count >= FOLDED_AT_ONCE:
            self.fold()

    def fold(self) -> None:
        """Write the indexes for what is new."""
        for statement in ("fold_words", "fold_ids", "forget_new_words"):
            self._connection.run(statement)

    def merge(self) -> bool:
        """Write a part of the indexes anew, without what was removed; whether all of them are."""
        moved = 0
        for statement in ("merge_words", "merge_ids"):
            before = self._changes()
            self._connection.run(statement, pages=MERGED_AT_ONCE)
            moved += self._changes() - before > 1
        return not moved

    def _changes(self) -> int:
        ((count,),) = self._connection.all("count_of_changes")
        return int(count)

    def change(self, place: int, words: str) -> None:
        """Find it by these terms instead of those before."""
        if not self._connection.run("change_new_words", place=place, words=words):
            self._connection.run("remove_words", place=place)
            self.add(place, id=None, words=words)

    def remove(self, place: int) -> None:
        """Find it no more. One whose words were changed may be new and in the index of ids, too."""
        for statement in ("remove_new_words", "remove_words", "remove_id"):
            self._connection.run(statement, place=place)

    def all(self, match: Match, limits: dict[str, int]) -> list[int]:
        """The places of all that match, newest first."""
        return self.page(match, limits, skip=0, take=EVERYTHING)[0]

    def page(self, match: Match, limits: dict[str, int], *, skip: int, take: int) -> tuple[list[int], int]:
        """A page of the places that match, newest first, and how many it is cut from."""
        new = self._new(match, limits)
        expression = match.expression(self._next_term)
        folded = 0
        if expression is not None:
            ((folded,),) = self._connection.all("count_with_words", match=expression, **limits)
        total = folded + len(new)
        if not take or skip >= total:
            return [], total
        # At most all of the new ones are above the page, so what is skipped of the others is above it, too.
        skipped = max(0, skip - len(new))
        found = new
        if expression is not None and folded:
            wanted = min(skip - skipped + take, folded)
            rows = self._connection.all(
                "newest_with_words", match=expression, skip=skipped, take=wanted, **limits
            )
            found = sorted([*new, *(place for (place,) in rows)], reverse=True)
        return found[skip - skipped :][:take], total

    def newest(self, matches: Sequence[Match], limits: dict[str, int], *, take: int) -> list[int]:
        """The newest places that fit any of these, newest first."""
        new = [(place, frozenset(words.split(" "))) for place, words in self._all("new_words", **limits)]
        found = {place for place, terms in new if any(match.fits(terms) for match in matches)}
        for match in matches:
            expression = match.expression(self._next_term)
            if expression is not None:
                rows = self._connection.all(
                    "newest_with_words", match=expression, skip=0, take=take, **limits
                )
                found.update(place for (place,) in rows)
        return heapq.nlargest(take, found)

    def with_part(self, part: str, wanted: dict[str, Any]) -> set[int]:
        triples = match_triples(part)
        if triples is None or self._are_many(triples):
            return self._places("with_part", part=part, **wanted)
        return self._among(triples, part, wanted)

    def page_with_part(
        self, part: str, wanted: dict[str, Any], *, skip: int, take: int
    ) -> tuple[list[int], int]:
        """See `LogWords`. Of those that are found by looking at every id most are only counted."""
        triples = match_triples(part)
        if triples is not None and not self._are_many(triples):
            found = sorted(self._among(triples, part, wanted), reverse=True)
            return found[skip : skip + take], len(found)
        ((total,),) = self._connection.all("count_with_part", part=part, **wanted)
        if not take or skip >= total:
            return [], total
        rows = self._connection.all("newest_with_part", part=part, skip=skip, take=take, **wanted)
        return [place for (place,) in rows], total

    def _among(self, triples: str, part: str, wanted: dict[str, Any]) -> set[int]:
        """Those with a part, among the few that may have it by the index of ids."""
        found = self._places("with_part_of_triples", match=triples, part=part, **wanted)
        return found | self._places("with_part_among_new", part=part, **wanted)

    def _are_many(self, triples: str) -> bool:
        ((number,),) = self._connection.all("count_with_triples", match=triples, most=MAX_CANDIDATES)
        return int(number) == MAX_CANDIDATES

    def _places(self, statement: str, **values: Any) -> set[int]:
        return {place for (place,) in self._connection.all(statement, **values)}

    def _new(self, match: Match, limits: dict[str, int]) -> list[int]:
        """Those of the last logs that match, newest first."""
        rows = self._all("new_words", **limits)
        return sorted((place for place, words in rows if match.is_in(words)), reverse=True)

    def _next_term(self, start: str) -> str | None:
        row = self._connection.one("next_term", start=start)
        return None if row is None else str(row[0])
