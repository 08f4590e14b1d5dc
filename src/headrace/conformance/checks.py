"""What a check is, and how it says that something is not as it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

Function = Callable[[Any], None]
"""What a check does with the client of its API. Raises `Differs` or `CannotTell` unless all is well."""


class Standing(StrEnum):
    """Where a rule comes from."""

    DOCUMENTED = "documented"
    """A service model, the vendor's documentation or its own answers say so."""
    PRESUMED = "presumed"
    """No public source settles it; this is what Headrace does. Who has an account can find out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule of the contract.

    Attributes:
        api: ``bedrock`` or ``humanloop``.
        area: what it is about, such as ``create-flow``.
        name: the rule within the area, such as ``name-pattern``.
        title: the rule in a sentence.
        section: where the contract of that API has it.
        run: tries it.
    """

    api: str
    area: str
    name: str
    title: str
    section: str
    standing: Standing
    run: Function

    @property
    def id(self) -> str:
        """Such as ``bedrock.create-flow.name-pattern``."""
        return f"{self.api}.{self.area}.{self.name}"


class Differs(Exception):
    """Something is not as the contract has it.

    Attributes:
        what: what was looked at.
        expected: what it should be.
        got: what it is.
    """

    def __init__(self, what: str, *, expected: Any, got: Any) -> None:
        super().__init__(f"{what}: expected {expected!r}, got {got!r}")
        self.what = what
        self.expected = expected
        self.got = got


class CannotTell(Exception):
    """This server can't be asked, for a reason that is not its fault. The check is skipped."""


class Area:
    """The checks of one subject, in the order they are written down in."""

    def __init__(self, api: str, name: str) -> None:
        self.checks: list[Check] = []
        self._api = api
        self._name = name

    def documented(self, section: str) -> Callable[[Function], Function]:
        """Make a check of a function: its name names it, its docstring is the rule."""
        return self._decorator(section, Standing.DOCUMENTED)

    def presumed(self, section: str) -> Callable[[Function], Function]:
        """The same for a rule that nobody outside of the vendor knows for sure."""
        return self._decorator(section, Standing.PRESUMED)

    def add(self, name: str, title: str, section: str, standing: Standing, run: Function) -> None:
        """A check that comes out of a table."""
        self.checks.append(
            Check(
                api=self._api,
                area=self._name,
                name=name,
                title=title,
                section=section,
                standing=standing,
                run=run,
            )
        )

    def _decorator(self, section: str, standing: Standing) -> Callable[[Function], Function]:
        def made(function: Function) -> Function:
            title = " ".join((function.__doc__ or "").split())
            self.add(function.__name__.replace("_", "-"), title, section, standing, function)
            return function

        return made


def chosen(checks: Iterable[Check], *, api: str, only: Iterable[str]) -> list[Check]:
    """Those of an API (or ``all``) whose id matches one of the patterns; any, when there is no pattern."""
    patterns = tuple(only)
    return [
        check
        for check in checks
        if api in ("all", check.api)
        and (not patterns or any(fnmatchcase(check.id, pattern) for pattern in patterns))
    ]
