"""Templates in Jinja: needs the extra ``jinja``.

Whoever may write a prompt may write a template that never ends or fills the memory, and Jinja has no limit
for that. So each is filled in a process of its own, with limits, behind what locks the kernel has.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

import headrace
from headrace.core.effects import JSON
from headrace.core.prompt_filling import TemplateLanguage, Unfillable

TIMEOUT_S = 10.0
CONCURRENT = 4
MARKS = ("{{", "{%", "{#")
"""What Jinja looks for; without one a text is what it says."""
ROOT = str(Path(headrace.__file__).resolve().parent.parent)
BOOT = """\
import sys
sys.path.append({root!r})
from headrace.backends.templates.jinja_process import main
main()
"""


class _Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a process says came of it: the texts, or what is wrong with one."""

    texts: list[str] | None = None
    error: str = ""


_replies = msgspec.json.Decoder(_Reply)


class JinjaLanguage(TemplateLanguage):
    """Fills templates in processes, a few at once."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S, concurrent: int = CONCURRENT) -> None:
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(concurrent)

    async def fill(self, texts: Sequence[str], values: Mapping[str, JSON]) -> list[str]:
        if not any(mark in text for text in texts for mark in MARKS):
            return list(texts)
        if importlib.util.find_spec("jinja2") is None:
            raise Unfillable("it is in Jinja, which needs `pip install 'headrace[jinja]'` on the server")
        if importlib.util.find_spec("resource") is None:
            raise Unfillable("it is in Jinja, which needs a server on Linux or macOS")
        body = json.dumps({"texts": texts, "values": values}).encode()
        async with self._places:
            return await self._filled(body)

    async def _filled(self, body: bytes) -> list[str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-B", "-X", "utf8", "-c", BOOT.format(root=ROOT)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                written, _ = await process.communicate(body)
        except TimeoutError:
            raise Unfillable(f"that takes longer than {self._timeout_s:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return _texts(written)


def _texts(written: bytes) -> list[str]:
    """The texts that a process wrote, which is believed nothing.

    Raises:
        Unfillable: it wrote why there are none, or nothing that could be read.
    """
    try:
        reply = _replies.decode(written)
    except (msgspec.DecodeError, RecursionError):
        raise Unfillable("that takes more time or memory than there is for it") from None
    if reply.texts is None:
        raise Unfillable(reply.error)
    return reply.texts
