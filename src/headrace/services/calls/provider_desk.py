"""Lets calls of models through: with the organisation's own key, and within its limits.

Requests are counted before they are made. A process takes some of a minute's at once out of the store, which
decides who gets the last ones, so that not every call waits for a commit. Tokens and costs are known when a
call is over; they are written down a moment later, for all processes to read.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from headrace.core.changes import Kept
from headrace.core.effects import CallerKeys, EffectFailed, Fault, Usage
from headrace.core.errors import Unavailable
from headrace.core.ports import Transaction
from headrace.core.providers import ProviderAccount, ProviderUse, Span
from headrace.services.base import Ports

RESOURCE = "Amazon Bedrock"
SHARES = 20
"""A process takes the twentieth part of a minute's requests at once; one by one when there are few."""
WRITE_AFTER_S = 0.25
"""So long what was used waits to be written down together with more."""
WRITE_ATTEMPTS = 1_000
"""So often one task writes down what came meanwhile; the next call begins another."""
LAST_WRITE_S = 5.0
"""So long the last of it may take at the end."""
KNOWN_FOR_S = 1.0
"""So long what others have used may be unknown here."""

Place = tuple[str, str]
"""An organisation and a provider."""
log = logging.getLogger("headrace.providers")


@dataclass(slots=True)
class _Spent:
    """What was used by a moment, and since then."""

    requests: int = 0
    tokens: int = 0
    cost_usd: float = 0.0


