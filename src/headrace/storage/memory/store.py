"""The reference model: everything in dicts, gone when the process ends.

It says what the other stores must answer, so it is written to be obviously right, not fast. What makes a
use case all-or-nothing is a journal: each change of a table notes what was there before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import ClassVar, TypeVar

import msgspec

from headrace.core.access import Key, Organisation, User
from headrace.core.archives import Archive
from headrace.core.changes import Changes
from headrace.core.deployments import Action, Alias, Move, Pointer, PointerKind
from headrace.core.errors import Conflict, Unavailable
from headrace.core.ports import Clash, Transaction
from headrace.core.versions import Receipt
from headrace.storage.errors import ReadOnly
from headrace.storage.memory.cleaning import Cleaning
from headrace.storage.memory.datasets import Datasets
from headrace.storage.memory.evaluations import Evaluations, Runs
from headrace.storage.memory.executions import Executions, Processes, Sessions, Tickets
from headrace.storage.memory.figures import Figures
from headrace.storage.memory.files import Drafts, Releases, Versions
from headrace.storage.memory.gates import Gates
from headrace.storage.memory.keeping import Keeping, ProviderAccounts
from headrace.storage.memory.logs import Logs
from headrace.storage.memory.monitors import Jobs, Monitors
from headrace.storage.memory.tables import Claim, Rows, Shared, Undo
from headrace.storage.memory.tree import Environments, Files

T = TypeVar("T")


class _Pointers:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def move(self, move: Move) -> None:
        if move.id in self._rows.move_ids:
            raise Clash("id")
        self._rows.require_file(move.file_id)
        self._rows.move_ids.put(move.id, move.file_id)
        rows = self._rows.of(move.file_id)
        rows.moves.put(len(rows.moves), move)
        if move.leaves_nothing:
            rows.pointers.drop((move.kind, move.pointer_id))
        else:
            rows.pointers.put((move.kind, move.pointer_id), Pointer.after(move))

    def get(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> Pointer | None:
        return self._rows.of(file_id).pointers.get((kind, pointer_id))

    def for_call(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> list[Pointer]:
        places = {(kind, pointer_id), (PointerKind.FLOW, file_id)}
        found = (self._rows.of(file_id).pointers.get(place) for place in sorted(places))
        return [pointer for pointer in found if pointer is not None]

    def of_file(self, *, file_id: str) -> list[Pointer]:
        found = sorted(self._rows.of(file_id).pointers.items())
        return [pointer for _, pointer in found if not pointer.aim.is_nothing]

    def last(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, action: Action | None = None
    ) -> Move | None:
        made = self._newest_first(file_id, kind, pointer_id)
        return next((move for move in made if action in (None, move.action)), None)

    def history(self, *, file_id: str) -> list[Move]:
        return list(self._rows.of(file_id).moves.values())

    def move_of(self, *, id: str) -> Move | None:
        made = self.history(file_id=self._rows.move_ids.get(id, ""))
        return next((move for move in made if move.id == id), None)

    def page(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, before: str | None, take: int
    ) -> list[Move]:
        made = self._newest_first(file_id, kind, pointer_id)
        if before is not None:
            start = self.move_of(id=before)
            made = [] if start is None else self._earlier(made, start)
        return made[:take]

    def _newest_first(self, file_id: str, kind: PointerKind, pointer_id: str) -> list[Move]:
        made = reversed(self.history(file_id=file_id))
        return [move for move in made if (move.kind, move.pointer_id) == (kind, pointer_id)]

    @staticmethod
    def _earlier(made: list[Move], start: Move) -> list[Move]:
        return made[made.index(start) + 1 :] if start in made else []

    def of_environment(self, *, environment_id: str, take: int) -> list[Pointer]:
        found = [
            pointer
            for file_id in sorted(self._rows.files)
            if (pointer := self._rows.of(file_id).pointers.get((PointerKind.ENVIRONMENT, environment_id)))
        ]
        return found[:take]


def _alias_claims(alias: Alias) -> list[Claim]:
    return [("alias_name", alias.file_id, alias.name)]


class _Aliases:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, *, file_id: str, id: str) -> Alias | None:
        return self._rows.of(file_id).aliases.get(id)

    def by_name(self, *, file_id: str, name: str) -> Alias | None:
        return self.get(file_id=file_id, id=self._rows.claims.get(("alias_name", file_id, name), ""))

    def add(self, alias: Alias) -> None:
        self._rows.claims.check(_alias_claims(alias))
        aliases = self._rows.of(alias.file_id).aliases
        if alias.id in aliases:
            raise Clash("id")
        self._rows.require_file(alias.file_id)
        self._rows.claims.take(alias.id, _alias_claims(alias))
        aliases.put(alias.id, alias)

    def update(self, alias: Alias) -> None:
        aliases = self._rows.of(alias.file_id).aliases
        if alias.id in aliases:
            self._rows.claims.check(_alias_claims(alias), owner=alias.id)
            self._rows.claims.give_up(_alias_claims(aliases[alias.id]))
            self._rows.claims.take(alias.id, _alias_claims(alias))
            aliases.put(alias.id, alias)

    def remove(self, *, file_id: str, id: str) -> None:
        alias = self.get(file_id=file_id, id=id)
        if alias:
            self._rows.claims.give_up(_alias_claims(alias))
            self._rows.of(file_id).aliases.drop(id)

    def page(self, *, file_id: str, before: tuple[datetime, str] | None, take: int) -> list[Alias]:
        found = [
            alias
            for alias in self._rows.of(file_id).aliases.values()
            if before is None or (alias.created_at, alias.id) < before
        ]
        return sorted(found, key=lambda alias: (alias.created_at, alias.id), reverse=True)[:take]

    def count(self, *, file_id: str) -> int:
        return len(self._rows.of(file_id).aliases)


class _Tags:
    def __init__(self, rows: Rows) -> None:
        self._tags = rows.tags

    def of(self, *, resource: str) -> dict[str, str]:
        return dict(sorted(self._tags.get(resource, {}).items()))

    def put(self, *, resource: str, tags: Mapping[str, str]) -> None:
        self._tags.put(resource, {**self._tags.get(resource, {}), **tags})

    def remove(self, *, resource: str, keys: Collection[str]) -> None:
        kept = {key: value for key, value in self.of(resource=resource).items() if key not in keys}
        self._tags.put(resource, kept)


class _Secrets:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def of(self, *, file_id: str) -> dict[str, str]:
        return dict(sorted(self._rows.secrets.get(file_id, {}).items()))

    def put(self, *, file_id: str, secrets: Mapping[str, str]) -> None:
        self._rows.require_file(file_id)
        self._rows.secrets.put(file_id, {**self.of(file_id=file_id), **secrets})

    def remove(self, *, file_id: str, names: Collection[str]) -> None:
        kept = {name: sealed for name, sealed in self.of(file_id=file_id).items() if name not in names}
        self._rows.secrets.put(file_id, kept)


class _Receipts:
    def __init__(self, rows: Rows) -> None:
        self._receipts = rows.receipts

    def get(self, *, operation: str, parent: str, token: str) -> Receipt | None:
        return self._receipts.get((operation, parent, token))

    def add(self, receipt: Receipt) -> None:
        key = (receipt.operation, receipt.parent, receipt.token)
        if key in self._receipts:
            raise Clash("receipt")
        self._receipts.put(key, receipt)

    def remove(self, *, operation: str, parent: str, token: str) -> None:
        self._receipts.drop((operation, parent, token))

    def expire(self, *, before: datetime, most: int) -> None:
        old = sorted((r.created_at, key) for key, r in self._receipts.items() if r.created_at < before)
        for _, key in old[:most]:
            self._receipts.drop(key)


class _Access:
    def __init__(self, rows: Rows, shared: Shared) -> None:
        self._rows = rows
        self._shared = shared

    def organisation(self, *, account: str) -> Organisation | None:
        return self._shared.organisations.get(account)

    def add_organisation(self, organisation: Organisation) -> None:
        if organisation.account in self._shared.organisations:
            raise Clash("id")
        self._shared.organisations.put(organisation.account, organisation)

    def user(self, *, id: str) -> User | None:
        return self._rows.users.get(id)

    def user_by_email(self, *, email: str) -> User | None:
        return self._rows.users.get(self._rows.claims.get(("email", email), ""))

    def add_user(self, user: User) -> None:
        self._rows.claims.check([("email", user.email)])
        if user.id in self._rows.users:
            raise Clash("id")
        self._rows.claims.take(user.id, [("email", user.email)])
        self._rows.users.put(user.id, user)

    def key_by_hash(self, *, api_key_hash: str) -> Key | None:
        return self._shared.keys.get(self._shared.claims.get(("key", "hash", api_key_hash), ""))

    def key_by_access_id(self, *, access_key_id: str) -> Key | None:
        return self._shared.keys.get(self._shared.claims.get(("key", "access", access_key_id), ""))

    def keys(self) -> list[Key]:
        return sorted(self._shared.keys.values(), key=lambda key: (key.created_at, key.id))

    def add_key(self, key: Key) -> None:
        claims: list[Claim] = [("key", "hash", key.api_key_hash), ("key", "access", key.access_key_id)]
        self._shared.claims.check(claims)
        if key.id in self._shared.keys:
            raise Clash("id")
        self._shared.claims.take(key.id, claims)
        self._shared.keys.put(key.id, key)

    def revoke_key(self, *, id: str, at: datetime) -> None:
        key = self._shared.keys.get(id)
        if key and key.revoked_at is None:
            self._shared.keys.put(id, msgspec.structs.replace(key, revoked_at=at))

    def has_keys(self) -> bool:
        return bool(self._shared.keys)


class _Transaction:
    """One organisation's collections; the journal makes any stretch of their use a transaction."""

    def __init__(self, account: str, journal: list[Undo], shared: Shared) -> None:
        rows = Rows(journal)
        self.account = account
        self.files = Files(rows)
        self.versions = Versions(rows)
        self.releases = Releases(rows)
        self.drafts = Drafts(rows)
        self.environments = Environments(rows)
        self.pointers = _Pointers(rows)
        self.aliases = _Aliases(rows)
        self.gates = Gates(rows)
        self.figures = Figures(rows)
        self.tags = _Tags(rows)
        self.secrets = _Secrets(rows)
        self.datasets = Datasets(rows)
        self.evaluations = Evaluations(rows)
        self.runs = Runs(rows)
        self.executions = Executions(account, rows, shared)
        self.tickets = Tickets(account, shared)
        self.sessions = Sessions(account, rows, shared)
        self.logs = Logs(rows)
        self.monitors = Monitors(rows)
        self.jobs = Jobs(account, shared)
        self.processes = Processes(shared)
        self.receipts = _Receipts(rows)
        self.access = _Access(rows, shared)
        self.keeping = Keeping(account, rows, shared)
        self.cleaning = Cleaning(account, rows, shared)
        self.providers = ProviderAccounts(rows)

    @property
    def archive(self) -> Archive:
        raise Conflict("A store in memory can't be archived. Use one in a file, or in PostgreSQL.")


