"""The tree in SQL: files, directories, environments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from headrace.core.deployments import Environment
from headrace.core.files import Directory, File, FileQuery
from headrace.core.versions import Draft
from headrace.storage.sql.collection import SqlCollection, place
from headrace.storage.sql.rows import mapper, microseconds

DIRECTORY = mapper(Directory)
DRAFT = mapper(Draft)
ENVIRONMENT = mapper(Environment)
FILE = mapper(File)

_FILE_WIDTH = len(FILE.columns)
SORTED = ("under", "deployed")
"""The scopes whose statements gather every match and sort them: best where these are few of all files.

Where they are many it is better to walk all files in order and leave out what does not match: a page
that ends at the ``m``-th then takes some ``m * all / matches`` steps.
"""
SORTING_COST = 4
"""So many steps of a walk take as long as to gather and sort one file."""


def _name_columns(entry: File | Directory) -> dict[str, str]:
    return {"name": entry.name, "name_folded": entry.name.casefold()}


def _below(path: str) -> dict[str, str]:
    """The two paths between which everything below ``path`` lies: "0" comes right after "/"."""
    return {"after": path + "/", "before": path + "0"}


def _scope(query: FileQuery) -> str:
    """Which statements answer ``query``."""
    if query.under:
        return "under"
    if query.environment_id is not None:
        return "deployed"
    return "of_kind" if len(query.kinds) == 1 else "of_all"


def _values(query: FileQuery) -> dict[str, Any]:
    return {
        "kind": query.kinds[0] if query.kinds else None,
        "kinds": f" {' '.join(query.kinds)} " if query.kinds else None,
        "name": None if query.name is None else query.name.casefold(),
        "user": None if query.user is None else query.user.casefold(),
        "environment_id": query.environment_id,
        **(_below(query.under) if query.under else {"after": None, "before": None}),
    }


class Files(SqlCollection):
    def _file(self, statement: str, **values: str) -> File | None:
        row = self._one(statement, **values)
        return self._shown(FILE.load(row)) if row else None

    def _shown(self, file: File) -> File:
        """A hidden file with the place that it shows."""
        owner = None if file.owner_id is None else self.get(id=file.owner_id)
        if owner is None:
            return file
        path = f"{owner.path}/{file.name}"
        return msgspec.structs.replace(file, path=path, directory_id=owner.directory_id)

    def get(self, *, id: str) -> File | None:
        return self._file("file_by_id", id=id)

    def by_short_id(self, *, kind: str, short_id: str) -> File | None:
        return self._file("file_by_short_id", kind=kind, short_id=short_id)

    def by_short_name(self, *, kind: str, short_name: str) -> File | None:
        return self._file("file_by_short_name", kind=kind, short_name=short_name)

    def at(self, *, path: str) -> File | Directory | None:
        return self._file("file_by_path", path=path) or self._directory("directory_by_path", path=path)

    def add(self, file: File) -> None:
        steps = [self._step("add_file", **FILE.dump(file), **_name_columns(file))]
        if file.owner_id is None:
            steps.append(self._step("count_file", kind=file.kind, change=1))
        self._connection.together(*steps)

    def update(self, file: File) -> None:
        self._run("update_file", **FILE.dump(file), **_name_columns(file))

    def issue_number(self, *, id: str, number: int, at: datetime) -> None:
        self._run("issue_number", id=id, number=number, at=microseconds(at))

    def remove(self, *, id: str, at: datetime) -> None:
        gone = self._one("hide_file", id=id, at=microseconds(at))
        if gone:
            kind, is_counted = gone
            self._run("hide_owned", id=id, at=microseconds(at))
            if is_counted:
                self._run("count_file", kind=kind, change=-1)

    def count(self, *, kind: str) -> int:
        row = self._one("count_of_kind", kind=kind)
        return int(row[0]) if row else 0

    def page(self, query: FileQuery, *, skip: int, take: int) -> tuple[list[File], int]:
        scope = _scope(query)
        values = _values(query)
        total = self._total(query, scope, values)
        if take == 0 or skip >= total:
            return [], total
        if scope in SORTED and (skip + take) * self._all_count() < SORTING_COST * total * total:
            scope = "of_all"
        order = "desc" if query.descending else "asc"
        cut = {"skip": skip, "take": take}
        if scope in SORTED:
            rows = self._all(f"page_{scope}_{order}", sort=query.sort.value, **values, **cut)
        else:
            rows = self._all(f"page_{scope}_by_{query.sort.value}_{order}", **values, **cut)
        return [FILE.load(row) for row in rows], total

    def _total(self, query: FileQuery, scope: str, values: dict[str, Any]) -> int:
        if scope in SORTED or query.name is not None or query.user is not None:
            ((total,),) = self._all(f"count_{scope}_matching", **values)
            return int(total)
        return sum(self.count(kind=kind) for kind in set(query.kinds)) if query.kinds else self._all_count()

    def _all_count(self) -> int:
        ((count,),) = self._all("count_of_all")
        return int(count)

    def drafted(
        self, *, kind: str, before: tuple[datetime, str] | None, take: int
    ) -> list[tuple[File, Draft]]:
        rows = self._all("drafted_files", kind=kind, take=take, **place(before))
        return [(FILE.load(row[:_FILE_WIDTH]), DRAFT.load(row[_FILE_WIDTH:])) for row in rows]

    def of_directory(self, *, directory_id: str, after: File | None, take: int) -> list[File]:
        place = {"name": after.name, "id": after.id} if after else {"name": "", "id": ""}
        rows = self._all("files_of_directory", directory_id=directory_id, take=take, **place)
        return [FILE.load(row) for row in rows]

    def _directory(self, statement: str, **values: str) -> Directory | None:
        row = self._one(statement, **values)
        return DIRECTORY.load(row) if row else None

    def directory(self, *, id: str) -> Directory | None:
        return self._directory("directory_by_id", id=id)

    def directories(self) -> list[Directory]:
        return [DIRECTORY.load(row) for row in self._all("all_directories")]

    def subdirectories(self, *, directory_id: str) -> list[Directory]:
        return [DIRECTORY.load(row) for row in self._all("subdirectories", directory_id=directory_id)]

    def longest_path(self, *, under: str) -> int:
        ((length,),) = self._all("longest_path", **_below(under))
        return int(length)

    def add_directory(self, directory: Directory) -> None:
        self._run("add_directory", **DIRECTORY.dump(directory), **_name_columns(directory))

    def update_directory(self, directory: Directory) -> None:
        before = self.directory(id=directory.id)
        if before is None:
            return
        self._run("update_directory", **DIRECTORY.dump(directory), **_name_columns(directory))
        if directory.path != before.path:
            self._run(
                "move_below",
                path=directory.path,
                length=len(before.path),
                at=microseconds(directory.updated_at),
                **_below(before.path),
            )

    def remove_directory(self, *, id: str) -> bool:
        return self._run("remove_directory", id=id) == 1


class Environments(SqlCollection):
    def all(self) -> list[Environment]:
        return [ENVIRONMENT.load(row) for row in self._all("all_environments")]

    def add(self, environment: Environment) -> None:
        self._run("add_environment", **ENVIRONMENT.dump(environment))

    def update(self, environment: Environment) -> None:
        self._run("update_environment", **ENVIRONMENT.dump(environment))

    def remove(self, *, id: str) -> None:
        self._run("remove_environment", id=id)
