"""Keys of providers of models, and limits with these, over HTTP. A key is written and never read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.wire import PersonBody
from headrace.core.access import Right
from headrace.core.providers import ProviderUse, Span
from headrace.services.server import provider_keys
from headrace.services.server.provider_keys import NewLimits, ProviderView

ONE = "/provider-keys/{provider}"
Unset = msgspec.UnsetType


class UseBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was used since a moment.

    Attributes:
        since: when the span began, in UTC.
        requests: of a minute, those that were let through, with what each process holds ready; of a day and
            a month, those that were answered.
        tokens: in and out; of a minute they are not counted.
        cost_usd: of the calls whose price is known.
    """

    since: datetime
    requests: int
    tokens: int
    cost_usd: float


class ProviderKeyBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation has set for a provider.

    Attributes:
        provider: what the server's configuration calls it.
        has_key: whether there is a key; else there are only limits.
        last_four: the end of the key, or of the id of an access key of AWS; empty where there is none, or
            it is too short to show any of it.
        set_by: who set the key, or the limits where there is none.
        requests_a_minute, tokens_a_day, cost_a_month_usd: the limits; null is none.
        minute, day, month: what was used since each began.
    """

    provider: str
    has_key: bool
    last_four: str
    set_by: PersonBody
    set_at: datetime
    requests_a_minute: int | None
    tokens_a_day: int | None
    cost_a_month_usd: float | None
    minute: UseBody
    day: UseBody
    month: UseBody


class ProviderKeyList(msgspec.Struct, frozen=True, kw_only=True):
    """All providers for which something is set, by their names."""

    provider_keys: list[ProviderKeyBody]


class NewProviderKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is set for a provider. What is not said stays as it is.

    Attributes:
        key: it is never told again.
        requests_a_minute, tokens_a_day, cost_a_month_usd: null takes a limit away.
    """

    key: str | None = None
    requests_a_minute: int | Unset | None = msgspec.UNSET
    tokens_a_day: int | Unset | None = msgspec.UNSET
    cost_a_month_usd: float | Unset | None = msgspec.UNSET


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """The key that takes the place of the one that is there."""

    key: str


async def list_provider_keys(call: Call) -> Response:
    """The organisation's keys of providers, without the keys, with its limits and what it has used."""
    found = await provider_keys.list_all(call.ports, call.principal)
    return ok(ProviderKeyList(provider_keys=[_body(one) for one in found]))


async def put_provider_key(call: Call) -> Response:
    """Set a key for a provider, limits, or both. They hold from the next call of a model on."""
    body: NewProviderKey = call.body
    limits = NewLimits(
        requests_a_minute=body.requests_a_minute,
        tokens_a_day=body.tokens_a_day,
        cost_a_month_usd=body.cost_a_month_usd,
    )
    return ok(_body(await _put(call, key=body.key, limits=limits)))


async def rotate_provider_key(call: Call) -> Response:
    """Let another key take the place of the one that is there; the next call uses it, on every process."""
    body: Rotation = call.body
    return ok(_body(await _put(call, key=body.key, is_rotation=True)))


async def delete_provider_key(call: Call) -> Response:
    """Forget the key and the limits for a provider. What was used stays counted."""
    await provider_keys.remove(call.ports, call.principal, provider=call.parameters["provider"])
    return Response(status=204)


async def _put(call: Call, **said: Any) -> ProviderView:
    kinds = {one.name: one.kind for one in call.reach.installation.providers}
    provider = call.parameters["provider"]
    return await provider_keys.put(call.ports, call.principal, provider=provider, kinds=kinds, **said)


def _body(view: ProviderView) -> ProviderKeyBody:
    account = view.account
    return ProviderKeyBody(
        provider=account.provider,
        has_key=account.sealed is not None,
        last_four=account.hint,
        set_by=PersonBody(id=account.set_by, name=None if view.set_by is None else view.set_by.full_name),
        set_at=account.set_at,
        requests_a_minute=account.requests_a_minute,
        tokens_a_day=account.tokens_a_day,
        cost_a_month_usd=account.cost_a_month_usd,
        **_uses(view.uses),
    )


def _uses(uses: Mapping[Span, ProviderUse]) -> dict[str, UseBody]:
    return {
        span.value: UseBody(
            since=use.begins_at, requests=use.requests, tokens=use.tokens, cost_usd=use.cost_usd
        )
        for span, use in uses.items()
    }


OPERATIONS = (
    Operation(
        name="listProviderKeys",
        method="GET",
        template="/provider-keys",
        handler=list_provider_keys,
        right=Right.ADMIN,
        response=ProviderKeyList,
        errors=(),
    ),
    Operation(
        name="putProviderKey",
        method="PUT",
        template=ONE,
        handler=put_provider_key,
        right=Right.ADMIN,
        body=NewProviderKey,
        response=ProviderKeyBody,
    ),
    Operation(
        name="rotateProviderKey",
        method="POST",
        template=f"{ONE}/rotation",
        handler=rotate_provider_key,
        right=Right.ADMIN,
        body=Rotation,
        response=ProviderKeyBody,
    ),
    Operation(
        name="deleteProviderKey",
        method="DELETE",
        template=ONE,
        handler=delete_provider_key,
        right=Right.ADMIN,
        status=204,
    ),
)
