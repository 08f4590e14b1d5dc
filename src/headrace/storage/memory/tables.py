"""The memory store's tables: dicts whose changes are journaled, and who holds which unique value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

from headrace.core.access import Key, Organisation, User
from headrace.core.datasets import Datapoint
from headrace.core.deployments import Alias, Environment, Move, Pointer, PointerKind
from headrace.core.durable import Ticket
from headrace.core.evaluations import Awaited, Evaluation, Run, RunLink, Seat, Slot
from headrace.core.files import Directory, File
from headrace.core.gates import Approved, Gate, Watch
from headrace.core.keeping import Erasure, Retention
from headrace.core.logs import Log, Usage
from headrace.core.monitoring import Job, Monitor, Total, Work
from headrace.core.ports import Clash
from headrace.core.processes import Process
from headrace.core.providers import ProviderAccount, ProviderUse, Span
from headrace.core.records import EventBatch, Execution, Session
from headrace.core.versions import Draft, Receipt, Release, Version

K = TypeVar("K")
V = TypeVar("V")

Undo = Callable[[], Any]
Claim = tuple[str, ...]
"""A rule of ``Clash`` and the value that only one thing may have."""
JobKey = tuple[str, Work, str, str]
"""Account, work, subject, object."""


class Table(dict[K, V], Generic[K, V]):
    """A dict whose changes are journaled."""

    def __init__(self, journal: list[Undo]) -> None:
        super().__init__()
        self._journal = journal

    def put(self, key: K, value: V) -> None:
        if key in self:
            before = self[key]
            self._journal.append(lambda: self.__setitem__(key, before))
        else:
            self._journal.append(lambda: self.__delitem__(key))
        self[key] = value

    def drop(self, key: K) -> None:
        if key in self:
            before = self.pop(key)
            self._journal.append(lambda: self.__setitem__(key, before))


class Claims(Table[Claim, str]):
    """Who has which unique value."""

    def check(self, claims: list[Claim], *, owner: str | None = None) -> None:
        """Raise Clash when anyone but ``owner`` has one of them."""
        for claim in claims:
            if self.get(claim, owner) != owner:
                raise Clash(claim[0])

    def take(self, owner: str, claims: list[Claim]) -> None:
        for claim in claims:
            self.put(claim, owner)

    def give_up(self, claims: list[Claim]) -> None:
        for claim in claims:
            self.drop(claim)


class FileRows:
    """What belongs to one file. A removed release leaves None, so that its number stays taken."""

    def __init__(self, journal: list[Undo]) -> None:
        self.versions: Table[str, Version] = Table(journal)
        self.releases: Table[int, Release | None] = Table(journal)
        self.drafts: Table[str, Draft] = Table(journal)
        self.aliases: Table[str, Alias] = Table(journal)
        self.moves: Table[int, Move] = Table(journal)
        self.pointers: Table[tuple[PointerKind, str], Pointer] = Table(journal)

    def live_versions(self) -> list[Version]:
        return [version for version in self.versions.values() if version.deleted_at is None]

    def live_releases(self) -> list[Release]:
        return [release for release in self.releases.values() if release is not None]


class Rows:
    """One organisation's tables. ``hidden`` are removed files."""

    def __init__(self, journal: list[Undo]) -> None:
        self.files: Table[str, File] = Table(journal)
        self.hidden: Table[str, File] = Table(journal)
        self.removed_at: Table[str, datetime] = Table(journal)
        self.directories: Table[str, Directory] = Table(journal)
        self.claims = Claims(journal)
        self.file_of: Table[str, str] = Table(journal)
        self.environments: Table[str, Environment] = Table(journal)
        self.tags: Table[str, dict[str, str]] = Table(journal)
        self.secrets: Table[str, dict[str, str]] = Table(journal)
        self.receipts: Table[tuple[str, str, str], Receipt] = Table(journal)
        self.users: Table[str, User] = Table(journal)
        self.move_ids: Table[str, str] = Table(journal)
        self.logs: Table[str, Log] = Table(journal)
        self.arrivals: Table[str, int] = Table(journal)
        self.usage: Table[tuple[str, str], datetime] = Table(journal)
        self.totals: Table[tuple[str, str], Total] = Table(journal)
        self.monitors: Table[str, Monitor] = Table(journal)
        self.datapoints: Table[str, Datapoint] = Table(journal)
        self.datapoint_contents: Table[tuple[str, str], str] = Table(journal)
        self.dataset_parts: Table[tuple[str, str], str] = Table(journal)
        self.evaluations: Table[str, Evaluation] = Table(journal)
        self.seats: Table[tuple[str, str], Seat] = Table(journal)
        self.runs: Table[str, Run] = Table(journal)
        self.run_links: Table[tuple[str, str], RunLink] = Table(journal)
        self.slots: dict[str, Table[int, Slot]] = defaultdict(lambda: Table(journal))
        self.awaited: Table[tuple[str, str, int], Awaited] = Table(journal)
        self.gates: Table[tuple[str, PointerKind, str], Gate] = Table(journal)
        self.approvals: Table[tuple[str, PointerKind, str, str, str], Approved] = Table(journal)
        self.watches: Table[tuple[str, str], Watch] = Table(journal)
        self.erasures: Table[str, Erasure] = Table(journal)
        self.provider_accounts: Table[str, ProviderAccount] = Table(journal)
        self.provider_uses: Table[tuple[str, Span], ProviderUse] = Table(journal)
        self._of_file: dict[str, FileRows] = defaultdict(lambda: FileRows(journal))

    def of(self, file_id: str) -> FileRows:
        return self._of_file[file_id]

    def require_file(self, file_id: str) -> None:
        if file_id not in self.files and file_id not in self.hidden:
            raise Clash("reference")

    def usage_of(self, *, file_id: str | None = None, version_id: str | None = None) -> Usage:
        """How often a file or a version was used; ``usage`` has when each version was used last."""

        def is_meant(file: str, version: str) -> bool:
            return file_id in (None, file) and version_id in (None, version)

        logs = [log for log in self.logs.values() if is_meant(log.file_id, log.version_id)]
        times = [at for (file, version), at in self.usage.items() if is_meant(file, version)]
        return Usage(logs_count=len(logs), last_used_at=max(times, default=None))


class Shared:
    """The tables of all organisations together."""

    def __init__(self, journal: list[Undo]) -> None:
        self.organisations: Table[str, Organisation] = Table(journal)
        self.keys: Table[str, Key] = Table(journal)
        self.executions: Table[tuple[str, str], Execution] = Table(journal)
        self.batches: Table[tuple[str, str], tuple[EventBatch, ...]] = Table(journal)
        self.tickets: Table[tuple[str, str], Ticket] = Table(journal)
        self.sessions: Table[tuple[str, str, str], Session] = Table(journal)
        self.processes: Table[str, Process] = Table(journal)
        self.retentions: Table[tuple[str, str], Retention] = Table(journal)
        self.jobs: Table[JobKey, Job] = Table(journal)
        self.claims = Claims(journal)
