"""A server with two organisations, for all tests of this folder that ask who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from tests.contract.inprocess import InProcess, in_process
from tests.security.doors import Door, doors
from tests.security.organisations import CANARY, HARMLESS, Organisation, fill, found, furnish

from headrace.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Two:
    """A server.

    Attributes:
        doors: every way in.
        ours: who has something of every kind.
        theirs: who has the like, and wants that.
        said: what they have said so far: files of theirs may be named as things of ours.
    """

    running: InProcess
    doors: list[Door]
    ours: Organisation
    theirs: Organisation
    said: set[str] = field(default_factory=set)


@pytest.fixture(scope="package")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp("security")
    settings = Settings(store=f"sqlite:///{folder}/headrace.db", config=furnish(folder))
    with in_process(settings) as running:
        ours = found(running, "000000000000", CANARY)
        theirs = found(running, "111111111111", HARMLESS)
        fill(ours)
        fill(theirs)
        yield Two(running=running, doors=doors(running.server), ours=ours, theirs=theirs)
        ours.client.close()
        theirs.client.close()
