"""What the inside needs of a store to forget. See `headrace.core.ports` for what holds of all of it.

Logs and runs are found here as they lie in the store: those of files that are gone, too.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

import msgspec

from headrace.core.keeping import Erasure, Retention
from headrace.core.logs import Log
from headrace.core.records import Execution


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A log, and where it stands in the store's own order."""

    place: int
    log: Log


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was sealed with the server's key.

    Attributes:
        table: where it stands.
        key: the values by which its row is known.
    """

    table: str
    key: tuple[str, ...]
    sealed: str


class Keeping(Protocol):
    """Finds what is to be forgotten, and remembers how long things are kept and what was erased."""

    def rule(self, *, file_id: str) -> Retention | None:
        """How long the logs of a file are kept, where that was said of it."""

    def rules(self) -> list[Retention]:
        """Those of all files, in the order of their ids."""

    def put_rule(self, rule: Retention) -> None:
        """Set the rule of a file, in the place of the one that is there."""

    def remove_rule(self, *, file_id: str) -> None: ...

    def accounts(self, *, with_rules: bool) -> list[str]:
        """All organisations, or those only of which any file has a rule that is not for ever."""

    def files_with_logs(self) -> list[str]:
        """The ids of files that have logs, gone ones too, in order."""

    def old(self, *, file_id: str, before: datetime, after: int | None, take: int) -> list[tuple[int, str]]:
        """The place and id of logs of a file that were created before a moment, oldest first, from just after
        a place on. Judgments on other logs are not among them."""

    def page(self, *, after: int | None, take: int) -> list[Placed]:
        """The organisation's logs, from just after a place on."""

    def some(self, *, ids: Collection[str]) -> list[Log]:
        """Those of these logs that are kept, in no order."""

    def hanging(self, *, ids: Collection[str]) -> list[str]:
        """The ids of the logs right below any of these, and of those that judge them."""

    def in_traces(self, *, ids: Collection[str]) -> list[str]:
        """The ids of the other logs in the traces that have these as their roots."""

    def executions(self, *, after: str, take: int) -> list[Execution]:
        """The organisation's runs in the order of their ids, from just after one on."""

    def executions_named(self, *, name: str) -> list[Execution]:
        """The runs of that name, of any flow."""

    def logs_of_execution(self, *, execution_id: str) -> list[str]:
        """The ids of the logs that tell of a run."""

    def add_erasure(self, erasure: Erasure) -> None: ...

    def erasures(self, *, take: int) -> list[Erasure]:
        """The newest ones first."""

    def seals(self) -> list[Seal]:
        """All that is sealed with the server's key, of all organisations."""

    def reseal(self, seal: Seal) -> None:
        """Put another sealed value where one stands."""


class Cleaning(Protocol):
    """Finds what nothing refers to any more, and takes it away; the rules are `services.server.cleaning`'s.

    Files that were removed, and versions that are hidden, are found as they lie in the store.
    """

    def removed_files(self, *, before: datetime) -> list[str]:
        """The ids of the files that were removed before a moment, in order."""

    def hidden_versions(self, *, before: datetime, after: str, take: int) -> list[tuple[str, str]]:
        """The ids and files of versions that were hidden before a moment, or whose files were removed then,
        in the order of their ids, from just after one on."""

    def free_versions(
        self, *, file_id: str, ids: Collection[str], before: datetime, since: datetime
    ) -> dict[str, int]:
        """Those of these hidden versions that nothing but logs refers to, and how many logs each has.

        Args:
            since: runs that started earlier are not looked at.
        """

    def remove_versions(self, *, file_id: str, ids: Collection[str]) -> None:
        """Forget versions, with the numbers that they had."""

    def contents(self, *, kinds: Collection[str], after: str, take: int) -> list[tuple[str, str, bytes]]:
        """The id, the kind and the content of versions of files of some kinds, in the order of their ids."""

    def remove_draft(self, *, file_id: str) -> None: ...

    def files_with_datapoints(self) -> list[str]:
        """The ids of files that have datapoints or parts, those that never came to be too, in order."""

    def dataset_versions(self, *, file_id: str) -> dict[str, bytes]:
        """The contents of all versions of a file, hidden ones too, by id."""

    def datapoints(self, *, file_id: str, after: str, take: int) -> list[tuple[str, str]]:
        """The digests and ids of a file's datapoints, in the order of the digests, from just after one on."""

    def parts(self, *, file_id: str, after: str, take: int) -> list[str]:
        """The digests of a file's parts, in order, from just after one on."""

    def named(self, *, ids: Collection[str]) -> set[str]:
        """Those of these datapoints that a log, a run or a run of an evaluation names, of all there are."""

    def remove_datapoints(self, *, file_id: str, ids: Collection[str]) -> None: ...

    def remove_parts(self, *, file_id: str, digests: Collection[str]) -> None: ...
