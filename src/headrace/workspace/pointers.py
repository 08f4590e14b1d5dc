"""``deployments.yaml``: what environments and aliases target.

A line says a version by its number and by what the digest of its content begins with, such as
`v3 1a2b3c4d5e6f`. The digest decides: numbers are of one server. Other words are `draft`, and `newest`: the
content that the file has here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.workspace import yaml_text
from headrace.workspace.yaml_text import BadYaml

NAME = "deployments.yaml"
SHORT = 12
"""So much of a digest is written."""
DRAFT = "draft"
NEWEST = "newest"
_VERSION = re.compile(
    r"(?:v?(?P<number>[0-9]{1,5}))?(?:(?:^| )(?P<digest>[0-9a-f]{8,64}))?(?P<split> split)?"
)
Table = Mapping[str, Mapping[str, "Target"]]
"""What is targeted, by the path of the file and the name of the pointer."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a pointer targets.

    Attributes:
        number: of the version.
        digest: what that of its content begins with.
        word: `draft` or `newest`, instead of the other two.
        is_split: whether calls are shared out among versions, of which this is the primary one.
    """

    number: int | None = None
    digest: str | None = None
    word: str | None = None
    is_split: bool = False

    @property
    def key(self) -> str:
        """What decides whether two are the same."""
        told = self.word or (f"v{self.number}" if self.digest is None else self.digest[:SHORT])
        return f"{told} split" if self.is_split else told

    @property
    def text(self) -> str:
        """The same as a line says it."""
        if self.word is not None:
            return self.word
        number = None if self.number is None else f"v{self.number}"
        digest = None if self.digest is None else self.digest[:SHORT]
        return " ".join(one for one in (number, digest, "split" if self.is_split else None) if one)


def read_target(value: Any) -> Target:
    """What a line says.

    Raises:
        BadYaml: it says nothing that is known.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        if value.lower() in (DRAFT, NEWEST):
            return Target(word=value.lower())
        found = _VERSION.fullmatch(value.strip())
        if found is not None and (found["number"] or found["digest"]):
            number = None if found["number"] is None else int(found["number"])
            return Target(number=number, digest=found["digest"], is_split=found["split"] is not None)
    raise BadYaml(f"{value!r} is no version; write one like `v3`, `v3 1a2b3c4d5e6f`, `newest` or `draft`")


def read(text: str) -> Table:
    """All lines.

    Raises:
        BadYaml: the text says something else.
    """
    found: dict[str, dict[str, Target]] = {}
    for path, pointers in yaml_text.mapping(yaml_text.read(text)).items():
        told = yaml_text.mapping(pointers)
        found[path] = {name: _read_named(path, name, value) for name, value in told.items()}
    return found


def _read_named(path: str, name: str, value: Any) -> Target:
    try:
        return read_target(value)
    except BadYaml as error:
        raise BadYaml(f"{path}, {name}: {error}") from None


def write(table: Table) -> str:
    """All lines, in the order of paths and names; those of files without pointers are left out."""
    told = {
        path: {name: target.text for name, target in sorted(pointers.items())}
        for path, pointers in sorted(table.items())
        if pointers
    }
    return yaml_text.write(told)
