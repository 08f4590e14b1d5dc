"""Amazon Bedrock itself, by the Converse operation."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from headrace.backends.aws import Aws, AwsKey, AwsPlace
from headrace.backends.failures import BEDROCK, redacted
from headrace.backends.models.bedrock_stream import Events
from headrace.core.effects import (
    EffectContext,
    EffectFailed,
    Fault,
    ModelReply,
    ModelRequest,
    SpeakingModels,
    Usage,
)


class BedrockModel(AwsPlace, frozen=True, kw_only=True, tag="bedrock", forbid_unknown_fields=True):
    """Amazon Bedrock in one region."""


BLOBS = frozenset({"bytes", "redactedContent"})
"""What Converse has as bytes, which in JSON are base64."""


class BedrockModels(SpeakingModels):
    """Passes requests on as they are; guardrails and latency included."""

    def __init__(self, place: AwsPlace, aws: Aws, *, name: str) -> None:
        self._place = place
        self._aws = aws
        self._name = name

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        parameters = converse_parameters(_checked(request))
        answer = await self._called(lambda client: client.converse(**parameters), context)
        return self._reply(answer, request, context)

    async def speak(
        self, request: ModelRequest, context: EffectContext, heard: Callable[[str], None]
    ) -> ModelReply:
        parameters = converse_parameters(_checked(request))
        loop = asyncio.get_running_loop()
        is_over = threading.Event()

        def tell(text: str) -> None:
            loop.call_soon_threadsafe(heard, text)

        def listen(client: Any) -> dict[str, Any]:
            opened = client.converse_stream(**parameters)
            events = Events(tell)
            for event in opened["stream"]:
                if is_over.is_set():  # nobody waits any more
                    opened["stream"].close()
                    break
                events.take(event)
            return {**events.answer(), "ResponseMetadata": opened["ResponseMetadata"]}

        try:
            answer = await self._called(listen, context)
        finally:
            is_over.set()
        return self._reply(answer, request, context)

    async def _called(self, act: Callable[[Any], Any], context: EffectContext) -> Any:
        """What Bedrock answers, asked with the organisation's own key if it has one."""
        key = aws_key(context.keys.own) if context.keys.own else None
        try:
            return await self._aws.call(
                "bedrock-runtime", self._place, act, resource=BEDROCK, context=context, key=key
            )
        except EffectFailed as failure:
            if key is None:
                raise
            secrets = (context.keys.own, key.secret_access_key, key.session_token or "")
            said = redacted(failure.message, secrets)
            raise EffectFailed(said, resource=BEDROCK, fault=failure.fault) from None

    def _reply(self, answer: dict[str, Any], request: ModelRequest, context: EffectContext) -> ModelReply:
        used = answer.get("usage", {})
        return ModelReply(
            content=[_plain(block) for block in answer["output"].get("message", {}).get("content", [])],
            stop_reason=answer["stopReason"],
            usage=Usage(input_tokens=used.get("inputTokens", 0), output_tokens=used.get("outputTokens", 0)),
            provider=self._name,
            model=request.model_id,
            request_id=answer["ResponseMetadata"].get("RequestId", context.step),
        )


def aws_key(text: str) -> AwsKey:
    """An organisation's own key: ``ACCESS_KEY_ID:SECRET``, or with a third part, the session's token.

    Raises:
        EffectFailed: it is none. It was set for a provider that had the same name.
    """
    parts = text.split(":")
    if len(parts) not in (2, 3):
        message = "The organisation's key is not ACCESS_KEY_ID:SECRET_ACCESS_KEY, which Amazon Bedrock takes."
        raise EffectFailed(message, resource=BEDROCK, fault=Fault.DENIED)
    return AwsKey(*parts)


def _checked(request: ModelRequest) -> ModelRequest:
    """A request that Converse has a place for all of.

    Raises:
        EffectFailed: it shows an image by its address, and nothing is fetched from addresses here.
    """
    blocks = (block for message in request.messages for block in message["content"])
    if any("url" in block.get("image", {}).get("source", {}) for block in blocks):
        message = "Amazon Bedrock takes images as data URLs (data:image/png;base64,…), not by their address."
        raise EffectFailed(message, resource=BEDROCK)
    return request


def converse_parameters(request: ModelRequest) -> dict[str, Any]:
    """The arguments of boto3's ``converse``."""
    parameters: dict[str, Any] = {
        "modelId": request.model_id,
        "messages": [
            {"role": message["role"], "content": [_sent(block) for block in message["content"]]}
            for message in request.messages
        ],
        "system": [dict(block) for block in request.system],
        "inferenceConfig": dict(request.inference),
        "toolConfig": request.tools,
        "additionalModelRequestFields": request.extra,
        "guardrailConfig": dict(request.guardrail) if request.guardrail else None,
        "performanceConfig": {"latency": request.latency} if request.latency else None,
    }
    return {key: value for key, value in parameters.items() if value}


def _sent(block: Any) -> Any:
    """A content block with its bytes, which in JSON are base64, as bytes."""
    if isinstance(block, list):
        return [_sent(one) for one in block]
    if not isinstance(block, dict):
        return block
    return {
        key: base64.b64decode(value) if key in BLOBS and isinstance(value, str) else _sent(value)
        for key, value in block.items()
    }


def _plain(block: Any) -> Any:
    """A content block of the answer as JSON."""
    return msgspec.to_builtins(block)
