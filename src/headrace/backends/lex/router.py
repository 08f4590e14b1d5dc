"""Recognises intents with what the configuration maps a bot alias to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from headrace.backends.aws import Aws
from headrace.backends.failures import LEX, unrouted
from headrace.backends.hooks import Hooks
from headrace.backends.lex.routes import BotRoute, HookRoute, LexRoute, TableRoute
from headrace.backends.patterns import first_match
from headrace.backends.threads import Threads
from headrace.core.effects import EffectContext, EffectFailed, Fault, Intents
from headrace.core.template import as_text

ALIAS = re.compile(r"^arn:[\w-]+:lex:[\w-]+:\d+:bot-alias/(?P<bot>\w+)/(?P<alias>\w+)\Z")
Attributes = Mapping[str, Any] | None


class RoutedIntents(Intents):
    """Bots of Amazon Lex, of other servers, and tables."""

    def __init__(self, routes: Sequence[LexRoute], *, aws: Aws, hooks: Hooks, threads: Threads) -> None:
        self._routes = routes
        self._aws = aws
        self._hooks = hooks
        self._threads = threads

    async def recognise(
        self,
        bot_alias_arn: str,
        locale: str,
        text: str,
        context: EffectContext,
        *,
        request_attributes: Attributes = None,
        session_attributes: Attributes = None,
    ) -> str:
        route = first_match(self._routes, (bot_alias_arn,))
        if route is None:
            line = f'[[lex.route]] match = "{bot_alias_arn}", type = "lex" or "http" or "table"'
            raise unrouted(LEX, "bot", bot_alias_arn, how=line)
        if isinstance(route, TableRoute):
            # An expression may take very long on an utterance that was made for it.
            return await self._threads.run(
                lambda: intent_of(route, locale, text),
                resource=LEX,
                who="The table of intents",
                timeout_s=context.timeout_s,
            )
        if isinstance(route, HookRoute):
            event = {
                "botAliasArn": bot_alias_arn,
                "localeId": locale,
                "text": text,
                "sessionId": context.execution_id,
                "requestAttributes": request_attributes or {},
                "sessionAttributes": session_attributes or {},
            }
            return _named(await self._hooks.post(route, event, resource=LEX, context=context))
        return await self._ask_lex(
            route, bot_alias_arn, locale, text, context, request_attributes, session_attributes
        )

    async def _ask_lex(
        self,
        route: BotRoute,
        arn: str,
        locale: str,
        text: str,
        context: EffectContext,
        request_attributes: Attributes,
        session_attributes: Attributes,
    ) -> str:
        found = ALIAS.match(arn)
        if found is None:
            raise EffectFailed(f"`{arn}` is no ARN of a bot alias.", resource=LEX)
        parameters: dict[str, Any] = {
            "botId": found["bot"],
            "botAliasId": found["alias"],
            "localeId": locale,
            # A node is one utterance, not a dialogue (bedrock 2.13); Lex wants letters, digits and ._:-
            "sessionId": re.sub(r"[^0-9a-zA-Z._:-]", "-", context.step)[-100:],
            "text": text,
        }
        if request_attributes:
            parameters["requestAttributes"] = texts(request_attributes)
        if session_attributes:
            parameters["sessionState"] = {"sessionAttributes": texts(session_attributes)}
        answer = await self._aws.call(
            "lexv2-runtime",
            route.place,
            lambda client: client.recognize_text(**parameters),
            resource=LEX,
            context=context,
        )
        for guess in answer.get("interpretations", []):
            if "intent" in guess:
                return str(guess["intent"]["name"])
        raise EffectFailed("The bot recognised no intent.", resource=LEX)


def texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Attributes as AWS takes them: strings; other values as JSON."""
    return {name: as_text(value) for name, value in attributes.items()}


def intent_of(table: TableRoute, locale: str, text: str) -> str:
    """The intent of the first rule that fits.

    Raises:
        EffectFailed: none fits and the table has no fallback.
    """
    for rule in table.rules:
        if fnmatchcase(locale, rule.locale) and re.search(rule.pattern, text, re.IGNORECASE):
            return rule.intent
    if not table.fallback:
        raise EffectFailed("No rule of the table fits the utterance.", resource=LEX)
    return table.fallback


def _named(answer: Any) -> str:
    intent = answer.get("intent") if isinstance(answer, dict) else None
    if not isinstance(intent, str):
        raise EffectFailed('The hook did not answer {"intent": "…"}.', resource=LEX, fault=Fault.GATEWAY)
    return intent
