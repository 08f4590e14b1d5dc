"""An organisation's own keys of providers of models, and its limits: set, rotated, listed and removed.

A key goes in and never comes out again; what is told of it are its last four characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.errors import Invalid, NotFound
from headrace.core.ports import Transaction
from headrace.core.providers import ProviderAccount, ProviderUse, Span
from headrace.services.base import Ports, read, write

MAX_KEY_CHARS = 8_192
HINT_CHARS = 4
SHORTEST_HINTED = 12
"""Of a shorter key nothing is told: four characters would be too large a part of it."""
WITH_KEYS = frozenset({"bedrock", "openai", "record"})
"""The kinds of providers that are asked with a key."""
AWS = "bedrock"
"""The kind whose keys are access keys of AWS."""
AWS_KEY = re.compile(r"[A-Za-z0-9_]{16,128}:[!-9;-~]{16,256}(:[!-9;-~]+)?")
MOST_LIMIT = 10**12


class NewLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of an organisation with a provider. What is unset stays as it is; None takes a limit away."""

    requests_a_minute: int | msgspec.UnsetType | None = msgspec.UNSET
    tokens_a_day: int | msgspec.UnsetType | None = msgspec.UNSET
    cost_a_month_usd: float | msgspec.UnsetType | None = msgspec.UNSET


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation has set for a provider, by whom, and what it has used by now.

    Attributes:
        set_by: None when that user is gone.
        uses: of the present minute, day and month.
    """

    account: ProviderAccount
    set_by: User | None
    uses: Mapping[Span, ProviderUse]


async def list_all(ports: Ports, principal: Principal) -> list[ProviderView]:
    """All providers for which something is set, in the order of their names."""
    principal.require(Right.ADMIN)
    return await read(
        ports, principal, lambda tx: [_view(tx, ports, account) for account in tx.providers.all()]
    )


async def put(
    ports: Ports,
    principal: Principal,
    *,
    provider: str,
    kinds: Mapping[str, str],
    key: str | None = None,
    limits: NewLimits | None = None,
    is_rotation: bool = False,
) -> ProviderView:
    """Set a key, limits, or both. From the next call on each process uses them.

    Args:
        kinds: the providers that there are, each with what it speaks.
        key: None leaves the key that is there.
        is_rotation: whether there must be a key already.

    Raises:
        NotFound: the configuration has no such provider; or there is no key to rotate.
        Invalid: it takes no key, or the key or a limit breaks a rule, or nothing is set.
    """
    principal.require(Right.ADMIN)
    limits = limits or NewLimits()
    _check(provider, kinds, key, limits)
    sealed = None if key is None else ports.vault.seal(key.encode())

    def work(tx: Transaction) -> ProviderView:
        known = tx.providers.get(provider=provider)
        if is_rotation and (known is None or known.sealed is None):
            raise NotFound("provider key", provider, f"There is no key of `{provider}` to rotate; set one.")
        account = known or ProviderAccount(
            provider=provider,
            sealed=None,
            hint="",
            requests_a_minute=None,
            tokens_a_day=None,
            cost_a_month_usd=None,
            set_by=principal.user.id,
            set_at=ports.clock.now(),
        )
        said = {
            name: value
            for name, value in msgspec.structs.asdict(limits).items()
            if value is not msgspec.UNSET
        }
        if key is not None:
            told = key.partition(":")[0] if kinds[provider] == AWS else key
            said |= {"sealed": sealed, "hint": _hint(told)}
        if key is not None or account.sealed is None:
            said |= {"set_by": principal.user.id, "set_at": ports.clock.now()}
        account = msgspec.structs.replace(account, **said)
        tx.providers.put(account)
        return _view(tx, ports, account)

    return await write(ports, principal, work)


async def remove(ports: Ports, principal: Principal, *, provider: str) -> None:
    """Forget the key and the limits of a provider; what was used stays counted.

    Raises:
        NotFound: nothing is set for it.
    """
    principal.require(Right.ADMIN)

    def work(tx: Transaction) -> None:
        if tx.providers.get(provider=provider) is None:
            message = f"Neither a key nor a limit is set for the provider `{provider}`."
            raise NotFound("provider key", provider, message)
        tx.providers.remove(provider=provider)

    await write(ports, principal, work)


def _check(provider: str, kinds: Mapping[str, str], key: str | None, limits: NewLimits) -> None:
    if provider not in kinds:
        known = ", ".join(f"`{name}`" for name in sorted(kinds)) or "none"
        message = f"The configuration has no provider `{provider}`; it has {known}."
        raise NotFound("provider", provider, message)
    given = [value for value in msgspec.structs.asdict(limits).values() if value is not msgspec.UNSET]
    if key is None and not given:
        raise Invalid.at(message="Give a key, a limit, or both.", kind="missing")
    if key is not None:
        if kinds[provider] not in WITH_KEYS:
            message = f"A provider of the kind `{kinds[provider]}` takes no key; it may have limits."
            raise Invalid.at("key", message=message, kind="provider")
        if not 0 < len(key) <= MAX_KEY_CHARS or not all("!" <= sign <= "~" for sign in key):
            message = f"A key has 1 to {MAX_KEY_CHARS} printable ASCII characters, and no blanks."
            raise Invalid.at("key", message=message, kind="pattern")
        if kinds[provider] == AWS and AWS_KEY.fullmatch(key) is None:
            message = (
                "A key of Amazon Bedrock is ACCESS_KEY_ID:SECRET_ACCESS_KEY, or that and :SESSION_TOKEN."
            )
            raise Invalid.at("key", message=message, kind="pattern")
    for name, value in msgspec.structs.asdict(limits).items():
        if isinstance(value, (int, float)) and not 0 <= value <= MOST_LIMIT:
            message = f"{name} must be 0 to {MOST_LIMIT}, not {value}; null is no limit."
            raise Invalid.at(name, message=message, kind="range")


def _hint(key: str) -> str:
    return key[-HINT_CHARS:] if len(key) >= SHORTEST_HINTED else ""


def _view(tx: Transaction, ports: Ports, account: ProviderAccount) -> ProviderView:
    now = ports.clock.now()
    uses = {}
    for span in Span:
        begins_at = span.begin(now)
        use = tx.providers.use(provider=account.provider, span=span)
        if use is None or use.begins_at < begins_at:
            use = ProviderUse(provider=account.provider, span=span, begins_at=begins_at)
        uses[span] = use
    return ProviderView(account=account, set_by=tx.access.user(id=account.set_by), uses=uses)
