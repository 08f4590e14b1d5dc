"""From a method and a path to a row of a table.

Paths are matched on their raw segments: the AWS clients send ARNs with an encoded ``/`` inside one segment,
which a router that decodes first would tear apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")
MOST_KNOWN = 1024
LONGEST_KNOWN = 256
"""So many paths of so many characters are remembered with what was found for them."""


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: dict[str, _Node[T]] = field(default_factory=dict)
    parameter: _Node[T] | None = None
    rest: _Node[T] | None = None
    rows: dict[str, tuple[tuple[str, ...], T]] = field(default_factory=dict)


class Match(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A row that fits, and the values of its path's parameters."""

    row: T
    parameters: Mapping[str, str]


class WrongMethod(msgspec.Struct, frozen=True, kw_only=True):
    """The path exists, with other methods."""

    allowed: tuple[str, ...]

    @property
    def answered(self) -> tuple[str, ...]:
        """Those methods, and the two that every server answers where it can."""
        head = ("HEAD",) if "GET" in self.allowed else ()
        return tuple(sorted({*self.allowed, *head, "OPTIONS"}))


class Table(Generic[T]):
    """Rows by method and path template (``GET /flows/{id}/versions``).

    A last parameter such as ``{id:path}`` takes all segments that are left, joined by ``/``. Literals win
    over parameters and these over the rest, but a row with the request's method wins over one without.
    """

    def __init__(self, rows: Iterable[tuple[str, str, T]]) -> None:
        self._root: _Node[T] = _Node()
        self._known: dict[tuple[str, tuple[str, ...]], Match[T]] = {}
        for method, template, row in rows:
            self._add(method, template, row)

    def _add(self, method: str, template: str, row: T) -> None:
        node, names = self._root, []
        for part in template.strip("/").split("/"):
            if part.endswith(":path}"):
                names.append(part[1:].removesuffix(":path}"))
                node.rest = node.rest or _Node()
                node = node.rest
            elif part.startswith("{"):
                names.append(part.strip("{}"))
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(part, _Node())
        if method in node.rows:
            raise ValueError(f"{method} {template} is in the table twice")
        node.rows[method] = (tuple(names), row)

    def find(self, method: str, segments: tuple[str, ...]) -> Match[T] | WrongMethod | None:
        """The row for a request; WrongMethod when only the path fits; None when nothing does."""
        known = self._known.get((method, segments))
        if known is not None:
            return known
        found = self._look_for(method, segments)
        if isinstance(found, Match) and sum(map(len, segments)) <= LONGEST_KNOWN:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[method, segments] = found
        return found

    def _look_for(self, method: str, segments: tuple[str, ...]) -> Match[T] | WrongMethod | None:
        first = _stride(self._root, segments)
        found = first if first and method in first[0].rows else _walk(self._root, segments, 0, (), method)
        if found is None:
            other = first or _walk(self._root, segments, 0, (), None)
            return None if other is None else WrongMethod(allowed=tuple(sorted(other[0].rows)))
        node, values = found
        names, row = node.rows[method]
        return Match(row=row, parameters=dict(zip(names, values, strict=True)))


def _stride(node: _Node[T], segments: tuple[str, ...]) -> tuple[_Node[T], tuple[str, ...]] | None:
    """The way down that takes a literal wherever there is one; nearly always the right one."""
    values: tuple[str, ...] = ()
    for depth, segment in enumerate(segments):
        literal = node.literals.get(segment)
        if literal is not None:
            node = literal
        elif node.parameter is not None:
            node = node.parameter
            values = (*values, segment)
        elif node.rest is not None:
            return node.rest, (*values, "/".join(segments[depth:]))
        else:
            return None
    return (node, values) if node.rows else None


def _walk(
    node: _Node[T], segments: tuple[str, ...], depth: int, values: tuple[str, ...], method: str | None
) -> tuple[_Node[T], tuple[str, ...]] | None:
    """The best end of the path that has a row with the method; with any method when that is None."""
    if depth == len(segments):
        has_row = node.rows if method is None else method in node.rows
        return (node, values) if has_row else None
    segment = segments[depth]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _walk(literal, segments, depth + 1, values, method)
        if found is not None:
            return found
    if node.parameter is not None:
        found = _walk(node.parameter, segments, depth + 1, (*values, segment), method)
        if found is not None:
            return found
    if node.rest is None or (method is not None and method not in node.rest.rows):
        return None
    return node.rest, (*values, "/".join(segments[depth:]))
