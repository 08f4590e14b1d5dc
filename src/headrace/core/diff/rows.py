"""What a diff says to a reader, row by row. `headrace.core.diff_text` makes lines of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from headrace.core.diff.edits import (
    Added,
    ConnectionAdded,
    ConnectionChange,
    ConnectionChanged,
    ConnectionRemoved,
    Edit,
    GraphChanged,
    Moved,
    NodeAdded,
    NodeChange,
    NodeChanged,
    NodeRemoved,
    Path,
    Removed,
    Replaced,
    TextChanged,
)
from headrace.core.diff.graph import read_graph, wiring

Sign: TypeAlias = Literal["+", "-", "~", ">", " "]
"""Added, removed, changed, moved, or there for its neighbours."""

MOST_CHARS_OF_VALUE = 72
"""A longer value is told member by member."""
MOST_DEPTH = 40
"""What would be indented more is told in one row."""
MOST_NAMES = 3
"""Of what matters little, so many are named."""
_PLACES_OF_DEFINITIONS: tuple[Path, ...] = ((), ("definition",))
"""A graph that is there needs no heading."""
_encode = msgspec.json.Encoder().encode


class Piece(msgspec.Struct, frozen=True):
    """A piece of a row: removed, added, or neither."""

    text: str
    sign: Sign = " "


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row.

    Attributes:
        depth: how far it is indented.
        is_code: whether it is a line of code, which no line end may be put into.
    """

    depth: int
    sign: Sign
    pieces: tuple[Piece, ...]
    is_code: bool = False


def rows_of(edits: Iterable[Edit], *, depth: int, context_lines: int) -> Iterator[Row]:
    """What differs."""
    for edit in edits:
        match edit:
            case GraphChanged():
                yield from _graph(edit, depth, context_lines)
            case TextChanged():
                yield _row(depth, "~", f"{_label(edit.path)}:")
                yield from _text(edit, depth + 1, context_lines)
            case Replaced():
                yield from _replaced(edit, depth)
            case Added() | Removed():
                yield from _whole("+" if isinstance(edit, Added) else "-", edit.path, edit.value, depth)
            case Moved():
                yield _row(depth, ">", f"{_label(edit.path)} is at {edit.to}")


def _row(depth: int, sign: Sign, text: str) -> Row:
    return Row(depth=depth, sign=sign, pieces=(Piece(text),))


def _label(path: Path) -> str:
    """A path such as ``configuration.tools[2].name``; of elements with names, ``inputs.genre.type``."""
    if not path:
        return "all of it"
    first, *others = path
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in others]
    return "".join([f"[{first}]" if isinstance(first, int) else first, *steps])


def _json(value: Any) -> str:
    return _encode(value).decode()


def _replaced(edit: Replaced, depth: int) -> Iterator[Row]:
    label, before, after = _label(edit.path), _json(edit.before), _json(edit.after)
    if len(before) + len(after) <= MOST_CHARS_OF_VALUE:
        yield _row(depth, "~", f"{label}: {before} → {after}")
        return
    yield _row(depth, "~", f"{label}:")
    yield from _value("-", edit.before, depth + 1)
    yield from _value("+", edit.after, depth + 1)


def _whole(sign: Sign, path: Path, value: Any, depth: int) -> Iterator[Row]:
    """All of a value that came or went: in one row if it fits in there."""
    while isinstance(value, dict) and len(value) == 1 and len(_json(value)) > MOST_CHARS_OF_VALUE:
        [(name, value)] = value.items()
        path = (*path, name)
    if isinstance(value, dict) and (graph := read_graph(value)):
        count = f"{len(graph.nodes)} nodes, {len(graph.connections)} connections"
        yield _row(depth, sign, f"{_label(path)}: {count}")
    elif len(text := _json(value)) <= MOST_CHARS_OF_VALUE and "\\n" not in text:
        yield _row(depth, sign, f"{_label(path)}: {text}")
    else:
        yield _row(depth, sign, f"{_label(path)}:")
        yield from _value(sign, value, depth + 1)


def _value(sign: Sign, value: Any, depth: int) -> Iterator[Row]:
    """A value that is too long for a row."""
    if isinstance(value, str):
        yield from (_row(depth, sign, line) for line in value.split("\n"))
    elif isinstance(value, dict | list) and value and depth < MOST_DEPTH:
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in members:
            yield from _whole(sign, (name,), inner, depth)
    else:
        yield _row(depth, sign, _json(value))


