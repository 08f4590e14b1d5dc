"""How the configuration names what flows call: shell-style patterns, tried in the order of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar


class Matched(Protocol):
    """A value of the configuration that says what it is for."""

    @property
    def match(self) -> str: ...


M = TypeVar("M", bound=Matched)

_PROFILE = re.compile(r"^(?:global|us|us-gov|eu|apac|jp|au|ca|sa|me|af)\.(?=.+\.)")
"""The prefix of a cross-region inference profile."""
_FUNCTION = re.compile(
    r"^arn:[\w-]+:lambda:[\w-]+:\d*:function:(?P<name>[\w-]+)(?::(?P<qualifier>[\w$-]+))?\Z"
)


def first_match(routes: Iterable[M], names: Sequence[str]) -> M | None:
    """The first route whose pattern fits one of a thing's names."""
    return next((one for one in routes if any(fnmatchcase(name, one.match) for name in names)), None)


def model_names(model_id: str) -> tuple[str, ...]:
    """What a model may be called in a pattern: its id, the last part of its ARN, that without the profile's
    region: ``arn:…:inference-profile/us.acme.m-1``, ``us.acme.m-1``, ``acme.m-1``."""
    short = model_id.rpartition("/")[2] if model_id.startswith("arn:") else model_id
    return tuple(dict.fromkeys((model_id, short, _PROFILE.sub("", short))))


def function_names(arn: str) -> tuple[str, ...]:
    """What a function may be called in a pattern: its ARN, that without the qualifier, ``name:qualifier``,
    ``name``."""
    found = _FUNCTION.match(arn)
    if found is None:
        return (arn,)
    name, qualifier = found["name"], found["qualifier"]
    if qualifier is None:
        return (arn, name)
    return (arn, arn.removesuffix(f":{qualifier}"), f"{name}:{qualifier}", name)


def split_function(arn: str) -> tuple[str, str | None]:
    """A function's ARN without its qualifier, and the qualifier."""
    found = _FUNCTION.match(arn)
    if found is None or found["qualifier"] is None:
        return arn, None
    return arn.removesuffix(f":{found['qualifier']}"), found["qualifier"]