class MemoryStore:
    """A store that keeps everything until the process ends."""

    is_shared: ClassVar = False

    def __init__(self) -> None:
        self._journal: list[Undo] = []
        self._shared = Shared(self._journal)
        self._transactions: dict[str, _Transaction] = {}
        self._is_closed = False
        self.changes = Changes()

    def _begin(self, account: str) -> _Transaction:
        if self._is_closed:
            raise Unavailable("The store is closed.")
        if account not in self._transactions:
            self._transactions[account] = _Transaction(account, self._journal, self._shared)
        return self._transactions[account]

    def _roll_back(self) -> None:
        while self._journal:
            self._journal.pop()()

    async def scan(self, account: str, work: Callable[[Transaction], T]) -> T:
        return await self.read(account, work)

    async def read(self, account: str, work: Callable[[Transaction], T]) -> T:
        try:
            result = work(self._begin(account))
            if self._journal:
                raise ReadOnly("This use case writes; give it to `write`.")
        finally:
            self._roll_back()
        return result

    async def write(self, account: str, work: Callable[[Transaction], T]) -> T:
        try:
            result = work(self._begin(account))
            self._journal.clear()
            self.changes.count(of_registry=True)
        finally:
            self._roll_back()
        return result

    async def check(self) -> None:
        if self._is_closed:
            raise Unavailable("The store is closed.")

    async def scrub(self) -> None:
        pass

    async def close(self) -> None:
        self._is_closed = True
