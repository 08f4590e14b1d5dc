"""Puts a server to checks, several at a time, and removes what each has made."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from headrace.conformance.checks import CannotTell, Check, Differs, Standing
from headrace.conformance.ledger import Entry, Ledger
from headrace.conformance.wire import Answer, NoAnswer


class Outcome(StrEnum):
    """What came of a check."""

    PASSED = "passed"
    FAILED = "failed"
    """A documented rule does not hold."""
    DIFFERS = "differs"
    """A presumed rule does not hold: perhaps the server is right."""
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a check, and why.

    Attributes:
        what: what was looked at when it failed, or why it was skipped.
        expected: what should have been there.
        got: what was.
        exchange: the last request and its answer.
        lasted_s: with making what it needs.
    """

    check: Check
    outcome: Outcome
    what: str = ""
    expected: Any = None
    got: Any = None
    exchange: str = ""
    lasted_s: float = 0.0


class Client(Protocol):
    """What a check speaks through."""

    last: Answer | None
    """The answer that came last."""


class Service(Protocol):
    """One API of the server."""

    def client(self, owner: str) -> Client:
        """For one check; what it makes is the check's."""

    def remove(self, entry: Entry) -> str | None:
        """Remove something; why it is still there, when it is."""

    def stop(self) -> None:
        """Wait for nothing any more."""

    def ping(self) -> None:
        """Ask anything.

        Raises:
            NoAnswer: nothing comes back.
        """

    def sweep(self) -> list[str]:
        """Remove what has a name of this run and is in no ledger; what could not be removed."""


class Runner:
    """Runs checks.

    Attributes:
        services: by the name of their API.
    """

    def __init__(self, services: Mapping[str, Service], ledger: Ledger) -> None:
        self.services = services
        self._ledger = ledger
        self._is_stopping = threading.Event()

    def run(self, checks: Iterable[Check], *, parallel: int, seen: Callable[[Result], None]) -> list[Result]:
        """The results in the order of the checks; each is told as soon as there is one.

        An interrupt ends the checks that run, begins no other, and is raised again.
        """
        order = list(checks)
        results: dict[str, Result] = {}
        with ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="check") as pool:
            running: list[Future[Result | None]] = [pool.submit(self._checked, check) for check in order]
            try:
                for future in as_completed(running):
                    result = future.result()
                    if result is not None:
                        results[result.check.id] = result
                        seen(result)
            except BaseException:
                self._is_stopping.set()
                for service in self.services.values():
                    service.stop()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return [results[check.id] for check in order if check.id in results]

    def clean(self) -> list[str]:
        """Remove everything that is still there; what could not be removed, and why."""
        left = self._ledger.remove(self._remove)
        for service in self.services.values():
            left += service.sweep()
        if not left:
            self._ledger.forget()
        return left

    def _remove(self, entry: Entry) -> str | None:
        service = self.services.get(entry.api)
        if service is None:
            return f"{entry.path}: made through the {entry.api} API, which is not asked now"
        return service.remove(entry)

    def _checked(self, check: Check) -> Result | None:
        if self._is_stopping.is_set():
            return None
        client = self.services[check.api].client(check.id)
        started = time.monotonic()
        result = _outcome(check, client)
        self._ledger.remove(self._remove, owner=check.id)  # what is still there is tried again at the end
        return Result(
            **{name: getattr(result, name) for name in ("check", "outcome", "what", "expected", "got")},
            exchange=client.last.shown() if client.last is not None and result.what else "",
            lasted_s=time.monotonic() - started,
        )


def _outcome(check: Check, client: Client) -> Result:
    bad = Outcome.FAILED if check.standing is Standing.DOCUMENTED else Outcome.DIFFERS
    try:
        check.run(client)
    except Differs as error:
        return Result(check=check, outcome=bad, what=error.what, expected=error.expected, got=error.got)
    except CannotTell as error:
        return Result(check=check, outcome=Outcome.SKIPPED, what=str(error))
    except NoAnswer as error:
        return Result(check=check, outcome=bad, what="the answer", expected="one", got=str(error))
    except Exception as error:  # noqa: BLE001 - an answer of a form that nobody thought of fails one check only
        got = f"{type(error).__name__}: {error}"
        return Result(check=check, outcome=bad, what="the answer", expected="one that can be read", got=got)
    return Result(check=check, outcome=Outcome.PASSED)
