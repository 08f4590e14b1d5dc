"""How deep JSON of a modelled shape can nest, as its text tells without a walk through it.

A shape that neither comes back to itself nor holds a document is as deep as it is written. One that comes
back does so by members whose names stand in the text, so it is at most so many times as deep as they are
there.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headrace.apis.bedrock.model import Ref, Shape

_ESCAPED = b"\\u"
"""With it a text may hold a name without showing it."""


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """How deep a shape is.

    Attributes:
        levels: the most objects and lists inside each other, where nothing comes back.
        returning: the names, in quotes, by which it comes back to a shape that it is inside of.
        open: the names, in quotes, of what may be of any depth.
    """

    levels: int
    returning: tuple[bytes, ...]
    open: tuple[bytes, ...]

    def within(self, most: int, text: bytes) -> bool:
        """Whether no value of the shape with this JSON text can be deeper; when not, it still may not be."""
        if _ESCAPED in text or any(name in text for name in self.open):
            return False
        return self.levels * (1 + sum(text.count(name) for name in self.returning)) <= most


def depth(shape: Shape, shapes: Mapping[str, Shape]) -> Depth:
    """How deep a shape is, which need not be one that the model names."""
    if shape.document:
        return Depth(levels=0, returning=(), open=(b"",))
    found = _Search(shapes)
    levels = found.levels(shape, "", frozenset())
    return Depth(levels=levels, returning=_quoted(found.returning), open=_quoted(found.open))


def _quoted(names: set[str]) -> tuple[bytes, ...]:
    return tuple(f'"{name}"'.encode() for name in sorted(names))


class _Search:
    """Goes down every way through a shape until it comes back or ends."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self._shapes = shapes
        self.returning: set[str] = set()
        self.open: set[str] = set()

    def levels(self, shape: Shape, name: str, inside: frozenset[str]) -> int:
        """Those of a shape that a member of this name holds, at whatever remove of lists and maps."""
        match shape.type:
            case "structure":
                below = [self._below(ref, member, inside) for member, ref in shape.members.items()]
                return 1 + max(below, default=0)
            case "list":
                return 1 + self._below(shape.member, name, inside)
            case "map":
                return 1 + self._below(shape.value, name, inside)
            case _:
                return 0

    def _below(self, ref: Ref, name: str, inside: frozenset[str]) -> int:
        shape = self._shapes[ref.shape]
        if shape.document:
            self.open.add(name)
            return 0
        if ref.shape in inside:
            self.returning.add(name)
            return 0
        return self.levels(shape, name, inside | {ref.shape})
