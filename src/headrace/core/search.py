"""What the texts of logs are found by: their words, the same for every store.

A word is a run of letters and digits, in any case. Scripts that put no blanks between words are taken letter
by letter. Of a long text the beginning counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec

from headrace.core.logs import Log, Payload

MAX_WORD = 64
"""Characters of a word that count."""
MAX_TEXT = 200_000
"""Characters of a log's texts that count, and as many of its metadata: whoever writes waits for the index."""
MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_WANTED = 32
"""Words of a query that count."""
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+"
)


def words(text: str) -> list[str]:
    """The words of a text, in order, each as often as it occurs."""
    return [word[:MAX_WORD] for word in _runs(text)]


def _distinct(text: str) -> frozenset[str]:
    """The words of a text, each once: most occur often."""
    found = frozenset(_runs(text))
    if max(map(len, found), default=0) <= MAX_WORD:
        return found
    return frozenset(word[:MAX_WORD] for word in found)


def _runs(text: str) -> list[str]:
    """The runs of letters and digits of a text, without their case."""
    if text.isascii():
        return _WORD.findall(text.lower())
    return _WORD.findall(unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold()))


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The words that a text must have.

    Attributes:
        whole: each of these is a word of it.
        beginning: one of its words begins with this.
    """

    whole: tuple[str, ...]
    beginning: str

    def is_in(self, found: frozenset[str]) -> bool:
        """Whether the words ``found`` in a text are enough."""
        return found.issuperset(self.whole) and any(word.startswith(self.beginning) for word in found)


def wanted(query: str | None) -> Wanted | None:
    """What a query asks for; None when it has no word, so that it leaves nothing out."""
    found = words(query or "")[:MAX_WANTED]
    if not found:
        return None
    return Wanted(whole=tuple(dict.fromkeys(found[:-1])), beginning=found[-1])


def text_words(log: Log) -> frozenset[str]:
    """The words of a log's output, error, inputs and messages: of their values, not of their keys."""
    return _said(log.content())


def metadata_words(log: Log) -> frozenset[str]:
    """The words of the keys and values of a log's metadata."""
    return _noted(log.content())


def all_words(log: Log) -> tuple[frozenset[str], frozenset[str]]:
    """Those of its texts and those of its metadata."""
    content = log.content()
    return _said(content), _noted(content)


def _said(content: Payload) -> frozenset[str]:
    documents = (content.inputs, content.messages, content.output_message)
    texts = [content.output or "", content.error or "", *(_text(raw, with_keys=False) for raw in documents)]
    return _distinct("\n".join(texts)[:MAX_TEXT])


def _noted(content: Payload) -> frozenset[str]:
    return _distinct(_text(content.metadata, with_keys=True)[:MAX_TEXT])


def _text(raw: msgspec.Raw | None, *, with_keys: bool) -> str:
    """What stands in a JSON document; of a very large one, its beginning as it is written."""
    if raw is None:
        return ""
    text = bytes(raw)
    if len(text) > MAX_DOCUMENT_BYTES:
        return text[:MAX_TEXT].decode(errors="replace")
    return "\n".join(_texts(msgspec.json.decode(text), with_keys=with_keys))


def _texts(document: Any, *, with_keys: bool) -> Iterator[str]:
    """Its texts in order; without recursion, so that no depth is too much."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            if with_keys:
                yield from value
            waiting.extend(reversed(value.values()))
        elif isinstance(value, list):
            waiting.extend(reversed(value))
        elif value is not None:
            yield msgspec.json.encode(value).decode()