def _graph(graph: GraphChanged, depth: int, context_lines: int) -> Iterator[Row]:
    if graph.path not in _PLACES_OF_DEFINITIONS:
        yield _row(depth, "~", f"{_label(graph.path)}:")
        depth += 1
    for node in graph.nodes:
        yield from _node(node, depth, context_lines)
    for connection in graph.connections:
        yield from _connection(connection, depth)
    if names := [f"{one.name} (was {one.was})" for one in graph.relabelled if not one.follows]:
        yield _row(depth, "~", f"connections with other names: {_first(names)}")
    for part in ("nodes", "connections"):
        if names := [str(move.path[1]) for move in graph.moves if move.path[0] == part]:
            yield _row(depth, ">", f"{part} elsewhere in the list: {', '.join(names)}")
    yield from rows_of(graph.edits, depth=depth, context_lines=context_lines)


def _first(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _node(node: NodeChange, depth: int, context_lines: int) -> Iterator[Row]:
    told = f"node {node.name} ({node.type})"
    match node:
        case NodeAdded():
            yield _row(depth, "+", told)
            for name, value in node.node.items():
                if name not in ("name", "type"):
                    yield from _whole("+", (name,), value, depth + 1)
        case NodeRemoved():
            yield _row(depth, "-", told)
        case NodeChanged():
            yield _row(depth, "~", f"{told}, was {node.was}" if node.is_renamed else told)
            yield from rows_of(node.edits, depth=depth + 1, context_lines=context_lines)


def _connection(connection: ConnectionChange, depth: int) -> Iterator[Row]:
    match connection:
        case ConnectionAdded():
            yield _row(depth, "+", f"connection {_arrow(connection.connection)}")
        case ConnectionRemoved():
            yield _row(depth, "-", f"connection {_arrow(connection.connection)}")
        case ConnectionChanged():
            was, now = _arrow(connection.before), _arrow(connection.after)
            if was != now:
                yield _row(depth, "~", f"connection {now}, was {was}")
            elif connection.is_rewired:
                yield _row(depth, "~", f"connection {now}, where a node has the name that another had")
            else:
                yield _row(depth, "~", f"connection {now}:")
                yield from _value("-", connection.before, depth + 1)
                yield from _value("+", connection.after, depth + 1)


def _arrow(connection: Mapping[str, Any]) -> str:
    """What a connection joins: ``Ask.answer → Out.document``, or ``Choose if urgent → Call``."""
    joined = wiring(connection)
    start = joined.source if joined.start is None else f"{joined.source}.{joined.start}"
    if joined.type == "Conditional":
        start = joined.source if joined.start is None else f"{joined.source} if {joined.start}"
    return f"{start} → {joined.target if joined.end is None else f'{joined.target}.{joined.end}'}"


def _text(edit: TextChanged, depth: int, context_lines: int) -> Iterator[Row]:
    """The lines of a text in which something differs, and those around them."""
    lines = list(_lines(edit))
    near = {
        n + offset
        for n, (sign, _) in enumerate(lines)
        if sign != " "
        for offset in range(-context_lines, context_lines + 1)
    }
    is_left_out = False
    for n, (sign, pieces) in enumerate(lines):
        if n in near:
            yield Row(depth=depth, sign=sign, pieces=pieces, is_code=edit.unit == "line")
        elif not is_left_out:
            yield _row(depth, " ", "…")
        is_left_out = n not in near


_SIGNS: Mapping[str, Sign] = {"both": " ", "before": "-", "after": "+"}


def _lines(edit: TextChanged) -> Iterator[tuple[Sign, tuple[Piece, ...]]]:
    """Both texts together, line by line: the sign of each, and its pieces."""
    line: list[Piece] = []
    for span in edit.spans:
        sign = _SIGNS[span.in_]
        *ended, rest = span.text.split("\n")
        for text in ended:
            yield _line([*line, Piece(text, sign)])
            line = []
        if rest:
            line.append(Piece(rest, sign))
    if line:
        yield _line(line)


def _line(pieces: list[Piece]) -> tuple[Sign, tuple[Piece, ...]]:
    """A line that is of one text altogether needs no marks within."""
    signs = {piece.sign for piece in pieces if piece.text} or {piece.sign for piece in pieces}
    if len(signs) == 1:
        [sign] = signs
        return sign, tuple(Piece(piece.text) for piece in pieces)
    return "~", tuple(pieces)
