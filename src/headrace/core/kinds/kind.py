"""What distinguishes one file kind from another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from headrace.core.errors import Invalid
from headrace.core.links import Link
from headrace.core.parsing import parse

FREE = frozenset({"attributes", "other", "parameters", "json_schema", "setup_values"})
"""The members of contents that are the author's own: in them, null is a value like any other."""
_encode = msgspec.json.Encoder().encode


def as_it_is(content: bytes) -> bytes:
    """Sameness by the content itself."""
    return content


def without_nulls(content: bytes) -> bytes:
    """Sameness where a member that is null is a member that is absent (humanloop 2.1).

    Raises:
        Invalid: the content is nested too deeply to be walked.
    """
    try:
        return _encode(_filled(parse(content)))
    except RecursionError:
        raise Invalid.at(message="The JSON is nested too deeply.", kind="depth") from None


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: inner if key in FREE else _filled(inner) for key, inner in value.items() if inner is not None
        }
    return [_filled(item) for item in value] if isinstance(value, list) else value


def no_inputs(_content: bytes) -> tuple[str, ...]:
    """Of kinds whose content says nothing of what it is used with."""
    return ()


def no_links(_content: bytes) -> tuple[Link, ...]:
    """Of kinds whose content names no other files."""
    return ()


def never(_content: bytes) -> bool:
    """Of kinds without drafts."""
    return False


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of file.

    Attributes:
        name: the word for it, in lower case.
        title: the word for it in messages.
        prefix: of its files' ids.
        version_prefix: of its versions' ids.
        home: the directory where files are made that are given a name and no path; empty for the root.
        is_prepared: whether a draft must be validated before it can be released.
        identity: content as the text whose digest decides whether two contents are the same.
        inputs: the names of what content is used with.
        links: the files that content refers to.
        linkable: of which kinds these may be.
        can_be_draft: whether who edits drafts could have written content; of kinds that are prepared, the
            rules for definitions say it.
    """

    name: str
    title: str
    prefix: str
    version_prefix: str
    home: str = ""
    is_prepared: bool = False
    identity: Callable[[bytes], bytes] = as_it_is
    inputs: Callable[[bytes], tuple[str, ...]] = no_inputs
    links: Callable[[bytes], tuple[Link, ...]] = no_links
    linkable: tuple[str, ...] = ()
    can_be_draft: Callable[[bytes], bool] = never
