"""Looking logs through in SQL: from the newest on, some at a time, along the index that leads there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from headrace.core.log_search import LogFilter, Mark
from headrace.core.logs import LogQuery
from headrace.storage.log_words import Match, match_words
from headrace.storage.places import first_place, place_range
from headrace.storage.sql.collection import Connection, SqlCollection
from headrace.storage.sql.log_words import LogWords
from headrace.storage.sql.rows import Row, from_microseconds

FIRST_LOOK = 200
"""So many logs are looked at before it is known whether those that are wanted are rare."""
MOST_AT_ONCE = 5_000
Looked = list[tuple[int, bool]]
"""Places in their order, newest first, each with whether its log is wanted."""
Look = Callable[[int, int], Looked]
"""Looks at so many logs, from a place on."""


class LogSearch(SqlCollection):
    """Answers searches of one organisation."""

    def __init__(self, connection: Connection, account: str, words: LogWords) -> None:
        super().__init__(connection, account)
        self._words = words

    def places(
        self, wanted: LogFilter, *, before: Mark | None, take: int, most: int
    ) -> tuple[list[int], Mark | None]:
        """The places of logs that are wanted, newest first, and from where on there may be more."""
        limits = place_range(wanted.start, wanted.end)
        look = self._look(wanted, limits["first"])
        last = limits["last"] if before is None else min(limits["last"], self._place_before(before))
        found: list[int] = []
        looked_at, at_once = 0, max(take, FIRST_LOOK) if self._is_picky(wanted) else take
        while True:
            rows = look(last, at_once)
            found += self._judged(wanted, [place for place, is_wanted in rows if is_wanted])
            looked_at += len(rows)
            if len(found) >= take:
                return found[:take], self._mark(found[take - 1])
            if len(rows) < at_once:
                return found, None
            if looked_at >= most:
                return found, self._mark(rows[-1][0])
            last, at_once = rows[-1][0] - 1, min(2 * at_once, MOST_AT_ONCE)

    def _is_picky(self, wanted: LogFilter) -> bool:
        """Whether logs may be left out that an index leads to."""
        found = (wanted.environment, wanted.source, wanted.user, wanted.has_error, wanted.judged)
        return wanted.is_root or any(one is not None for one in found)

    def _place_before(self, mark: Mark) -> int:
        row = self._one("place_of_mark", id=mark.log_id)
        return (first_place(mark.created_at) if row is None else int(row[0])) - 1

    def _mark(self, place: int) -> Mark:
        row = self._connection.one("mark_at", place=place)
        assert row is not None
        return Mark(created_at=from_microseconds(row[0]), log_id=row[1])

    def _judged(self, wanted: LogFilter, places: list[int]) -> list[int]:
        """Those whose judgments are wanted, in their order."""
        judged = wanted.judged
        if judged is None or not places:
            return places
        found: dict[int, list[tuple[bytes | None, bool]]] = {}
        rows = self._all("verdicts_at", evaluator_id=judged.evaluator_id, places=_json(places))
        for place, judgment, has_error in rows:
            found.setdefault(place, []).append((judgment, has_error == 1))
        return [place for place in places if judged.fit(found.get(place, ()))]

    def _look(self, wanted: LogFilter, first: int) -> Look:
        """What looks along the index that leads to the fewest logs."""
        scope = None if wanted.file_id is None else self._scope(wanted.file_id, wanted.version_id)
        if wanted.file_id is not None and scope is None:
            return lambda *_: []
        values = {"first": first, **_columns(wanted)}
        matches = self._matches(wanted, scope)
        if matches is not None:
            return lambda last, take: self._with_words(matches, values, last, take)
        statement = "look_everywhere" if wanted.trace_id is None else "look_in_trace"
        if wanted.trace_id is None and scope is not None:
            name = "file_number" if scope["version_number"] is None else "version_number"
            statement = "look_in_file" if name == "file_number" else "look_in_version"
            values[name] = scope[name]
        return lambda last, take: _looked(self._all(statement, **values, last=last, take=take))

    def _scope(self, file_id: str, version_id: str | None) -> dict[str, Any] | None:
        """The numbers of the file and the version; None when they can have no log that is shown."""
        file = self._one("scope_of_file", file_id=file_id)
        if file is None or version_id is None:
            return None if file is None else {"file_number": file[0], "version_number": None}
        version = self._one("scope_of_version", version_id=version_id)
        if version is None or version[1] != file[0]:
            return None
        return {"file_number": file[0], "version_number": version[0]}

    def _matches(self, wanted: LogFilter, scope: dict[str, Any] | None) -> list[Match] | None:
        """What the words are looked for by, file by file; None when there is no word."""
        query = LogQuery(file_id="", search=wanted.search, metadata=wanted.metadata)
        if match_words(query, file_number=0, version_number=None) is None:
            return None
        if scope is None:
            rows = self._all("numbers_of_files", is_root=_columns(wanted)["is_root"])
            scopes = [{"file_number": number, "version_number": None} for (number,) in rows]
        else:
            scopes = [scope]
        found = (match_words(query, **one) for one in scopes)
        return [match for match in found if match is not None]

    def _with_words(self, matches: list[Match], values: dict[str, Any], last: int, take: int) -> Looked:
        """The newest that have the words, in any of the files."""
        limits = {"first": values["first"], "last": last}
        places = self._words.newest(matches, limits, take=take) if matches else []
        if not places:
            return []
        return _looked(self._all("look_at_places", **_beyond(values), places=_json(places)))


def _columns(wanted: LogFilter) -> dict[str, Any]:
    """What the statements are told that look at single logs."""
    return {
        "environment": wanted.environment,
        "source": wanted.source,
        "user": wanted.user,
        "trace_id": wanted.trace_id,
        "wanted_file_id": wanted.file_id,
        "wanted_version_id": wanted.version_id,
        "has_error": None if wanted.has_error is None else int(wanted.has_error),
        "is_root": 1 if wanted.is_root else None,
    }


def _beyond(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "first"}


def _looked(rows: list[Row]) -> Looked:
    return sorted(((int(place), is_wanted == 1) for place, is_wanted in rows), reverse=True)


def _json(values: list[int]) -> str:
    return msgspec.json.encode(values).decode()
