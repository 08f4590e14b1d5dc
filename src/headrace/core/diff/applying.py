"""Making the value after out of the value before and what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from headrace.core.diff.edits import (
    Added,
    ConnectionAdded,
    ConnectionChanged,
    ConnectionRemoved,
    Edit,
    GraphChanged,
    Moved,
    NodeAdded,
    NodeChanged,
    NodeRemoved,
    Removed,
    Replaced,
    Step,
    TextChanged,
)
from headrace.core.diff.graph import Graph, Parts, followed, frame_of, read_graph
from headrace.core.diff.likeness import is_same
from headrace.core.diff.lists import names_of


class DoesNotFit(ValueError):
    """The edits were found in another value."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def apply_edits(value: Any, edits: Collection[Edit], depth: int = 0) -> Any:
    """The value after.

    Args:
        depth: how many steps of each path lead to the value.

    Raises:
        DoesNotFit: the edits were found in another value.
    """
    for edit in edits:
        if len(edit.path) == depth:
            return _instead(value, edit)
    if isinstance(value, dict):
        return _members(value, edits, depth)
    if isinstance(value, list):
        return _elements(value, edits, depth)
    _demand(not edits)
    return value


def _demand(fits: bool) -> None:
    if not fits:
        raise DoesNotFit


def _instead(value: Any, edit: Edit) -> Any:
    match edit:
        case Replaced():
            _demand(is_same(value, edit.before))
            return edit.after
        case TextChanged():
            _demand(value == edit.before)
            return edit.after
        case GraphChanged() if isinstance(value, dict) and (graph := read_graph(value)):
            return _graph(graph, edit)
        case _:
            raise DoesNotFit


def _members(value: Mapping[str, Any], edits: Collection[Edit], depth: int) -> dict[str, Any]:
    result = dict(value)
    for step, group in _by_step(edits, depth).items():
        match group:
            case [Added(path=path, value=new)] if len(path) == depth + 1:
                _demand(isinstance(step, str) and step not in value)
                result[str(step)] = new
                continue
        _demand(isinstance(step, str) and step in value)
        match group:
            case [Removed(path=path, value=old)] if len(path) == depth + 1:
                _demand(is_same(result.pop(str(step)), old))
            case _:
                result[str(step)] = apply_edits(value[str(step)], group, depth + 1)
    return result


def _by_step(edits: Collection[Edit], depth: int) -> dict[Step, list[Edit]]:
    groups: dict[Step, list[Edit]] = defaultdict(list)
    for edit in edits:
        groups[edit.path[depth]].append(edit)
    return groups


def _elements(value: Sequence[Any], edits: Collection[Edit], depth: int) -> list[Any]:
    additions = [edit for edit in edits if isinstance(edit, Added) and len(edit.path) == depth + 1]
    new = {edit.path[-1]: edit.value for edit in additions}
    groups = _by_step([edit for edit in edits if not _places(edit, Added, depth)], depth)
    kept = []
    steps: Sequence[Step] = names_of(value) or range(len(value))
    for step, item in zip(steps, value, strict=True):
        group = groups.pop(step, [])
        inner = [edit for edit in group if not _places(edit, (Removed, Moved), depth)]
        changed = apply_edits(item, inner, depth + 1)
        match [edit for edit in group if _places(edit, (Removed, Moved), depth)]:
            case []:
                kept.append(changed)
            case [Moved(to=place)]:
                new[place] = changed
            case [Removed(value=old)]:
                _demand(is_same(item, old))
            case _:
                raise DoesNotFit
    _demand(not groups)
    return _placed(kept, new)


def _places(edit: Edit, sort: Any, depth: int) -> bool:
    """Whether an edit is of the place of an element, not of what is in it."""
    return isinstance(edit, sort) and len(edit.path) == depth + 1


def _placed(kept: Sequence[Any], new: Mapping[Any, Any]) -> list[Any]:
    """What stayed, in its order, and the rest, each at its place."""
    result = list(kept)
    _demand(all(isinstance(place, int) for place in new))
    for place in sorted(new):
        _demand(place <= len(result))
        result.insert(place, new[place])
    return result


def _graph(graph: Graph, change: GraphChanged) -> dict[str, Any]:
    parts = {"nodes": _nodes(graph.nodes, change), "connections": _connections(graph.connections, change)}
    frame: dict[str, Any] = apply_edits(frame_of(graph), change.edits)
    return frame | {part: items for part, items in parts.items() if items or part in frame}


def _nodes(nodes: Parts, change: GraphChanged) -> list[Any]:
    changed = {one.was: one for one in change.nodes if isinstance(one, NodeChanged)}
    gone = {one.name for one in change.nodes if isinstance(one, NodeRemoved)}
    new = {one.index: one.node for one in change.nodes if isinstance(one, NodeAdded)}

    def remade(node: dict[str, Any]) -> dict[str, Any]:
        if (one := changed.get(node["name"])) is None:
            return node
        return {**apply_edits({**node, "name": ""}, one.edits), "name": one.name}

    return _parts(nodes, remade, gone=gone, known=gone | set(changed), new=new, order=_order("nodes", change))


def _connections(connections: Parts, change: GraphChanged) -> list[Any]:
    changed = {one.was: one for one in change.connections if isinstance(one, ConnectionChanged)}
    gone = {one.name for one in change.connections if isinstance(one, ConnectionRemoved)}
    new = {one.index: one.connection for one in change.connections if isinstance(one, ConnectionAdded)}
    names = {one.was: one.name for one in change.nodes if isinstance(one, NodeChanged)}
    labels = {one.was: one.name for one in change.relabelled}

    def remade(connection: dict[str, Any]) -> dict[str, Any]:
        name = connection["name"]
        if name in changed:
            _demand(is_same(connection, changed[name].before))
            return changed[name].after
        return followed(connection, names) | {"name": labels.get(name, name)}

    known = gone | set(changed) | set(labels)
    return _parts(connections, remade, gone=gone, known=known, new=new, order=_order("connections", change))


def _order(part: str, change: GraphChanged) -> dict[Step, int]:
    return {move.path[1]: move.to for move in change.order if move.path[0] == part}


def _parts(
    items: Parts,
    remade: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    gone: Collection[str],
    known: Collection[Step],
    new: dict[int, dict[str, Any]],
    order: Mapping[Step, int],
) -> list[Any]:
    """The nodes or the connections of a graph after.

    Args:
        known: the names that must be there.
        new: by its place, what is added.
        order: by the name, the place of what is moved.
    """
    names = {item["name"] for item in items}
    _demand(names.issuperset(known) and names.issuperset(order))
    kept = [item for item in items if item["name"] not in gone]
    placed = new | {order[item["name"]]: remade(item) for item in kept if item["name"] in order}
    return _placed([remade(item) for item in kept if item["name"] not in order], placed)
