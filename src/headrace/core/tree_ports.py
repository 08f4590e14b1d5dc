"""What the inside needs of a store to keep the tree. `headrace.core.ports` says what holds of all."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from headrace.core.deployments import Environment
from headrace.core.files import Directory, File, FileQuery
from headrace.core.versions import Draft


class Files(Protocol):
    """Files and directories of the tree.

    A hidden file (one with an ``owner_id``) is added under `headrace.core.files.hidden_path` and found there;
    it is answered with the path and the directory that it shows, which an ``update`` does not change.
    """

    def get(self, *, id: str) -> File | None: ...

    def by_short_id(self, *, kind: str, short_id: str) -> File | None: ...

    def by_short_name(self, *, kind: str, short_name: str) -> File | None:
        """The file of that name; a hidden one has none."""

    def at(self, *, path: str) -> File | Directory | None:
        """What stands at ``path``; the root is at the empty path."""

    def add(self, file: File) -> None: ...

    def update(self, file: File) -> None: ...

    def issue_number(self, *, id: str, number: int, at: datetime) -> None:
        """Record that ``number`` was given out and the file changed."""

    def remove(self, *, id: str, at: datetime) -> None:
        """Hide the file and those it owns, and free their paths and names."""

    def count(self, *, kind: str) -> int:
        """How many files of that kind there are, without hidden ones."""

    def page(self, query: FileQuery, *, skip: int, take: int) -> tuple[list[File], int]:
        """One page and the number of all matches; hidden files never match."""

    def drafted(
        self, *, kind: str, before: tuple[datetime, str] | None, take: int
    ) -> list[tuple[File, Draft]]:
        """Files that have a draft, newest first, from just after ``before`` (creation time, id) on."""

    def of_directory(self, *, directory_id: str, after: File | None, take: int) -> list[File]:
        """The files right in a directory, by name and id, from just after one on; without hidden ones."""

    def directory(self, *, id: str) -> Directory | None: ...

    def directories(self) -> list[Directory]:
        """All of them, the root too, by path."""

    def subdirectories(self, *, directory_id: str) -> list[Directory]:
        """The directories right in a directory, by path."""

    def longest_path(self, *, under: str) -> int:
        """The length of the longest path below the directory of that path; 0 when it is empty."""

    def add_directory(self, directory: Directory) -> None: ...

    def update_directory(self, directory: Directory) -> None:
        """Give a directory its new path and parent, and everything below it the paths that follow.

        What is below counts as changed when the directory was: at its ``updated_at``. The new path must not
        be below the old one.
        """

    def remove_directory(self, *, id: str) -> bool:
        """Forget a directory; False when something is in it, or it is not there."""


class Environments(Protocol):
    """The environments of the organisation, in order of creation."""

    def all(self) -> list[Environment]: ...

    def add(self, environment: Environment) -> None: ...

    def update(self, environment: Environment) -> None:
        """Replace an environment's name and tag."""

    def remove(self, *, id: str) -> None: ...
