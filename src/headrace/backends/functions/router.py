"""Calls what the configuration maps a Lambda ARN to."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headrace.backends.aws import Aws
from headrace.backends.failures import LAMBDA, unrouted
from headrace.backends.functions.routes import FunctionRoute, HttpRoute, LambdaRoute
from headrace.backends.handlers import Handlers
from headrace.backends.hooks import Hooks
from headrace.backends.patterns import first_match, function_names, split_function
from headrace.core.effects import EffectContext, EffectFailed, Fault, Functions
from headrace.core.parsing import Unreadable, parse_answer

MAX_ERROR_TEXT = 2_000


class RoutedFunctions(Functions):
    """Functions of AWS Lambda, of other servers, and of this process."""

    def __init__(
        self, routes: Sequence[FunctionRoute], *, aws: Aws, hooks: Hooks, handlers: Handlers
    ) -> None:
        self._routes = routes
        self._aws = aws
        self._hooks = hooks
        self._handlers = handlers

    async def invoke(self, arn: str, event: Mapping[str, Any], context: EffectContext) -> Any:
        names = function_names(arn)
        route = first_match(self._routes, names)
        if route is None:
            line = f'[[functions.route]] match = "{names[-1]}", type = "lambda" or "http" or "handler"'
            raise unrouted(LAMBDA, "function", arn, how=line)
        if isinstance(route, LambdaRoute):
            return await self._invoke_lambda(route, arn, event, context)
        if isinstance(route, HttpRoute):
            return await self._hooks.post(route, event, resource=LAMBDA, context=context)
        return await self._handlers.call(route.handler, event, arn=arn, resource=LAMBDA, context=context)

    async def _invoke_lambda(
        self, route: LambdaRoute, arn: str, event: Mapping[str, Any], context: EffectContext
    ) -> Any:
        function, qualifier = split_function(route.function or arn)
        parameters = {
            "FunctionName": function,
            "Payload": msgspec.json.encode(event),
            "ClientContext": _client_context(context.step),
        }
        if qualifier:
            parameters["Qualifier"] = qualifier

        def act(client: Any) -> tuple[str | None, bytes]:
            answer = client.invoke(**parameters)
            return answer.get("FunctionError"), answer["Payload"].read()

        error, payload = await self._aws.call("lambda", route.place, act, resource=LAMBDA, context=context)
        if error:
            raise EffectFailed(_error_text(payload), resource=LAMBDA)
        return _result(payload)


def _client_context(step: str) -> str:
    """What Lambda lets a caller say besides the event: the function finds it as
    ``context.client_context.custom["idempotencyKey"]``."""
    return b64encode(msgspec.json.encode({"custom": {"idempotencyKey": step}})).decode()


def _result(payload: bytes) -> Any:
    """What the function returned; a function that returns nothing answers nothing or null."""
    try:
        return parse_answer(payload) if payload else None
    except Unreadable as error:
        raise EffectFailed(
            f"The function answered what is no JSON: {error}", resource=LAMBDA, fault=Fault.GATEWAY
        ) from None


def _error_text(payload: bytes) -> str:
    """The error of a function, as Lambda writes it: ``{"errorType", "errorMessage", …}``."""
    try:
        said = parse_answer(payload)
    except Unreadable:
        return payload.decode(errors="replace")[:MAX_ERROR_TEXT]
    if not isinstance(said, dict):
        return str(said)[:MAX_ERROR_TEXT]
    parts = (str(said[key]) for key in ("errorType", "errorMessage") if said.get(key))
    return ": ".join(parts)[:MAX_ERROR_TEXT] or "The function failed."
