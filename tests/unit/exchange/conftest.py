"""Servers in memory that exports move into and out of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import msgspec
import pytest
from tests.unit.exchange.humanloop_sample import write_sample
from tests.unit.services.conftest import DefinitionIsRunnable, NoVault

from headrace.apis.humanloop.exchange.folder import open_export
from headrace.apis.humanloop.exchange.service import Answer, HumanloopExchange, Piece
from headrace.apis.humanloop.exchange.writer import Writer
from headrace.cli.humanloop_moving import HandIn, Mover
from headrace.cli.humanloop_report import Report, begun
from headrace.cli.humanloop_spool import Spool
from headrace.cli.import_humanloop import Progress, read_all
from headrace.core.access import DEFAULT_ACCOUNT, Principal
from headrace.core.clock import SystemClock
from headrace.core.ids import RandomIds
from headrace.core.ports import Store, Transaction
from headrace.services.base import Ports
from headrace.services.exchange_humanloop.parts import Batch
from headrace.services.server import access
from headrace.storage.memory.store import MemoryStore

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A server and what can be done with it, without await."""

    ports: Ports
    local: Principal
    moves: HumanloopExchange
    runner: asyncio.Runner

    def read(self, work: Callable[[Transaction], T]) -> T:
        return self.runner.run(self.ports.store.read(self.local.account, work))

    def hand_in(self, batch: bytes) -> bytes:
        return self.runner.run(self.moves.bring_in(self.local, batch))

    def put(self, batch: Batch) -> Answer:
        return msgspec.json.decode(self.hand_in(msgspec.json.encode(batch)), type=Answer)

    def bring(self, folder: Path, *, is_rehearsal: bool = False, hand_in: HandIn | None = None) -> Report:
        """Import a folder."""
        folders = open_export(folder)
        with TemporaryDirectory() as place:
            spool = Spool(Path(place))
            read_all(folders, spool, Progress())
            report = begun(spool, is_rehearsal=is_rehearsal, has_logs=any(one.has_logs for one in folders))
            Mover(
                spool=spool, hand_in=hand_in or self.hand_in, report=report, watch=lambda sort, done: None
            ).run()
            spool.close()
        return report

    def take(self, folder: Path, *, path: str = "", with_logs: bool = True) -> Path:
        """Export to a folder."""
        writer = Writer(folder, with_logs=with_logs)

        async def run() -> None:
            lines = await self.moves.take_out(self.local, under=path, with_logs=with_logs)
            async for line in lines:
                writer.take(msgspec.json.decode(line, type=Piece))

        self.runner.run(run())
        writer.close()
        return folder


def new_place(runner: asyncio.Runner, store: Store) -> Place:
    """An empty server with a store."""
    ports = Ports(
        store=store, ids=RandomIds(), clock=SystemClock(), rules=DefinitionIsRunnable(), vault=NoVault()
    )
    local = runner.run(access.ensure_organisation(ports, account=DEFAULT_ACCOUNT, name="default"))
    moves = HumanloopExchange(ports=ports, timestamps_with_zone=False)
    return Place(ports=ports, local=local, moves=moves, runner=runner)


@pytest.fixture
def make_place() -> Iterator[Callable[[], Place]]:
    """Empty servers, each with a memory of its own."""
    with asyncio.Runner() as runner:

        def make() -> Place:
            return new_place(runner, MemoryStore())

        yield make


@pytest.fixture
def place(make_place: Callable[[], Place]) -> Place:
    """An empty server."""
    return make_place()


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """The invented export."""
    return write_sample(tmp_path / "20250801-120000")
