"""Any server that speaks OpenAI's chat completions, over httpx."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from typing import Any

import msgspec

from headrace.backends.aws import fault_of_status
from headrace.backends.failures import BEDROCK, load, redacted
from headrace.backends.headers import check_headers, idempotency_key
from headrace.backends.models.chat import body_of, completion_of, refuse_guardrail
from headrace.backends.models.openai_stream import ASKED, Pieces
from headrace.core.effects import (
    EffectContext,
    EffectFailed,
    Fault,
    ModelReply,
    ModelRequest,
    SpeakingModels,
    Usage,
)
from headrace.core.parsing import Unreadable, parse_answer

CONNECT_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
MAX_ERROR_TEXT = 500
BACKOFF_S = 0.5
RETRIED = {429, 502, 503, 504}


class OpenAi(msgspec.Struct, frozen=True, kw_only=True, tag="openai", forbid_unknown_fields=True):
    """An OpenAI-compatible endpoint.

    Attributes:
        url: up to and with the version, such as ``https://models.example.com/v1``.
        api_key_env: the environment variable with the key; empty sends none.
        caller_key: under which name callers of prompts may bring a key of their own, such as ``openai``;
            empty is the provider's own name. No other key of theirs is ever sent to it.
        max_tokens_field: newer models of OpenAI's own want ``max_completion_tokens``.
        headers: sent with each request.
        retries: how often a call that was refused for now (429, 502, 503, 504) is repeated.
        ignore_guardrails: answer without the guardrail that a node asks for, instead of refusing.
    """

    url: str
    api_key_env: str = ""
    caller_key: str = ""
    max_tokens_field: str = "max_tokens"
    headers: dict[str, str] = {}
    retries: int = 2
    ignore_guardrails: bool = False


class OpenAiModels(SpeakingModels):
    """Asks one endpoint; keeps its connections open."""

    def __init__(self, spec: OpenAi, *, name: str) -> None:
        self._spec = spec
        self._name = name
        self._client: Any = None

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        body = msgspec.json.encode(self._body(request))
        return self._reply(self._parsed(await self._ask(body, context)), request, context)

    async def speak(
        self, request: ModelRequest, context: EffectContext, heard: Callable[[str], None]
    ) -> ModelReply:
        pieces = Pieces(heard, who=self._name)
        body = msgspec.json.encode(self._body(request) | ASKED)
        try:
            whole = await self._ask(body, context, pieces)
        except EffectFailed as failure:
            struck = self._struck(failure.message, context)
            raise EffectFailed(struck, resource=BEDROCK, fault=failure.fault) from None
        answer = self._parsed(whole) if whole else pieces.answer()
        reply = self._reply(answer, request, context)
        if whole:  # a server that knows no pieces
            heard(reply.text)
        return reply

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        refuse_guardrail(request, ignore=self._spec.ignore_guardrails, who=self._name)
        return body_of(request, max_tokens_field=self._spec.max_tokens_field)

    def _reply(self, answer: Any, request: ModelRequest, context: EffectContext) -> ModelReply:
        completion = completion_of(answer, who=f"The provider `{self._name}`")
        used = completion.usage
        details = used.completion_tokens_details if used else None
        return ModelReply(
            content=completion.content,
            stop_reason=completion.stop_reason,
            usage=Usage(input_tokens=used.prompt_tokens, output_tokens=used.completion_tokens)
            if used
            else Usage(),
            provider=self._name,
            model=completion.model or request.model_id,
            request_id=completion.id or context.step,
            reasoning_tokens=details.reasoning_tokens if details else None,
            logprobs=completion.choices[0].logprobs,
        )

    async def _ask(self, body: bytes, context: EffectContext, pieces: Pieces | None = None) -> bytes:
        """The answer; empty when it came in pieces."""
        headers = self._headers(context)
        for attempt in range(self._spec.retries + 1):
            status, retry_after, content = await self._post(body, headers, pieces)
            if status == 200:
                return content
            if status not in RETRIED or attempt == self._spec.retries:
                break
            await asyncio.sleep(_pause_s(retry_after, attempt))
        raise EffectFailed(
            f"The provider `{self._name}` answered {status}: {self._readable(content, context)}",
            resource=BEDROCK,
            fault=fault_of_status(status),
        )

    async def _post(
        self, body: bytes, headers: dict[str, str], pieces: Pieces | None
    ) -> tuple[int, str, bytes]:
        httpx = load("httpx", extra="http", resource=BEDROCK)
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S))
        url = f"{self._spec.url.rstrip('/')}/chat/completions"
        try:
            async with self._client.stream("POST", url, content=body, headers=headers) as response:
                is_piecemeal = response.headers.get("content-type", "").startswith("text/event-stream")
                taken = pieces if is_piecemeal and response.status_code == 200 else None
                content = await self._read(response, taken)
                return response.status_code, response.headers.get("retry-after", ""), content
        except httpx.InvalidURL as error:
            raise EffectFailed(f"The provider `{self._name}`: {error}", resource=BEDROCK) from None
        except httpx.HTTPError as error:
            raise self._failed(f"could not be reached: {type(error).__name__}: {error}") from None

    async def _read(self, response: Any, pieces: Pieces | None) -> bytes:
        content, size_bytes = bytearray(), 0
        async for part in response.aiter_bytes():
            size_bytes += len(part)
            if size_bytes > MAX_ANSWER_BYTES:
                raise self._failed(f"answered more than {MAX_ANSWER_BYTES} bytes")
            if pieces is None:
                content += part
            else:
                pieces.feed(part)
        return bytes(content)

    def _headers(self, context: EffectContext) -> dict[str, str]:
        key = self._key(context)
        headers = {
            "content-type": "application/json",
            "idempotency-key": idempotency_key(context),
            **self._spec.headers,
        }
        if key:
            headers["authorization"] = f"Bearer {key}"
        check_headers(headers, who=f"the provider `{self._name}`", resource=BEDROCK)
        return headers

    def _key(self, context: EffectContext) -> str:
        """The caller's own key, or else the configured one; empty when there is none to be sent."""
        key = context.keys.get(self._spec.caller_key or self._name)
        if key or not self._spec.api_key_env:
            return key
        key = os.environ.get(self._spec.api_key_env, "")
        if not key:
            raise EffectFailed(
                f"The provider `{self._name}` takes its key from {self._spec.api_key_env}, which is not set.",
                resource=BEDROCK,
            )
        return key

    def _parsed(self, content: bytes) -> Any:
        try:
            return parse_answer(content)
        except Unreadable as error:
            raise self._failed(f"answered something that is not JSON: {error}") from None

    def _readable(self, content: bytes, context: EffectContext) -> str:
        """What an error says, without the key, which some servers repeat."""
        return self._struck(_error_text(content), context)[:MAX_ERROR_TEXT]

    def _struck(self, text: str, context: EffectContext) -> str:
        key = os.environ.get(self._spec.api_key_env, "") if self._spec.api_key_env else ""
        text = redacted(text, (key, *context.keys.values(), *self._spec.headers.values()))
        return re.sub(r"\bsk-[\w*-]{6,}", "sk-…", text)  # a part of the key, as OpenAI's own error shows it

    def _failed(self, what: str) -> EffectFailed:
        return EffectFailed(f"The provider `{self._name}` {what}.", resource=BEDROCK, fault=Fault.GATEWAY)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()


def _pause_s(retry_after: str, attempt: int) -> float:
    """How long to wait: what the server asked for, else longer each time."""
    return float(retry_after) if re.fullmatch(r"\d{1,4}(\.\d+)?", retry_after) else BACKOFF_S * 2**attempt


def _error_text(content: bytes) -> str:
    try:
        parsed = parse_answer(content)
    except Unreadable:
        return content.decode(errors="replace").strip()
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
    text = error.get("message", error) if isinstance(error, dict) else error
    return text if isinstance(text, str) else msgspec.json.encode(text).decode()
