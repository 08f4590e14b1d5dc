"""Which provider answers for a model, and what that costs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from headrace.backends.failures import BEDROCK, late, unrouted
from headrace.backends.patterns import first_match, model_names
from headrace.core.effects import EffectContext, ModelProvider, ModelReply, ModelRequest, Usage

TOKENS_PER_PRICE = 1_000_000


class ModelRoute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Models that a provider answers for.

    Attributes:
        match: a pattern of model ids, of the last part of ARNs, with or without a profile's region.
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


class RoutedModels(ModelProvider):
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
        names = model_names(request.model_id)
        route = first_match(self._routes, names)
        if route is None:
            line = f'[[models.route]] match = "{names[-1]}", provider = "…"'
            raise unrouted(BEDROCK, "model", request.model_id, how=line)
        if route.model:
            request = msgspec.structs.replace(request, model_id=route.model)
        try:
            async with asyncio.timeout(context.timeout_s):
                reply = await self._providers[route.provider].converse(request, context)
        except TimeoutError:
            raise late(BEDROCK, f"The provider `{route.provider}`", context.timeout_s) from None
        usage = priced(reply.usage, first_match(self._prices, (*names, reply.model)))
        return msgspec.structs.replace(reply, usage=usage)


def priced(usage: Usage, price: Price | None) -> Usage:
    """The usage with its cost, unless the provider told it or no price is known."""
    if usage.cost_usd is not None or price is None:
        return usage
    cost = usage.input_tokens * price.input_usd + usage.output_tokens * price.output_usd
    return msgspec.structs.replace(usage, cost_usd=cost / TOKENS_PER_PRICE)
