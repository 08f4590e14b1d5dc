"""What overviews need of a store: figures of many things, each in one look.

`headrace.core.ports` says what holds of all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from headrace.core.figures import FileName, Judged, Spent, Used
from headrace.core.files import Directory, File
from headrace.core.logs import Usage


class Figures(Protocol):
    """Lists and sums over the registry and the logs. Hidden files are in none of the lists."""

    def folders(self, *, directory_id: str, after: str, take: int) -> list[tuple[Directory, int]]:
        """Directories right in one, by path, from just after a path on, each with the files it has below."""

    def changed_files(
        self, *, kinds: Collection[str], before: tuple[datetime, str] | None, take: int
    ) -> list[File]:
        """Files of these kinds (of all, when empty), the last changed first, from just after ``before``
        (change, id) on."""

    def file_names(self, *, after: str, take: int) -> list[FileName]:
        """All files, by path, from just after a path on."""

    def usage_of_files(self, *, file_ids: Collection[str]) -> Mapping[str, Usage]:
        """Of each file; those that were never used are left out."""

    def numbers(self, *, version_ids: Collection[str]) -> Mapping[str, list[int]]:
        """The live numbers of each version, ascending; those that have none are left out."""

    def last_uses(self, *, version_ids: Collection[str], take: int) -> list[Used]:
        """The ``take`` newest logs of each version, in no order."""

    def spent(self, *, file_id: str, start: datetime, end: datetime) -> list[Spent]:
        """What the logs of a file used that were created at these moments and between, by quarter hours."""

    def spent_below(self, *, flow_id: str, start: datetime, end: datetime) -> list[Spent]:
        """The same of the logs of other files in traces of that flow or agent."""

    def draw(self, *, file_id: str, start: datetime, end: datetime, take: int) -> list[Used]:
        """About so many logs of a file created at these moments and between, drawn at random; all of them
        when there are no more. In no order."""

    def judged(self, *, log_ids: Collection[str]) -> list[Judged]:
        """What live evaluators found of any of these logs, but for failures; in no order."""
