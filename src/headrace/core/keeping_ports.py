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
