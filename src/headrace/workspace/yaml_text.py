"""Plain values as YAML that people like to read, and back.

There is one text for each value: what is read and written again is the same to the letter. Texts of several
lines are blocks, lists of plain values stand in one line where they are short. What is read is JSON's data in
YAML's clothes: no dates, no `yes`, no octal numbers, no anchors; a key may be there once. One tag is known:
`!text NAME` is the text in another file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

TEXT_TAG = "!text"
MAX_LEVELS = 100
"""How deep a text may be nested."""
MAX_LINE = 100
"""So many characters a list in one line may have."""
LONGEST_KEY = 100
"""Longer ones are no keys to YAML unless it is told so."""
_PLAIN = re.compile(r"[A-Za-z_$/][\w./$@+-]*(?: [\w./$@+-]+)*", re.ASCII)
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What some YAML takes for something else than a text; quoted, though not read so here."""
_NO_BLOCK = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_UNSEEN = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
"""What PyYAML may take a text for that has no tag of its own."""
_encode = msgspec.json.Encoder().encode


class BadYaml(Exception):
    """The text is no YAML that is read here."""


class Reference(str):
    """The name of another file in whose place its text stands."""

    __slots__ = ()


def write(value: Any) -> str:
    """A value as text. It begins with a mapping or a list, or is one line."""
    if _is_tall(value):
        return "".join(f"{line}\n" for line in _block(value, ""))
    return f"{_inline(value)}\n"


def _block(value: Any, indent: str) -> Iterator[str]:
    """The lines of a mapping or a list that is not empty."""
    items = (
        [(_key(key), inner) for key, inner in value.items()]
        if isinstance(value, dict)
        else [("-", inner) for inner in value]
    )
    for head, inner in items:
        yield from _item(head, inner, indent)


def _item(head: str, value: Any, indent: str) -> Iterator[str]:
    deeper = indent + "  "
    lines = _lines(value)
    if lines is not None:
        yield f"{indent}{head} {lines[0]}"
        yield from (f"{deeper}{line}" if line else "" for line in lines[1:])
    elif not _is_tall(value) or _fits(value, indent, head):
        yield f"{indent}{head} {_inline(value)}"
    elif head == "-" and isinstance(value, dict):
        first, *others = _block(value, deeper)
        yield f"{indent}- {first[len(deeper) :]}"
        yield from others
    else:
        yield f"{indent}{head}"
        yield from _block(value, deeper)


def _is_tall(value: Any) -> bool:
    """Whether it stands over several lines: it is not empty, and none of its keys is too long for that."""
    if isinstance(value, dict):
        return bool(value) and all(len(_string(key)) <= LONGEST_KEY for key in value)
    return isinstance(value, list) and bool(value)


def _fits(value: Any, indent: str, head: str) -> bool:
    """Whether it is a list of plain values that stands well in one line."""
    if not isinstance(value, list) or any(isinstance(one, dict | list | Reference) for one in value):
        return False
    return len(indent) + len(head) + len(_inline(value)) < MAX_LINE


def _lines(value: Any) -> list[str] | None:
    """A text of several lines as a block; None for what is none, or would not be read as the same."""
    if not isinstance(value, str) or isinstance(value, Reference) or "\n" not in value:
        return None
    body = value.rstrip("\n")
    if not body or body[0] in " \t\n" or _NO_BLOCK.search(value):
        return None
    ends = len(value) - len(body)
    sign = "-" if ends == 0 else "" if ends == 1 else "+"
    return [f"|{sign}", *body.split("\n"), *[""] * (ends - 1)]


def _inline(value: Any) -> str:
    if isinstance(value, Reference):
        return f"{TEXT_TAG} {_string(value)}"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(inner) for inner in value) + "]"
    return _encode(value).decode()


def _key(name: str) -> str:
    text = _string(name)
    return f"{text}:" if len(text) <= LONGEST_KEY else f"? {text} :"


def _string(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    quoted = _encode(str(value)).decode()
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def read(text: str, read_text: Callable[[str], str] | None = None) -> Any:
    """The value of a text.

    Args:
        read_text: the text of another file by the name that stands in this one; None knows no others.

    Raises:
        BadYaml: it is none, or says what JSON has no word for.
    """
    import yaml  # not there where nothing is read

    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise BadYaml(" ".join(str(error).split())) from None
    except (ValueError, RecursionError) as error:
        raise BadYaml(str(error)) from None
    return None if node is None else _Reader(yaml, read_text).value(node, 0)


class _Reader:
    """Turns nodes into values."""

    def __init__(self, yaml: Any, read_text: Callable[[str], str] | None) -> None:
        self._yaml = yaml
        self._read_text = read_text
        self._seen: set[int] = set()

    def value(self, node: Any, level: int) -> Any:
        if id(node) in self._seen:
            raise self._bad(node, "a part may not stand for another one (*)")
        self._seen.add(id(node))
        if level > MAX_LEVELS:
            raise self._bad(node, f"it is nested deeper than {MAX_LEVELS} levels")
        if isinstance(node, self._yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise self._bad(node, f"the tag {node.tag} is not known")
        if isinstance(node, self._yaml.SequenceNode):
            return [self.value(inner, level + 1) for inner in node.value]
        found: dict[str, Any] = {}
        for key, inner in node.value:
            name = self._name(key)
            if name in found:
                raise self._bad(key, f"`{name}` is there twice")
            found[name] = self.value(inner, level + 1)
        return found

    def _name(self, key: Any) -> str:
        if not isinstance(key, self._yaml.ScalarNode) or key.tag not in _TAGS:
            raise self._bad(key, "a key must be a text")
        return str(key.value)

    def _scalar(self, node: Any) -> Any:
        if node.tag == TEXT_TAG:
            return self._referred(node)
        if node.tag not in _TAGS:
            raise self._bad(node, f"the tag {node.tag} is not known")
        return node.value if node.style else self._plain(node)

    def _referred(self, node: Any) -> str:
        if self._read_text is None:
            raise self._bad(node, f"{TEXT_TAG} is not known here")
        try:
            return self._read_text(node.value)
        except BadYaml as error:
            raise self._bad(node, str(error)) from None

    def _plain(self, node: Any) -> Any:
        text: str = node.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.fullmatch(text):
            try:
                return int(text)
            except ValueError:
                raise self._bad(node, "the number has too many digits") from None
        if not _FLOAT.fullmatch(text):
            return text
        number = float(text)
        if not math.isfinite(number):
            raise self._bad(node, f"the number {text[:40]} is out of range")
        return number

    @staticmethod
    def _bad(node: Any, message: str) -> BadYaml:
        mark = node.start_mark
        return BadYaml(f"line {mark.line + 1}, column {mark.column + 1}: {message}")


def mapping(value: Any) -> Mapping[str, Any]:
    """What must be a mapping; nothing at all is an empty one.

    Raises:
        BadYaml: it is none.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadYaml("it must consist of lines such as `name: value`")
    return value
