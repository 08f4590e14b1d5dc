"""A registry over the memory store, with a clock and ids that a test can foretell."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from headrace.core.access import Principal, Right, User
from headrace.core.ports import EVERYTHING, Store, Transaction
from headrace.core.validate import Finding, PromptVariables, TypeLimits
from headrace.services.base import Ports
from headrace.services.server import access
from headrace.services.versions import version_pages, versions
from headrace.services.versions.versions import Submission
from headrace.services.versions.views import VersionView
from headrace.storage.memory.store import MemoryStore

T = TypeVar("T")
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class SteppingClock:
    """A second later at each look."""

    def __init__(self) -> None:
        self._moment = START

    def now(self) -> datetime:
        self._moment += timedelta(seconds=1)
        return self._moment


class CountingIds:
    """``fl_1``, ``flv_2``, …"""

    def __init__(self) -> None:
        self._count = 0

    def long(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def short(self) -> str:
        self._count += 1
        return f"{self._count:010}"


class DefinitionIsRunnable:
    """Content with a definition runs; nothing is ever wrong with it."""

    def runnable_form(self, content: Any, text: bytes) -> bytes | None:
        return text if "definition" in content else None

    def findings(
        self, definition: Any, *, prompt_variables: PromptVariables, limits: TypeLimits
    ) -> tuple[Finding, ...]:
        return ()


class NoVault:
    """For tests in which nothing is sealed."""

    def seal(self, plain: bytes) -> str:
        raise NotImplementedError

    def open(self, sealed: str) -> bytes:
        raise NotImplementedError

    def sign(self, message: bytes, *, purpose: str) -> bytes:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Registry:
    """The use cases, called without await."""

    ports: Ports
    principal: Principal
    runner: asyncio.Runner

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(call)

    def upsert(self, content: Any = None, *, path: str | None = "a/b", **options: Any) -> VersionView:
        content = {} if content is None else content
        options.setdefault("principal", self.principal)
        principal = options.pop("principal")
        submission = Submission(
            kind="flow",
            ref=options.pop("ref", None),
            path=path,
            content=json.dumps(content).encode(),
            parsed=content,
            **options,
        )
        made = self.run(versions.upsert(self.ports, principal, submission))
        return self.get(made.file.id, version_id=made.version.id)

    def get(self, ref: str, **options: Any) -> VersionView:
        return self.run(versions.get(self.ports, self.principal, kind="flow", ref=ref, **options))

    def listed(self, ref: str) -> list[VersionView]:
        page = version_pages.list_versions(
            self.ports, self.principal, kind="flow", ref=ref, before=None, take=EVERYTHING
        )
        return self.run(page)

    def inside(self, work: Any) -> Any:
        """What ``work`` sees in the store."""

        def read(tx: Transaction) -> Any:
            return work(tx)

        return self.run(self.ports.store.read(self.principal.account, read))

    def as_user(self, right: Right, email: str = "other@example.org") -> Principal:
        user = User(id=f"usr_{email}", email=email, full_name="Somebody Else", created_at=START)

        def add(tx: Transaction) -> None:
            if tx.access.user(id=user.id) is None:
                tx.access.add_user(user)

        self.run(self.ports.store.write(self.principal.account, add))
        return Principal(account=self.principal.account, user=user, right=right)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with asyncio.Runner() as runner:
        store: Store = MemoryStore()
        ports = Ports(
            store=store,
            ids=CountingIds(),
            clock=SteppingClock(),
            rules=DefinitionIsRunnable(),
            vault=NoVault(),
        )
        principal = runner.run(access.ensure_organisation(ports, account="111122223333", name="Test"))
        yield Registry(ports=ports, principal=principal, runner=runner)
