"""An organisation's rows as they stand in an archive, in SQL.

Places and numbers that a store gives its rows itself are in no archive: rows come in order, and get others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from headrace.core.archives import Columns, Fate, Head, Line, Refused
from headrace.core.deployments import Pointer, PointerKind
from headrace.core.judgments import counted
from headrace.core.ports import Clash
from headrace.storage.copies.archive_checks import (
    MAPPERS,
    check_members,
    check_row,
    read_values,
    write_values,
)
from headrace.storage.copies.archive_columns import schema_number
from headrace.storage.copies.archive_tables import ARCHIVED, LEFT_OUT, Archived
from headrace.storage.draws import draw_of
from headrace.storage.log_words import index_words
from headrace.storage.places import free_place
from headrace.storage.sql.collection import Connection, SqlCollection
from headrace.storage.sql.datasets import Datasets
from headrace.storage.sql.log_words import LogWords
from headrace.storage.sql.rows import mapper, microseconds

DATASET = "dataset"
BY_NAME = {table.name: table for table in ARCHIVED}
POINTER = mapper(Pointer)
OF_THEIR_FILE = frozenset({"releases", "moves", "approvals", "usage", "logs"})
"""Tables whose rows name versions of the very file that they belong to."""


class SqlArchive(SqlCollection):
    """Reads rows in order, and adds those that are not there."""

    def __init__(self, connection: Connection, account: str, words: LogWords) -> None:
        super().__init__(connection, account)
        self._words = words
        self._files: dict[tuple[str, str], str] = {}
        self._datasets = Datasets(connection, account)
        self._adding: Mapping[str, Callable[[dict[str, Any], datetime, str], None]] = {
            "users": self._add_user,
            "entries": self._add_entry,
            "environments": self._add_environment,
            "versions": self._add_version,
            "releases": self._add_release,
            "drafts": self._add_draft,
            "moves": self._add_move,
            "aliases": self._add_alias,
            "usage": self._add_usage,
            "logs": self._add_log,
        }

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(BY_NAME)

    @property
    def schema(self) -> int:
        return schema_number()

    def head(self) -> tuple[str, list[str]]:
        root = self._root()
        return "" if root is None else str(root[0]), [row[0] for row in self._all("all_environments")]

    def page(
        self, *, table: str, after: tuple[Any, ...] | None, take: int
    ) -> tuple[list[Columns], tuple[Any, ...] | None]:
        one = BY_NAME[table]
        place = {f"after_{nth}": value for nth, value in enumerate(after or one.start)}
        rows = self._all(f"archive_page_{table}", take=take, **place)
        width = len(one.names)
        found = [write_values(dict(zip(one.names, row[:width], strict=True))) for row in rows]
        return found, tuple(rows[-1][width:]) if len(rows) == take else None

    def left_out(self) -> dict[str, str]:
        told = dict(LEFT_OUT)
        for name, statement, text in (
            ("executions", "archive_going_executions", "runs that have not ended, with their events: {}"),
            ("watches", "archive_going_watches", "watches that go on: {}"),
            ("secrets", "archive_secrets", "sealed values, which only their own server can open: {}"),
        ):
            ((count,),) = self._all(statement)
            if count:
                told[name] = text.format(count)
        return told

    def put(self, line: Line, *, head: Head, at: datetime, spare_id: str) -> Fate:
        table = BY_NAME.get(line.table)
        if table is None:
            raise Refused("is of a table that no archive has")
        given = read_values(table, line.row)
        if table.name == "entries" and self._is_root(given, head):
            return Fate.UNCHANGED
        values = self._with_people(table, given)
        there = self._there(table, values)
        if there is not None:
            _check_same(given, there)
            return Fate.UNCHANGED
        self._check_references(table, values)
        check_row(table, values, kind=self._kind_of(values.get("file_id")))
        try:
            self._add(table, values, head, at, spare_id)
        except Clash as clash:
            raise Refused(_clash(clash.rule)) from None
        return Fate.ADDED

    def _there(self, table: Archived, values: Mapping[str, Any]) -> dict[str, Any] | None:
        row = self._one(f"archive_one_{table.name}", **{name: values[name] for name in table.key})
        return None if row is None else dict(zip(table.names, row, strict=True))

    def _with_people(self, table: Archived, given: dict[str, Any]) -> dict[str, Any]:
        """The same with the ids of users, which are others here."""
        ids = {}
        for name in table.people:
            said = given[name]
            if said is not None and "@" in said:
                user = self._one("user_by_email", email=said)
                if user is None:
                    raise Refused(f"{name} names a user who is not here: {said!r}")
                ids[name] = user[0]
        return {**given, **ids}

    def _check_references(self, table: Archived, values: Mapping[str, Any]) -> None:
        named = list(table.refers)
        if table.name == "entries" and values["deleted_at"] is None and values["path"]:
            named += [("directory_id", "entries"), ("owner_id", "entries")]
        for name, other in named:
            file_id = None if values[name] is None else self._file_of(other, values[name])
            if values[name] is not None and file_id is None:
                raise Refused(f"{name} names what is not here: {values[name]!r}")
            if file_id is not None and other == "versions" and table.name in OF_THEIR_FILE:
                _check_file(name, values, file_id)

    def _file_of(self, table: str, id: str) -> str | None:
        """The file that a row belongs to, or its own id; None when it is not here."""
        if (table, id) not in self._files:  # a version has many logs
            row = self._one(f"archive_one_{table}", id=id)
            if row is None:
                return None
            names = BY_NAME[table].names
            self._files[table, id] = row[names.index("file_id" if "file_id" in names else "id")]
        return self._files[table, id]

    def _kind_of(self, file_id: str | None) -> str | None:
        row = self._one("archive_one_entries", id=file_id) if file_id else None
        return None if row is None else row[BY_NAME["entries"].names.index("kind")]

    def _root(self) -> tuple[Any, ...] | None:
        return self._one("directory_by_path", path="")

    def _is_pristine(self) -> bool:
        return self._one("archive_is_used") is None and self._one("archive_has_gates") is None

    def _is_root(self, given: dict[str, Any], head: Head) -> bool:
        """Whether it is the root, which is here already; what is in it is put into the one that is here."""
        root = self._root()
        if given["path"] == "" and given["kind"] is None and root is not None:
            if given["id"] != root[0] and self._is_pristine():
                moments = {name: given[name] for name in ("created_at", "updated_at")}
                self._run("archive_replace_root", id=given["id"], **moments)
            return True
        if root is not None and given["directory_id"] == head.root:
            given["directory_id"] = root[0]
        return False

    def _add(self, table: Archived, values: dict[str, Any], head: Head, at: datetime, spare_id: str) -> None:
        if table.name == "environments" and self._is_pristine():
            self._forget_born(head)
        add = self._adding.get(table.name)
        if add is None:
            self._insert(table.name, values)
        else:
            add(values, at, spare_id)

    def _insert(self, table: str, values: Mapping[str, Any]) -> None:
        columns = BY_NAME[table].columns
        self._run(f"archive_add_{table}", **{name: values[name] for name in columns})

    def _forget_born(self, head: Head) -> None:
        """Remove the environments that the organisation was born with, and nobody has used."""
        organisation = self._connection.one("organisation", account=self._account)
        for environment_id, _, _, created_at in self._all("all_environments"):
            is_born = organisation is not None and created_at == organisation[2]
            if is_born and environment_id not in head.environments:
                self._run("remove_environment", id=environment_id)

    def _add_environment(self, values: dict[str, Any], _: datetime, __: str) -> None:
        self._insert("environments", values)

    def _add_user(self, values: dict[str, Any], at: datetime, spare_id: str) -> None:
        email, name = values["email"], values["full_name"]
        folded = {"email_folded": email.casefold(), "full_name_folded": name.casefold()}
        self._run("add_user", id=spare_id, created_at=microseconds(at), **values, **folded)

    def _add_entry(self, values: dict[str, Any], _: datetime, __: str) -> None:
        self._insert("entries", values)
        is_live = values["deleted_at"] is None and values["owner_id"] is None
        if is_live and values["kind"] is not None:
            self._run("count_file", kind=values["kind"], change=1)

    def _add_version(self, values: dict[str, Any], _: datetime, __: str) -> None:
        if self._kind_of(values["file_id"]) == DATASET:
            check_members(self._datasets, file_id=values["file_id"], content=values["content"])
        self._insert("versions", values)
        if values["deleted_at"] is None:
            self._run("count_version", file_id=values["file_id"], change=1)

    def _add_release(self, values: dict[str, Any], _: datetime, __: str) -> None:
        self._insert("releases", values)
        if values["is_runnable"] and not values["is_removed"]:
            self._run("count_runnable", file_id=values["file_id"], change=1)

    def _add_draft(self, values: dict[str, Any], _: datetime, __: str) -> None:
        self._insert("drafts", values)
        self._run("mark_drafted", file_id=values["file_id"])

    def _add_move(self, values: dict[str, Any], _: datetime, __: str) -> None:
        """Append a move to the very moves that it followed, and leave the pointer as it did."""
        key = {name: values[name] for name in ("file_id", "kind", "pointer_id")}
        last = self._one("last_move", **key)
        if (None if last is None else last[0]) != values["after"]:
            raise Refused("follows another move than the last one here: the pointer was moved here too")
        move = MAPPERS["moves"].load(tuple(values[name] for name in MAPPERS["moves"].columns))
        if move.targets_nothing and self._is_alias(move.kind, move.file_id, move.pointer_id):
            raise Refused("takes away what an alias targets that is here")
        self._insert("moves", values)
        if move.leaves_nothing or not self._has_pointer(move.kind, move.file_id, move.pointer_id):
            self._run("drop_pointer", **key)
        else:
            self._run("put_pointer", **POINTER.dump(Pointer.after(move)))

    def _add_alias(self, values: dict[str, Any], _: datetime, __: str) -> None:
        """Add an alias with what its moves, which came before it, let it target."""
        key = {"file_id": values["file_id"], "kind": PointerKind.ALIAS.value, "pointer_id": values["id"]}
        row = self._one("last_move", **key)
        move = None if row is None else MAPPERS["moves"].load(row)
        if move is None or move.targets_nothing:
            raise Refused("targets nothing: its moves are not here")
        self._insert("aliases", values)
        self._run("put_pointer", **POINTER.dump(Pointer.after(move)))

    def _has_pointer(self, kind: PointerKind, file_id: str, pointer_id: str) -> bool:
        """Whether there is what points; moves outlive it."""
        if kind is PointerKind.ENVIRONMENT:
            return self._one("archive_one_environments", id=pointer_id) is not None
        if kind is PointerKind.FLOW:
            return pointer_id == file_id
        return self._is_alias(kind, file_id, pointer_id)

    def _is_alias(self, kind: PointerKind, file_id: str, pointer_id: str) -> bool:
        is_alias = kind is PointerKind.ALIAS
        return is_alias and self._one("alias", file_id=file_id, id=pointer_id) is not None

    def _numbers(self, file_id: str, version_id: str) -> dict[str, int]:
        row = self._one("scope_of_version", version_id=version_id)
        if row is None:
            row = self._one("add_scope", version_id=version_id, file_id=file_id)
        assert row is not None
        return {"version_number": row[0], "file_number": row[1]}

    def _add_usage(self, values: dict[str, Any], _: datetime, __: str) -> None:
        numbers = self._numbers(values["file_id"], values["version_id"])
        if values["last_used_at"] is not None:
            used = {"version_number": numbers["version_number"], "at": values["last_used_at"]}
            self._connection.run("note_use", **used)

    def _add_log(self, values: dict[str, Any], _: datetime, __: str) -> None:
        log = MAPPERS["logs"].load(tuple(values[name] for name in MAPPERS["logs"].columns))
        numbers = self._numbers(log.file_id, log.version_id)
        place = free_place(self._connection, log.created_at)
        columns = {**values, "is_counted": int(counted(log) is not None)}
        del columns["payload"]
        in_trace = int(log.is_in_trace)
        recount = {"version_number": numbers["version_number"], "change": 1, "traced_change": in_trace}
        steps = (
            self._step("add_log", place=place, lot=draw_of(log.id), **columns, **numbers),
            self._step("add_payload", place=place, payload=log.payload),
            ("recount_log", recount),
        )
        self._words.add(place, id=log.id, words=index_words(log, **numbers), beside=steps)


def _check_file(name: str, values: Mapping[str, Any], file_id: str) -> None:
    if file_id != values["file_id"]:
        raise Refused(f"{name} names a version of another file: {values[name]!r}")


def _check_same(given: Mapping[str, Any], there: Mapping[str, Any]) -> None:
    other = [name for name, value in given.items() if value != there[name]]
    if other:
        raise Refused(f"is here and differs in {', '.join(sorted(other))}")


def _clash(rule: str) -> str:
    if rule == "reference":
        return "belongs to what is not here"
    return f"clashes with another one here: the same {rule.replace('_', ' ')}"
