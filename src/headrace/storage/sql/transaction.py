"""The collections of a store that speaks SQL, over whatever runs its statements by name.

An engine brings a ``Connection``; that it raises ``Clash`` for a broken constraint is its part.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from headrace.core.access import Key, Organisation, User
from headrace.core.deployments import Action, Alias, Move, Pointer, PointerKind
from headrace.core.ports import EVERYTHING
from headrace.core.versions import MAX_NUMBER, Draft, Receipt, Release, Version
from headrace.storage.copies.archive import SqlArchive
from headrace.storage.sql.cleaning import Cleaning
from headrace.storage.sql.collection import Connection, SqlCollection, place
from headrace.storage.sql.datasets import Datasets
from headrace.storage.sql.evaluations import Evaluations, Runs
from headrace.storage.sql.executions import Executions, Processes, Sessions, Tickets
from headrace.storage.sql.figures import Figures
from headrace.storage.sql.gates import Gates
from headrace.storage.sql.keeping import Keeping, ProviderAccounts
from headrace.storage.sql.log_words import LogWords
from headrace.storage.sql.logs import Logs
from headrace.storage.sql.monitors import Jobs, Monitors
from headrace.storage.sql.rows import mapper, microseconds
from headrace.storage.sql.tree import DRAFT, Environments, Files

ALIAS = mapper(Alias)
KEY = mapper(Key)
MOVE = mapper(Move)
ORGANISATION = mapper(Organisation)
POINTER = mapper(Pointer)
RECEIPT = mapper(Receipt)
RELEASE = mapper(Release)
USER = mapper(User)
VERSION = mapper(Version)


class Versions(SqlCollection):
    def _version(self, statement: str, **values: str) -> Version | None:
        row = self._one(statement, **values)
        return VERSION.load(row) if row else None

    def get(self, *, id: str) -> Version | None:
        return self._version("version_by_id", id=id)

    def kept(self, *, id: str) -> Version | None:
        return self._version("kept_version", id=id)

    def by_digest(self, *, file_id: str, digest: str) -> Version | None:
        return self._version("version_by_digest", file_id=file_id, digest=digest)

    def by_name(self, *, file_id: str, name: str) -> Version | None:
        return self._version("version_by_name", file_id=file_id, name=name)

    def add(self, version: Version) -> None:
        steps = [self._step("add_version", **VERSION.dump(version))]
        if version.deleted_at is None:
            steps.append(self._step("count_version", file_id=version.file_id, change=1))
        self._connection.together(*steps)

    def update(self, version: Version) -> None:
        before = self._one("version_is_live", id=version.id, file_id=version.file_id)
        if before:
            self._run("update_version", **VERSION.dump(version))
            change = (version.deleted_at is None) - before[0]
            if change:
                self._run("count_version", file_id=version.file_id, change=change)

    def of_file(
        self, *, file_id: str, before: tuple[datetime, str] | None = None, take: int = EVERYTHING
    ) -> list[Version]:
        rows = self._all("versions_of_file", file_id=file_id, take=take, **place(before))
        return [VERSION.load(row) for row in rows]

    def newest(self, *, file_id: str) -> Version | None:
        numbered = self._version("version_of_highest_number", file_id=file_id)
        return numbered or self._version("last_version", file_id=file_id)

    def count(self, *, file_id: str) -> int:
        row = self._one("counts_of_file", file_id=file_id)
        return int(row[0]) if row else 0


class Releases(SqlCollection):
    def get(self, *, file_id: str, number: int) -> Release | None:
        row = self._one("release_by_number", file_id=file_id, number=number)
        return RELEASE.load(row) if row else None

    def add(self, release: Release) -> None:
        row = RELEASE.dump(release)
        given_out = self._step(
            "give_out_number",
            file_id=release.file_id,
            number=release.number,
            is_runnable=row["is_runnable"],
            created_at=row["created_at"],
        )
        self._connection.together(self._step("add_release", **row), given_out)

    def remove(self, *, file_id: str, number: int) -> None:
        removed = self._one("remove_release", file_id=file_id, number=number)
        if removed and removed[0]:
            self._run("count_runnable", file_id=file_id, change=-1)

    def of_version(self, *, version_id: str) -> list[int]:
        return [number for (number,) in self._all("numbers_of_version", version_id=version_id)]

    def runnable(self, *, file_id: str, before: int | None, take: int) -> list[Release]:
        below = MAX_NUMBER + 1 if before is None else before
        rows = self._all("runnable_releases", file_id=file_id, before=below, take=take)
        return [RELEASE.load(row) for row in rows]

    def count_runnable(self, *, file_id: str) -> int:
        row = self._one("counts_of_file", file_id=file_id)
        return int(row[1]) if row else 0


class Drafts(SqlCollection):
    def get(self, *, file_id: str) -> Draft | None:
        row = self._one("draft_of_file", file_id=file_id)
        return DRAFT.load(row) if row else None

    def put(self, draft: Draft) -> None:
        self._connection.together(
            self._step("put_draft", **DRAFT.dump(draft)), self._step("mark_drafted", file_id=draft.file_id)
        )


class Pointers(SqlCollection):
    def move(self, move: Move) -> None:
        if move.leaves_nothing:
            key = {"file_id": move.file_id, "kind": move.kind.value, "pointer_id": move.pointer_id}
            state = self._step("drop_pointer", **key)
        else:
            state = self._step("put_pointer", **POINTER.dump(Pointer.after(move)))
        self._connection.together(self._step("add_move", **MOVE.dump(move)), state)

    def get(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> Pointer | None:
        row = self._one("pointer", file_id=file_id, kind=kind.value, pointer_id=pointer_id)
        return POINTER.load(row) if row else None

    def for_call(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> list[Pointer]:
        rows = self._all("pointers_for_call", file_id=file_id, kind=kind.value, pointer_id=pointer_id)
        return [POINTER.load(row) for row in rows]

    def of_file(self, *, file_id: str) -> list[Pointer]:
        return [POINTER.load(row) for row in self._all("pointers_of_file", file_id=file_id)]

    def last(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, action: Action | None = None
    ) -> Move | None:
        values = {"file_id": file_id, "kind": kind.value, "pointer_id": pointer_id}
        if action is None:
            row = self._one("last_move", **values)
        else:
            row = self._one("last_move_of_action", action=action.value, **values)
        return MOVE.load(row) if row else None

    def history(self, *, file_id: str) -> list[Move]:
        return [MOVE.load(row) for row in self._all("moves_of_file", file_id=file_id)]

    def move_of(self, *, id: str) -> Move | None:
        row = self._one("move_by_id", id=id)
        return MOVE.load(row) if row else None

    def page(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, before: str | None, take: int
    ) -> list[Move]:
        values = {"file_id": file_id, "kind": kind.value, "pointer_id": pointer_id, "take": take}
        if before is None:
            rows = self._all("first_page_of_moves", **values)
        else:
            rows = self._all("page_of_moves", before=before, **values)
        return [MOVE.load(row) for row in rows]

    def of_environment(self, *, environment_id: str, take: int) -> list[Pointer]:
        rows = self._all("pointers_of_environment", environment_id=environment_id, take=take)
        return [POINTER.load(row) for row in rows]


class Aliases(SqlCollection):
    def _alias(self, statement: str, **values: str) -> Alias | None:
        row = self._one(statement, **values)
        return ALIAS.load(row) if row else None

    def get(self, *, file_id: str, id: str) -> Alias | None:
        return self._alias("alias", file_id=file_id, id=id)

    def by_name(self, *, file_id: str, name: str) -> Alias | None:
        return self._alias("alias_by_name", file_id=file_id, name=name)

    def add(self, alias: Alias) -> None:
        self._run("add_alias", **ALIAS.dump(alias))

    def update(self, alias: Alias) -> None:
        self._run("update_alias", **ALIAS.dump(alias))

    def remove(self, *, file_id: str, id: str) -> None:
        self._run("remove_alias", file_id=file_id, id=id)

    def page(self, *, file_id: str, before: tuple[datetime, str] | None, take: int) -> list[Alias]:
        rows = self._all("page_of_aliases", file_id=file_id, take=take, **place(before))
        return [ALIAS.load(row) for row in rows]

    def count(self, *, file_id: str) -> int:
        ((count,),) = self._all("count_of_aliases", file_id=file_id)
        return int(count)


class Tags(SqlCollection):
    def of(self, *, resource: str) -> dict[str, str]:
        return dict(self._all("tags_of_resource", resource=resource))

    def put(self, *, resource: str, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            self._run("put_tag", resource=resource, key=key, value=value)

    def remove(self, *, resource: str, keys: Collection[str]) -> None:
        for key in keys:
            self._run("remove_tag", resource=resource, key=key)


class Secrets(SqlCollection):
    def of(self, *, file_id: str) -> dict[str, str]:
        return dict(self._all("secrets_of_file", file_id=file_id))

    def put(self, *, file_id: str, secrets: Mapping[str, str]) -> None:
        for name, sealed in secrets.items():
            self._run("put_secret", file_id=file_id, name=name, sealed=sealed)

    def remove(self, *, file_id: str, names: Collection[str]) -> None:
        for name in names:
            self._run("remove_secret", file_id=file_id, name=name)


class Receipts(SqlCollection):
    def get(self, *, operation: str, parent: str, token: str) -> Receipt | None:
        row = self._one("receipt", operation=operation, parent=parent, token=token)
        return RECEIPT.load(row) if row else None

    def add(self, receipt: Receipt) -> None:
        self._connection.together(self._step("add_receipt", **RECEIPT.dump(receipt)))

    def remove(self, *, operation: str, parent: str, token: str) -> None:
        self._run("remove_receipt", operation=operation, parent=parent, token=token)

    def expire(self, *, before: datetime, most: int) -> None:
        self._run("expire_receipts", before=microseconds(before), most=most)


class Access(SqlCollection):
    def organisation(self, *, account: str) -> Organisation | None:
        row = self._connection.one("organisation", account=account)
        return ORGANISATION.load(row) if row else None

    def add_organisation(self, organisation: Organisation) -> None:
        self._connection.run("add_organisation", **ORGANISATION.dump(organisation))

    def user(self, *, id: str) -> User | None:
        row = self._one("user_by_id", id=id)
        return USER.load(row) if row else None

    def user_by_email(self, *, email: str) -> User | None:
        row = self._one("user_by_email", email=email)
        return USER.load(row) if row else None

    def add_user(self, user: User) -> None:
        folded = {"email_folded": user.email.casefold(), "full_name_folded": user.full_name.casefold()}
        self._run("add_user", **USER.dump(user), **folded)

    def key_by_hash(self, *, api_key_hash: str) -> Key | None:
        row = self._connection.one("key_by_hash", api_key_hash=api_key_hash)
        return KEY.load(row) if row else None

    def key_by_access_id(self, *, access_key_id: str) -> Key | None:
        row = self._connection.one("key_by_access_id", access_key_id=access_key_id)
        return KEY.load(row) if row else None

    def keys(self) -> list[Key]:
        return [KEY.load(row) for row in self._connection.all("all_keys")]

    def add_key(self, key: Key) -> None:
        self._connection.run("add_key", **KEY.dump(key))

    def revoke_key(self, *, id: str, at: datetime) -> None:
        self._connection.run("revoke_key", id=id, at=microseconds(at))

    def has_keys(self) -> bool:
        ((has,),) = self._connection.all("has_keys")
        return bool(has)


class SqlTransaction:
    """One organisation's collections on a connection; it is a transaction while the connection is in one.

    Args:
        words: makes the engine's full-text indexes of logs.
    """

    def __init__(
        self, connection: Connection, account: str, words: Callable[[Connection, str], LogWords]
    ) -> None:
        self.account = account
        self.files = Files(connection, account)
        self.versions = Versions(connection, account)
        self.releases = Releases(connection, account)
        self.drafts = Drafts(connection, account)
        self.environments = Environments(connection, account)
        self.pointers = Pointers(connection, account)
        self.aliases = Aliases(connection, account)
        self.gates = Gates(connection, account)
        self.figures = Figures(connection, account)
        self.tags = Tags(connection, account)
        self.secrets = Secrets(connection, account)
        self.datasets = Datasets(connection, account)
        self.evaluations = Evaluations(connection, account)
        self.runs = Runs(connection, account)
        self.executions = Executions(connection, account)
        self.tickets = Tickets(connection, account)
        self.sessions = Sessions(connection, account)
        found_by = words(connection, account)
        self.logs = Logs(connection, account, found_by)
        self.archive = SqlArchive(connection, account, found_by)
        self.monitors = Monitors(connection, account)
        self.jobs = Jobs(connection, account)
        self.processes = Processes(connection, account)
        self.receipts = Receipts(connection, account)
        self.access = Access(connection, account)
        self.keeping = Keeping(connection, account)
        self.cleaning = Cleaning(connection, account)
        self.providers = ProviderAccounts(connection, account)
