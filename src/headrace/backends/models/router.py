"""Which provider answers for a model, and what that costs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from headrace.backends.failures import BEDROCK, late, unrouted
from headrace.backends.patterns import first_match, model_names
from headrace.core.effects import (
    EffectContext,
    ModelProvider,
    ModelReply,
    ModelRequest,
    SpeakingModels,
    Usage,
)

TOKENS_PER_PRICE = 1_000_000
Ask = Callable[[ModelProvider, ModelRequest], Awaitable[ModelReply]]


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
    """Passes each request to the provider of its model."""

    def __init__(
        self,
        routes: Sequence[ModelRoute],
        providers: Mapping[str, ModelProvider],
        prices: Sequence[Price] = (),
    ) -> None:
        self._routes = routes
        self._providers = providers
        self._prices = prices

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        return await self._asked(request, context, lambda one, said: one.converse(said, context))

    async def speak(
        self, request: ModelRequest, context: EffectContext, heard: Callable[[str], None]
    ) -> ModelReply:
        async def ask(provider: ModelProvider, said: ModelRequest) -> ModelReply:
            if isinstance(provider, SpeakingModels):
                return await provider.speak(said, context, heard)
            reply = await provider.converse(said, context)
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
        try:
            async with asyncio.timeout(context.timeout_s):
                reply = await ask(self._providers[route.provider], request)
        except TimeoutError:
            raise late(BEDROCK, f"The provider `{route.provider}`", context.timeout_s) from None
        return _priced(reply, first_match(self._prices, (*names, reply.model)))


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