@dataclass(slots=True)
class _Meter:
    """What this process knows of one provider and organisation."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    minute: datetime | None = None
    left: int = 0
    read_at_s: float = -math.inf
    uses: dict[Span, ProviderUse] = field(default_factory=dict)
    unwritten: _Spent = field(default_factory=_Spent)
    writing: _Spent = field(default_factory=_Spent)


class ProviderDesk:
    """`headrace.core.providers.Desk` on a store. Belongs to one event loop."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._accounts: Kept[Place, tuple[ProviderAccount | None, str]] = Kept()
        self._meters: defaultdict[Place, _Meter] = defaultdict(_Meter)
        self._writer: asyncio.Task[None] | None = None

    async def admit(self, account: str, provider: str, keys: CallerKeys) -> CallerKeys:
        """The keys to call with.

        Raises:
            EffectFailed: a limit is reached, or the key can't be opened; or the store can't tell.
        """
        try:
            known, key = await self._account(account, provider)
            if known is not None:
                await self._let_through(account, known)
        except Unavailable as error:
            raise EffectFailed(error.message, resource=RESOURCE, fault=Fault.GATEWAY) from None
        return keys.with_own(key) if key else keys

    def used(self, account: str, provider: str, usage: Usage) -> None:
        """Count what a call used, if anything is set for its provider."""
        meter = self._meters.get((account, provider))
        if meter is None:
            return
        meter.unwritten.requests += 1
        meter.unwritten.tokens += usage.input_tokens + usage.output_tokens
        meter.unwritten.cost_usd += usage.cost_usd or 0.0
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        """Write down what is not written yet."""
        if self._writer is not None:
            await asyncio.wait({self._writer}, timeout=LAST_WRITE_S)
            self._writer.cancel()

    async def _account(self, account: str, provider: str) -> tuple[ProviderAccount | None, str]:
        """What is set, and the key in the clear; empty when there is none."""
        place, at = (account, provider), self._ports.store.changes.registry
        found = self._accounts.get(at, place)
        if found is None:
            known = await self._ports.store.read(account, lambda tx: tx.providers.get(provider=provider))
            found = (known, self._opened(known))
            self._accounts.put(at, place, found)
        return found

    def _opened(self, known: ProviderAccount | None) -> str:
        if known is None or known.sealed is None:
            return ""
        key = self._ports.vault.open(known.sealed)
        if key is None:
            raise EffectFailed(
                f"The server's key can't open the organisation's key of `{known.provider}`; set it again.",
                resource=RESOURCE,
            )
        return key.decode()

    async def _let_through(self, account: str, known: ProviderAccount) -> None:
        meter = self._meters[account, known.provider]
        if known.tokens_a_day is not None or known.cost_a_month_usd is not None:
            await self._check_spent(account, known, meter)
        if known.requests_a_minute is not None:
            await self._take_request(account, known, known.requests_a_minute, meter)

    async def _check_spent(self, account: str, known: ProviderAccount, meter: _Meter) -> None:
        await self._read_uses(account, known.provider, meter)
        now = self._ports.clock.now()
        tokens = self._spent(meter, Span.DAY, now).tokens
        if known.tokens_a_day is not None and tokens >= known.tokens_a_day:
            raise self._refused(known, f"{known.tokens_a_day} tokens a day", Span.DAY, Fault.QUOTA)
        cost_usd = self._spent(meter, Span.MONTH, now).cost_usd
        if known.cost_a_month_usd is not None and cost_usd >= known.cost_a_month_usd:
            raise self._refused(known, f"{known.cost_a_month_usd:g} USD a month", Span.MONTH, Fault.QUOTA)

    @staticmethod
    def _spent(meter: _Meter, span: Span, now: datetime) -> _Spent:
        use = meter.uses.get(span)
        is_present = use is not None and use.begins_at >= span.begin(now)
        told = _Spent(tokens=use.tokens, cost_usd=use.cost_usd) if use and is_present else _Spent()
        for more in (meter.unwritten, meter.writing):
            told.tokens += more.tokens
            told.cost_usd += more.cost_usd
        return told

    async def _read_uses(self, account: str, provider: str, meter: _Meter) -> None:
        async with meter.lock:
            loop = asyncio.get_running_loop()
            if loop.time() - meter.read_at_s < KNOWN_FOR_S:
                return

            def look(tx: Transaction) -> dict[Span, ProviderUse]:
                found = (tx.providers.use(provider=provider, span=span) for span in (Span.DAY, Span.MONTH))
                return {use.span: use for use in found if use is not None}

            meter.uses = await self._ports.store.read(account, look)
            meter.read_at_s = loop.time()

    async def _take_request(self, account: str, known: ProviderAccount, limit: int, meter: _Meter) -> None:
        async with meter.lock:
            now = self._ports.clock.now()
            minute = Span.MINUTE.begin(now)
            if meter.minute != minute or not meter.left:
                some = max(1, limit // SHARES)

                def take(tx: Transaction) -> int:
                    use = tx.providers.use(provider=known.provider, span=Span.MINUTE)
                    taken = use.requests if use is not None and use.begins_at >= minute else 0
                    granted = max(0, min(some, limit - taken))
                    if granted:
                        more = ProviderUse(
                            provider=known.provider, span=Span.MINUTE, begins_at=minute, requests=granted
                        )
                        tx.providers.add_use(more)
                    return granted

                meter.left = await self._ports.store.write(account, take)
                meter.minute = minute
            if not meter.left:
                raise self._refused(known, f"{limit} requests a minute", Span.MINUTE, Fault.THROTTLED)
            meter.left -= 1

    def _refused(self, known: ProviderAccount, limit: str, span: Span, fault: Fault) -> EffectFailed:
        now = self._ports.clock.now()
        return EffectFailed(
            f"The organisation's limit of {limit} for the provider `{known.provider}` is reached; the next "
            f"{span} begins at {span.end(now):%Y-%m-%dT%H:%M:%SZ}.",
            resource=RESOURCE,
            fault=fault,
            retry_after_s=max(1.0, (span.end(now) - now).total_seconds()),
        )

    async def _write_soon(self) -> None:
        for _ in range(WRITE_ATTEMPTS):
            await asyncio.sleep(WRITE_AFTER_S)
            for place, meter in list(self._meters.items()):
                if meter.unwritten.requests:
                    await self._write(place, meter)
            if not any(meter.unwritten.requests for meter in self._meters.values()):
                break

    async def _write(self, place: Place, meter: _Meter) -> None:
        meter.writing, meter.unwritten = meter.unwritten, _Spent()
        try:
            await self._write_one(place, meter)
        except Unavailable as error:
            log.warning("what was used of %s is not written down yet: %s", place[1], error.message)
            meter.unwritten = _sum(meter.unwritten, meter.writing)
        finally:
            meter.writing = _Spent()

    async def _write_one(self, place: Place, meter: _Meter) -> None:
        account, provider = place
        now, spent = self._ports.clock.now(), meter.writing

        def add(tx: Transaction) -> dict[Span, ProviderUse]:
            told = {}
            for span in (Span.DAY, Span.MONTH):
                use = ProviderUse(
                    provider=provider,
                    span=span,
                    begins_at=span.begin(now),
                    requests=spent.requests,
                    tokens=spent.tokens,
                    cost_usd=spent.cost_usd,
                )
                tx.providers.add_use(use)
                told[span] = tx.providers.use(provider=provider, span=span) or use
            return told

        meter.uses = await self._ports.store.write(account, add)
        meter.read_at_s = asyncio.get_running_loop().time()


def _sum(one: _Spent, other: _Spent) -> _Spent:
    return _Spent(
        requests=one.requests + other.requests,
        tokens=one.tokens + other.tokens,
        cost_usd=one.cost_usd + other.cost_usd,
    )
