"""Files and directories: one tree of unique paths over all kinds, in each organisation."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

import msgspec

from headrace.core.errors import Invalid

MAX_PATH = 1024
MAX_SEGMENT = 255
MAX_SHORT_NAME = 100
"""Letters and digits in a short name."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SHORT_NAME = re.compile(r"([0-9a-zA-Z][_-]?){1,100}")


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of the tree.

    Attributes:
        id: ``dir_…``.
        path: segments joined by ``/``; empty for the root.
        parent_id: None for the root.
    """

    id: str
    path: str
    parent_id: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A named, versioned thing: a pointer to content, which the versions are.

    Attributes:
        id: the kind's prefix and 21 characters, such as ``fl_…``. Survives renames and moves.
        kind: a file kind's name, such as ``flow``.
        path: the full path; unique over files of all kinds and directories.
        directory_id: the directory that holds it.
        short_id: ten characters; the same file, as the other protocol names it.
        short_name: unique per kind; made once from the path and then independent of it.
        description: free text on the file.
        readme: long text on the file.
        tags: free words on the file; not the key-value tags of resources.
        created_by: the user's id.
        created_at: when the file was made.
        updated_at: last change of its path, texts, monitoring or deployments.
        last_number: the highest release number ever issued; numbers are never used again.
        owner_id: of a hidden file, the file of which it is a node; None for all others. A hidden file is in
            no list, shows the path ``<owner's path>/<node>``, moves and goes with its owner.
    """

    id: str
    kind: str
    path: str
    directory_id: str
    short_id: str
    short_name: str
    description: str | None
    readme: str | None
    tags: tuple[str, ...]
    created_by: str
    created_at: datetime
    updated_at: datetime
    last_number: int
    owner_id: str | None = None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class FileSort(StrEnum):
    """What a list of files is ordered by; ties by id."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    NAME = "name"


class FileQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which files are wanted, and in which order (humanloop 4.2, Files).

    Attributes:
        kinds: only files of these kinds; empty for all.
        name: only files whose name contains this, in any case.
        user: only files made, or with a version made, by a user whose e-mail or name contains this.
        under: only files somewhere below the directory of this path; None for all.
        environment_id: only files that have a version deployed there.
    """

    kinds: tuple[str, ...] = ()
    name: str | None = None
    user: str | None = None
    under: str | None = None
    environment_id: str | None = None
    sort: FileSort = FileSort.CREATED_AT
    descending: bool = True


def check_path(path: str, *at: str) -> None:
    """Refuse a path that breaks a rule of the tree (humanloop 2.4, 8.9).

    Args:
        at: where in the request the path stands, for the error.
    """
    problem = _path_problem(path)
    if problem:
        raise Invalid.at(*at, message=problem, kind="path")


def check_name(name: str, *at: str) -> None:
    """Refuse a name that is not one legal path segment."""
    problem = "A name may not contain '/'." if "/" in name else _path_problem(name)
    if problem:
        raise Invalid.at(*at, message=problem, kind="path")


def _path_problem(path: str) -> str | None:
    if len(path) > MAX_PATH:
        return f"A path may have at most {MAX_PATH} characters; this one has {len(path)}."
    return _known_problem(path)


@lru_cache(maxsize=1000)
def _known_problem(path: str) -> str | None:
    if not path:
        return "A path may not be empty."
    if _CONTROL.search(path):
        return f"A path may not contain control characters: {path!r}."
    for segment in path.split("/"):
        if not segment:
            return f"A path may not begin or end with '/' or contain '//': {path!r}."
        if segment in (".", ".."):
            return f"'.' and '..' are not allowed in a path: {path!r}."
        if len(segment) > MAX_SEGMENT:
            return f"A part of a path may have at most {MAX_SEGMENT} characters: {segment[:40]!r}…"
        if segment != segment.strip():
            return f"A part of a path may not begin or end with a blank: {segment!r}."
    return None


def hidden_path(*, owner_id: str, kind: str, name: str) -> str:
    """The path that a hidden file is kept under: of one owner and kind, each name is there once.

    It begins with a control character, so that nobody's path can be the same.
    """
    return f"\x1f{owner_id}/{kind}/{name}"


def ancestors(path: str) -> list[str]:
    """The paths of the directories above ``path``, outermost first, without the root."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def is_short_name(text: str) -> bool:
    """Whether ``text`` is a legal short name (bedrock 1.1)."""
    return _SHORT_NAME.fullmatch(text) is not None


def short_name_from(path: str, *, fallback: str) -> str:
    """A legal short name that resembles ``path``, or ``fallback`` when nothing of it is usable."""
    if is_short_name(path):
        return path
    plain = unicodedata.normalize("NFKD", path).encode("ascii", "ignore").decode()
    words = re.findall(r"[0-9a-zA-Z]+(?:[_-][0-9a-zA-Z]+)*", plain)
    joined = "-".join(words)[:MAX_SHORT_NAME].rstrip("_-")
    return joined or fallback


def numbered(name: str, suffix: str) -> str:
    """``name`` with a suffix that tells it from its namesakes; an empty one leaves it as it is."""
    if not suffix:
        return name
    return f"{name[: MAX_SHORT_NAME - len(suffix) - 1].rstrip('_-')}-{suffix}"
