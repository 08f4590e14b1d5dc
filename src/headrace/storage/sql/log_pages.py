"""Pages of logs in SQL: which index answers a query, and where in the lists its logs stand."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.core.logs import LogQuery
from headrace.storage.log_words import Match, match_words
from headrace.storage.places import place_range
from headrace.storage.sql.collection import Connection, SqlCollection
from headrace.storage.sql.log_words import LogWords

_BY_FILE = ("file_number", "count_in_file", "newest_in_file", "oldest_in_file")
_BY_VERSION = ("version_number", "count_in_version", "newest_in_version", "oldest_in_version")

Places = tuple[list[int], int]
"""The places of a page, newest first, and how many it is cut from."""


class LogPages(SqlCollection):
    """Answers queries of one organisation."""

    def __init__(self, connection: Connection, account: str, words: LogWords) -> None:
        super().__init__(connection, account)
        self._words = words

    def places(self, query: LogQuery, *, skip: int, take: int) -> Places:
        """The page of a query."""
        scope = self._scope(query)
        if scope is None:
            return [], 0
        match = match_words(query, **scope)
        limits = place_range(query.start, query.end)
        if len(query.ids) == 1 and match is None and query.sample is None:
            return self._with_id(query.ids[0], query, scope, limits, skip=skip, take=take)
        if query.ids:
            return _cut(self._drawn(query, self._with_ids(query, scope, match, limits)), skip, take)
        if match is None and query.sample is not None:
            return _cut(self._drawn_from_all(query, query.sample, scope, limits), skip, take)
        if match is None:
            return self._plain(query, scope, limits, skip=skip, take=take)
        if query.sample is not None:
            return _cut(self._drawn(query, self._words.all(match, limits)), skip, take)
        return self._words.page(match, limits, skip=skip, take=take)

    def oldest(self, *, file_id: str, after: int | None, take: int) -> list[int]:
        """The places of a file's logs from just after a place on."""
        scope = self._scope(LogQuery(file_id=file_id))
        if scope is None:
            return []
        limits = place_range(None, None)
        if after is not None:
            limits["first"] = after + 1
        return self._listed(
            "oldest_in_file",
            file_number=scope["file_number"],
            in_trace=None,
            skip=0,
            take=take,
            **limits,
        )

    def _scope(self, query: LogQuery) -> dict[str, Any] | None:
        """The numbers of the file and the version; None when neither can have a log that is shown."""
        file = self._one("scope_of_file", file_id=query.file_id)
        if file is None:
            return None
        if query.version_id is None:
            return {"file_number": file[0], "version_number": None}
        version = self._one("scope_of_version", version_id=query.version_id)
        if version is None or version[1] != file[0]:
            return None
        return {"file_number": file[0], "version_number": version[0]}

    def _listed(self, statement: str, **values: Any) -> list[int]:
        return [place for (place,) in self._connection.all(statement, **values)]

    def _number(self, statement: str, **values: Any) -> int:
        ((number,),) = self._connection.all(statement, **values)
        return int(number)

    def _plain(
        self, query: LogQuery, scope: dict[str, Any], limits: dict[str, int], *, skip: int, take: int
    ) -> Places:
        """By file or version, time, and whether in a trace: from the nearer end of one index."""
        number, count, newest, oldest = _BY_FILE if query.version_id is None else _BY_VERSION
        wanted = {number: scope[number], "in_trace": _flag(query.in_trace), **limits}
        if query.start is None and query.end is None:
            total = self._total(query, scope)
        else:
            total = self._number(count, **wanted)
        take = max(0, min(take, total - skip))
        if not take:
            return [], total
        from_end = total - skip - take
        if skip <= from_end:
            return self._listed(newest, skip=skip, take=take, **wanted), total
        return self._listed(oldest, skip=from_end, take=take, **wanted)[::-1], total

    def _total(self, query: LogQuery, scope: dict[str, Any]) -> int:
        """From the counts that are kept."""
        if query.version_id is None:
            row = self._one("usage_of_file", file_id=query.file_id)
        else:
            row = self._connection.one("counts_of_version", version_number=scope["version_number"])
        assert row is not None
        logs_count, traced_count = int(row[0]), int(row[1])
        return {None: logs_count, True: traced_count, False: logs_count - traced_count}[query.in_trace]

    def _with_id(
        self,
        part: str,
        query: LogQuery,
        scope: dict[str, Any],
        limits: dict[str, int],
        *,
        skip: int,
        take: int,
    ) -> Places:
        """Those that have a part in their id: a part of one letter is in a third of all logs."""
        if "\0" in part:  # which no id has
            return [], 0
        wanted = {**scope, **limits, "in_trace": _flag(query.in_trace)}
        return self._words.page_with_part(part, wanted, skip=skip, take=take)

    def _with_ids(
        self, query: LogQuery, scope: dict[str, Any], match: Match | None, limits: dict[str, int]
    ) -> list[int]:
        """Those that have one of the parts in their id, and the words, if any are wanted."""
        wanted = {**scope, **limits, "in_trace": _flag(query.in_trace)}
        found: set[int] = set()
        for part in {part for part in query.ids if "\0" not in part}:  # which no id has
            found.update(self._words.with_part(part, wanted))
        if found and match is not None:
            found.intersection_update(self._words.all(match, limits))
        return sorted(found, reverse=True)

    def _drawn(self, query: LogQuery, places: list[int]) -> list[int]:
        """A sample of these, if one is wanted."""
        if query.sample is None or query.sample >= len(places):
            return places
        listed = msgspec.json.encode(places).decode()
        return sorted(self._listed("drawn_from_places", places=listed, take=query.sample), reverse=True)

    def _drawn_from_all(
        self, query: LogQuery, sample: int, scope: dict[str, Any], limits: dict[str, int]
    ) -> list[int]:
        wanted = {**scope, **limits, "in_trace": _flag(query.in_trace)}
        return sorted(self._listed("drawn_from_file", take=sample, **wanted), reverse=True)


def _cut(places: list[int], skip: int, take: int) -> Places:
    return places[skip : skip + take], len(places)


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)
