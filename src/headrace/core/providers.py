"""An organisation's own keys of providers of models, its limits with them, and what it has used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

from headrace.core.effects import CallerKeys, Usage


class Span(StrEnum):
    """A stretch of time that a limit is for; minutes, days and months as UTC has them."""

    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"

    def begin(self, now: datetime) -> datetime:
        """When the one that ``now`` is in began."""
        now = now.astimezone(UTC)
        if self is Span.MINUTE:
            return now.replace(second=0, microsecond=0)
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return day if self is Span.DAY else day.replace(day=1)

    def end(self, now: datetime) -> datetime:
        """When the next one begins."""
        begin = self.begin(now)
        if self is Span.MONTH:
            return (begin + timedelta(days=32)).replace(day=1)
        return begin + (timedelta(minutes=1) if self is Span.MINUTE else timedelta(days=1))


class ProviderAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation has set for a provider.

    Attributes:
        provider: what the server's configuration calls it.
        sealed: the key, encrypted with the server's; None when there are only limits.
        hint: the last four characters of the key; empty when there is none.
        requests_a_minute, tokens_a_day, cost_a_month_usd: its limits; None is no limit.
        set_by: the user's id.
        set_at: when the key was set, or the limits where there is none.
    """

    provider: str
    sealed: str | None
    hint: str
    requests_a_minute: int | None
    tokens_a_day: int | None
    cost_a_month_usd: float | None
    set_by: str
    set_at: datetime

    def __repr__(self) -> str:
        return f"ProviderAccount(provider={self.provider!r}, hint={self.hint!r})"


class ProviderUse(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation used of a provider in a span of time.

    Attributes:
        cost_usd: of the calls whose price is known.
    """

    provider: str
    span: Span
    begins_at: datetime
    requests: int = 0
    tokens: int = 0
    cost_usd: float = 0.0


class ProviderAccounts(Protocol):
    """What a store keeps of providers. See `headrace.core.ports` for what holds of all of it."""

    def get(self, *, provider: str) -> ProviderAccount | None: ...

    def all(self) -> list[ProviderAccount]:
        """In the order of the providers' names."""

    def put(self, account: ProviderAccount) -> None:
        """Set what is known of a provider, in the place of what is there."""

    def remove(self, *, provider: str) -> None:
        """Forget the key and the limits; what was used stays."""

    def use(self, *, provider: str, span: Span) -> ProviderUse | None:
        """What was used in the newest span of that length that is known."""

    def uses(self) -> list[ProviderUse]:
        """Those of all providers."""

    def add_use(self, use: ProviderUse) -> None:
        """Count more; a span that begins later takes the place of the one that is there."""


class Desk(Protocol):
    """Where a call of a model is let through, with which key, and told of."""

    async def admit(self, account: str, provider: str, keys: CallerKeys) -> CallerKeys:
        """The keys to call with: the organisation's own among them, if it has one.

        Raises:
            EffectFailed: the organisation has reached one of its limits; or its key can't be opened.
        """

    def used(self, account: str, provider: str, usage: Usage) -> None:
        """A call that was let through has come back."""
