"""What the inside needs of a store to keep datasets. See `headrace.core.ports` for what holds of it all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from headrace.core.datasets import Datapoint


class Datasets(Protocol):
    """Datapoints, and the parts of which versions are made. They are kept before any version has them, and
    when no version has them any more, so nothing here asks whether their file is there."""

    def add(self, *, file_id: str, datapoints: Collection[Datapoint]) -> None:
        """Keep each of these whose content the file does not have yet.

        Raises:
            Clash: ``id`` is taken by other content, or by another file.
        """

    def ids(self, *, file_id: str, digests: Collection[str]) -> dict[str, str]:
        """The ids of what a file has of these contents, by digest."""

    def some(self, *, ids: Collection[str]) -> dict[str, Datapoint]:
        """Those of these that are there, by id."""

    def add_parts(self, *, file_id: str, parts: Mapping[str, str]) -> None:
        """Keep each of these that the file does not have yet: bodies by digest."""

    def parts(self, *, file_id: str, digests: Collection[str]) -> dict[str, str]:
        """The bodies of what a file has of these, by digest."""
