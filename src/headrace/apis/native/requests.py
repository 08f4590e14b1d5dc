"""The bodies and queries that our own API takes, and how they are read.

What it does not know it refuses: a member that is misspelt would be one that was not said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from headrace.core import parsing
from headrace.core.errors import Invalid, Malformed, Problem

T = TypeVar("T", bound=msgspec.Struct)
Reference = str | int
"""A version by its id, or its number, as text or as a number."""
Found = tuple[tuple[str | int, ...], str, str]
"""A broken rule: where, a word for it, and in words."""


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """A query, or a body, that holds nothing."""


class Wished(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said with any change.

    Attributes:
        expected: what you believe to be there: the id of the pointer's last move, or the id or the number of
            the version that it targets, or `nothing`. If something else is there, nothing is changed.
        reason: why, for the history.
        override: whether to pass a gate that is closed; needs the right admin, and a reason.
        dry_run: whether to answer only what would be.
    """

    expected: str | None = None
    reason: str | None = None
    override: bool = False
    dry_run: bool = False


class NewMove(Wished, frozen=True, kw_only=True):
    """Where to move a pointer.

    Attributes:
        to: a version's id or number; for an alias `draft` too.
    """

    to: Reference


class NewPromotion(Wished, frozen=True, kw_only=True):
    """From where to promote.

    Attributes:
        source: another pointer of the file, by its id or name.
    """

    source: str = msgspec.field(name="from")


class NewRollback(Wished, frozen=True, kw_only=True):
    """What to roll back to.

    Attributes:
        to_move: the id of the move after which it was so; without one, to what was there before.
    """

    to_move: str | None = None


class NewShare(msgspec.Struct, frozen=True, kw_only=True):
    """A version's part of a split.

    Attributes:
        version: its id or number.
        weight: a whole number; what counts is its part of the sum of all.
    """

    version: Reference
    weight: int


class NewSplit(Wished, frozen=True, kw_only=True):
    """How to split what is called by a pointer."""

    shares: list[NewShare]


class NewSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """Whether calls are refused.

    Attributes:
        is_off: true refuses them, false lets them through again.
        expected: as in any change.
        reason: what who calls is told.
        dry_run: whether to answer only what would be.
    """

    is_off: bool
    expected: str | None = None
    reason: str | None = None
    dry_run: bool = False


class MovesPage(msgspec.Struct, frozen=True, kw_only=True):
    """Which moves.

    Attributes:
        before: the id of a move: only older ones.
        take: so many at the most.
    """

    before: str | None = None
    take: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What to compare, each a version's id or number, `draft`, or the name of an environment or an alias.

    Attributes:
        source: what was; without it, what the default environment targets.
        to: what is; without it, the newest version.
        form: `json`, or `text` for people.
        width: how many columns a line of text may have.
        context: how many lines of a text are shown around a change.
    """

    source: str | None = msgspec.field(name="from", default=None)
    to: str | None = None
    form: Literal["json", "text"] = msgspec.field(name="as", default="json")
    width: Annotated[int, msgspec.Meta(ge=40, le=400)] = 100
    context: Annotated[int, msgspec.Meta(ge=0, le=100)] = 2


def read_body(kind: type[T], body: bytes) -> T:
    """A body; nothing at all is the same as ``{}``.

    Raises:
        Malformed: it is not JSON.
        Invalid: with everything that is wrong with it.
    """
    try:
        parsed = parsing.parse_answer(body or b"{}")
    except parsing.Unreadable as error:
        raise Malformed(message=f"The body is not JSON that can be read: {error}") from None
    if not isinstance(parsed, dict):
        raise Invalid.at(message="The body must be a JSON object.", kind="type")
    return _read(kind, parsed, is_strict=True, where="body")


def read_query(kind: type[T], query: Sequence[tuple[str, str]]) -> T:
    """A query; of a repeated name the last one counts.

    Raises:
        Invalid: with everything that is wrong with it.
    """
    return _read(kind, dict(query), is_strict=False, where="query")


def _read(kind: type[T], values: Mapping[str, Any], *, is_strict: bool, where: str) -> T:
    problems = [*_problems(kind, values, is_strict=is_strict), *_unstorable(values, ())]
    if problems:
        raise Invalid(
            *(Problem(path=path, message=text, kind=rule, where=where) for path, rule, text in problems),
            message=" ".join(text for _, _, text in problems),
        )
    return msgspec.convert(values, kind, strict=is_strict)


def _problems(kind: type[msgspec.Struct], values: Mapping[str, Any], *, is_strict: bool) -> Iterator[Found]:
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in values:
        if name not in known:
            told = ", ".join(f"`{one}`" for one in known) or "nothing"
            yield (name,), "unknown", f"`{name}` is not known here; known are: {told}."
    for name, field in known.items():
        if name not in values:
            if field.required:
                yield (name,), "missing", f"`{name}` is missing."
            continue
        try:
            msgspec.convert(values[name], field.type, strict=is_strict)
        except msgspec.ValidationError as error:
            yield (name,), "value", f"`{name}`: {error}."


def _unstorable(value: Any, path: tuple[str | int, ...]) -> Iterator[Found]:
    """Texts with a NUL in them: no name, id or path has one, and databases refuse it."""
    if isinstance(value, str) and "\0" in value:
        yield path, "nul", "A text may not contain U+0000."
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _unstorable(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _unstorable(inner, (*path, place))
