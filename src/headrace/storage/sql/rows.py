"""Rows and values: how each struct of the core is written into columns, read off the struct's annotations.

A time is an integer of microseconds since 1970 in UTC, a bool 0 or 1, an enum its value, a tuple of words
JSON text, and so is a struct inside another, or a tuple of them; text, numbers, bytes and None stand for
themselves.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)
Row = tuple[Any, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_words = msgspec.json.Decoder(tuple[str, ...])


def microseconds(moment: datetime) -> int:
    """``moment`` as it stands in a column."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The moment that stands in a column."""
    return datetime.fromtimestamp(number / 1_000_000, UTC)


def _json_text(value: Sequence[Any] | msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapper(Generic[S]):
    """Both directions for one struct.

    Attributes:
        columns: the struct's fields, in the order in which ``load`` expects them.
        load: a row's value.
        dump: a value's columns by name.
    """

    columns: tuple[str, ...]
    load: Callable[[Row], S]
    dump: Callable[[S], dict[str, Any]]


def mapper(struct: type[S]) -> Mapper[S]:
    """Build the mapper of ``struct``.

    The two functions are written out as source and compiled, like those of a dataclass: a row is read in a
    third of the time that a loop over converters takes.
    """
    hints = typing.get_type_hints(struct)
    scope: dict[str, Any] = {
        "struct": struct,
        "from_timestamp": datetime.fromtimestamp,
        "utc": UTC,
        "words": _words.decode,
        "microseconds": microseconds,
        "json_text": _json_text,
    }
    loads, dumps = [], []
    for index, name in enumerate(struct.__struct_fields__):
        inner, is_optional = _without_none(hints[name])
        load, dump = _conversion(inner, scope)
        loads.append(f"{name}={_guarded(load, f'row[{index}]', is_optional)}")
        dumps.append(f"{name!r}: {_guarded(dump, f'value.{name}', is_optional)}")
    return Mapper(
        columns=struct.__struct_fields__,
        load=eval(f"lambda row: struct({', '.join(loads)})", scope),  # noqa: S307 - made of field names only
        dump=eval(f"lambda value: {{{', '.join(dumps)}}}", scope),  # noqa: S307
    )


def _without_none(hint: Any) -> tuple[Any, bool]:
    if isinstance(hint, types.UnionType):
        (inner,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
        return inner, True
    return hint, False


def _conversion(hint: Any, scope: dict[str, Any]) -> tuple[str, str]:
    """Source of what reads and what writes a value of that type; ``{}`` is the value."""
    if hint in (str, int, float, bytes):
        return "{}", "{}"
    if hint is bool:
        return "({} == 1)", "int({})"
    if hint is datetime:
        # Dividing is exact enough to give every microsecond back until the year 2242.
        return "from_timestamp({} / 1_000_000, utc)", "microseconds({})"
    if hint == tuple[str, ...]:
        return "words({})", "json_text({})"
    if typing.get_origin(hint) is tuple:
        name = f"list_of_{typing.get_args(hint)[0].__name__}"
        scope[name] = msgspec.json.Decoder(hint).decode
        return f"{name}({{}})", "json_text({})"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        scope[hint.__name__] = msgspec.json.Decoder(hint).decode
        return f"{hint.__name__}({{}})", "json_text({})"
    if isinstance(hint, type) and issubclass(hint, Enum):
        scope[hint.__name__] = {member.value: member for member in hint}
        return f"{hint.__name__}[{{}}]", "{}._value_"  # the same as `.value`, without a call
    raise TypeError(f"No column is known for {hint}.")


def _guarded(conversion: str, value: str, is_optional: bool) -> str:
    source = conversion.format(value)
    if is_optional and conversion != "{}":
        return f"None if {value} is None else {source}"
    return source
