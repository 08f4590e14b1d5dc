"""What may differ between two JSON values, as values that are JSON themselves.

A path's step is the name of a member, the index of an element, or the name of an element, which is used in
lists whose elements all have a `name` of their own. Indices count in the list before; those of what is added
or moved, in the list after.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]
Unit: TypeAlias = Literal["word", "line"]


class Added(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="added"):
    """A member or an element that was not there.

    Attributes:
        path: its last step is the index in the list after, where it is an element.
    """

    path: Path
    value: Any


class Removed(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="removed"):
    """A member or an element that is there no more."""

    path: Path
    value: Any


class Replaced(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="replaced"):
    """A value in the place of another."""

    path: Path
    before: Any
    after: Any


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a text: of both texts, of the one before only, or of the one after only."""

    in_: Literal["both", "before", "after"] = msgspec.field(name="in")
    text: str


class TextChanged(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="text"):
    """A text of which some is another.

    Attributes:
        unit: what was compared: code by lines, prose by words.
        spans: all of both texts, in order.
    """

    path: Path
    unit: Unit
    spans: tuple[Span, ...]

    @property
    def before(self) -> str:
        """The text that was there."""
        return "".join(span.text for span in self.spans if span.in_ != "after")

    @property
    def after(self) -> str:
        """The text that is there now."""
        return "".join(span.text for span in self.spans if span.in_ != "before")


class Moved(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="moved"):
    """An element that is elsewhere among those that stayed; as few as possible are called so.

    Attributes:
        to: its index in the list after.
    """

    path: Path
    to: int


class NodeAdded(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="added"):
    """A node that was not there.

    Attributes:
        index: its place in the list after.
    """

    name: str
    type: str
    index: int
    node: dict[str, Any]


class NodeRemoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="removed"):
    """A node that is there no more."""

    name: str
    type: str
    node: dict[str, Any]


class NodeChanged(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="changed"):
    """A node that has another name, or in which something differs.

    Attributes:
        name: what it is called after.
        was: what it was called before.
        type: after.
        edits: of all but its name; the paths begin in the node before.
    """

    name: str
    was: str
    type: str
    edits: tuple[Edit, ...] = ()

    @property
    def is_renamed(self) -> bool:
        """Whether it has another name."""
        return self.name != self.was


class ConnectionAdded(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="added"):
    """A connection that was not there.

    Attributes:
        index: its place in the list after.
    """

    name: str
    index: int
    connection: dict[str, Any]


class ConnectionRemoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="removed"):
    """A connection that is there no more."""

    name: str
    connection: dict[str, Any]


class ConnectionChanged(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="changed"):
    """A connection of which something else than a name differs.

    Attributes:
        name: what it is called after.
        was: what it was called before.
        is_rewired: whether it joins something else; otherwise only its other members differ.
        before: all of it. It may equal what is there after: a node was removed and another got its name.
        after: all of it.
    """

    name: str
    was: str
    is_rewired: bool
    before: dict[str, Any]
    after: dict[str, Any]


class Relabelled(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that joins what it joined, by another name.

    Attributes:
        follows: whether the name is another because it has the name of a renamed node in it.
    """

    name: str
    was: str
    follows: bool


NodeChange: TypeAlias = NodeAdded | NodeRemoved | NodeChanged
ConnectionChange: TypeAlias = ConnectionAdded | ConnectionRemoved | ConnectionChanged


class GraphChanged(msgspec.Struct, frozen=True, kw_only=True, tag_field="change", tag="graph"):
    """A graph of nodes and connections in which something differs: a definition, or the body of a Loop.

    A connection whose ends only have other names is not mentioned.

    Attributes:
        relabelled: which connections have other names and nothing else.
        order: which nodes and connections are elsewhere in their lists.
        edits: of the other members of the graph.
    """

    path: Path
    nodes: tuple[NodeChange, ...] = ()
    connections: tuple[ConnectionChange, ...] = ()
    relabelled: tuple[Relabelled, ...] = ()
    order: tuple[Moved, ...] = ()
    edits: tuple[Edit, ...] = ()

    @property
    def moves(self) -> tuple[Moved, ...]:
        """The order that is worth telling: the place of a connection that was changed is not."""
        changed = {("connections", one.was) for one in self.connections if isinstance(one, ConnectionChanged)}
        return tuple(move for move in self.order if move.path not in changed)


Edit: TypeAlias = Added | Removed | Replaced | TextChanged | Moved | GraphChanged
