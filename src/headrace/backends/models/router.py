"""Which provider answers for a model, and what that costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from headrace.backends.failures import BEDROCK, late, unrouted
from headrace.backends.patterns import first_match, model_names
from headrace.core.effects import (
    EffectContext,
    EffectFailed,
    ModelProvider,
    ModelReply,
    ModelRequest,
    SpeakingModels,
    Usage,
)
from headrace.core.providers import Desk
from headrace.core.tracing import ModelListener

TOKENS_PER_PRICE = 1_000_000
Ask = Callable[[ModelProvider, ModelRequest, EffectContext], Awaitable[ModelReply]]


class ModelRoute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Models that a provider answers for.

    Attributes:
        match: a pattern of model ids, of the last part of ARNs, with or without a profile's region; or of
            ``PROVIDER/MODEL``, where a prompt says who is to answer.
        provider: its name in the configuration.
        model: what the provider calls the model; empty is what the flow calls it.
    """

    match: str
    provider: str
    model: str = ""


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What tokens of some models cost.

    Attributes:
        match: a pattern of what the flow, or else the provider, calls the model.
        input_usd, output_usd: of a million tokens.
    """

    match: str
    input_usd: float
    output_usd: float


class RoutedModels(SpeakingModels):
    """Passes each request to the provider of its model.

    Args:
        listener: told of every call once it is over.
        desk: where each call is let through; None lets all through.
    """

    def __init__(
        self,
        routes: Sequence[ModelRoute],
        providers: Mapping[str, ModelProvider],
        prices: Sequence[Price] = (),
        listener: ModelListener | None = None,
        desk: Desk | None = None,
    ) -> None:
        self._routes = routes
        self._providers = providers
        self._prices = prices
        self._listener = listener
        self._desk = desk

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        return await self._asked(request, context, _converse)

    async def speak(
        self, request: ModelRequest, context: EffectContext, heard: Callable[[str], None]
    ) -> ModelReply:
        async def ask(provider: ModelProvider, said: ModelRequest, within: EffectContext) -> ModelReply:
            if isinstance(provider, SpeakingModels):
                return await provider.speak(said, within, heard)
            reply = await provider.converse(said, within)
            heard(reply.text)
            return reply

        return await self._asked(request, context, ask)

    async def _asked(self, request: ModelRequest, context: EffectContext, ask: Ask) -> ModelReply:
        names = _names(request)
        route = first_match(self._routes, names)
        if route is None:
            line = f'[[models.route]] match = "{names[-1]}", provider = "…"'
            raise unrouted(BEDROCK, "model", request.model_id, how=line)
        if route.model:
            request = msgspec.structs.replace(request, model_id=route.model)
        started_ns = time.time_ns()
        try:
            reply = await self._answered(request, context, ask, route.provider)
        except EffectFailed as failure:
            self._tell(route.provider, request, context, failure, started_ns)
            raise
        reply = _priced(reply, first_match(self._prices, (*names, reply.model)))
        if self._desk is not None:
            self._desk.used(context.account, route.provider, reply.usage)
        self._tell(route.provider, request, context, reply, started_ns)
        return reply

    async def _answered(
        self, request: ModelRequest, context: EffectContext, ask: Ask, provider: str
    ) -> ModelReply:
        if self._desk is not None:
            keys = await self._desk.admit(context.account, provider, context.keys)
            context = msgspec.structs.replace(context, keys=keys)
        try:
            async with asyncio.timeout(context.timeout_s):
                return await ask(self._providers[provider], request, context)
        except TimeoutError:
            raise late(BEDROCK, f"The provider `{provider}`", context.timeout_s) from None

    def _tell(
        self,
        provider: str,
        request: ModelRequest,
        context: EffectContext,
        outcome: ModelReply | EffectFailed,
        started_ns: int,
    ) -> None:
        if self._listener is not None:
            self._listener.called(provider, request, context, outcome, started_ns=started_ns)


async def _converse(provider: ModelProvider, said: ModelRequest, within: EffectContext) -> ModelReply:
    return await provider.converse(said, within)


def _names(request: ModelRequest) -> tuple[str, ...]:
    """What a pattern may fit: what the model may be called, and that behind its provider's name."""
    names = model_names(request.model_id)
    if isinstance(request.provider, str):
        return (f"{request.provider}/{request.model_id}", *names)
    return names


def _priced(reply: ModelReply, price: Price | None) -> ModelReply:
    """The reply with what it cost."""
    reply = msgspec.structs.replace(reply, usage=priced(reply.usage, price))
    if price is None:
        return reply
    return msgspec.structs.replace(
        reply,
        input_cost_usd=reply.usage.input_tokens * price.input_usd / TOKENS_PER_PRICE,
        output_cost_usd=reply.usage.output_tokens * price.output_usd / TOKENS_PER_PRICE,
    )


def priced(usage: Usage, price: Price | None) -> Usage:
    """The usage with its cost, unless the provider told it or no price is known."""
    if usage.cost_usd is not None or price is None:
        return usage
    cost = usage.input_tokens * price.input_usd + usage.output_tokens * price.output_usd
    return msgspec.structs.replace(usage, cost_usd=cost / TOKENS_PER_PRICE)
