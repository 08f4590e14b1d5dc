"""Paths of the server as names of files, and back.

A server's path may hold what no file system takes, or what means something else on another one. Such
characters are written as `%` and two hexadecimal digits of their UTF-8 form, so that every name can be read
back and none leads out of its directory.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from headrace.core.errors import Invalid
from headrace.core.files import check_path

MAX_NAME_BYTES = 255
"""So long a name may be on the usual file systems."""
MAX_FILE_BYTES = 3_500
"""So long a whole name may be, with room for where the directory is."""
RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{one}{n}" for one in ("com", "lpt") for n in range(1, 10))}
)
"""Names that Windows takes for devices, whatever follows after a point."""
_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f%<>:"\\|?*\u2028\u2029\ufeff]|^[.]|[. ]$|^ ')


class Unfit(Exception):
    """A path that no file can stand for, or a file's name that stands for no path."""


def to_name(path: str, *, suffix: str, is_marked: bool = False) -> str:
    """The name of the file that stands for a path, with `/` between its parts.

    Args:
        is_marked: whether letters are escaped that have an upper and a lower case, so that the name is
            another one even where case makes no difference.

    Raises:
        Unfit: it is no path of a server, or too long for a file.
    """
    _check(path)
    escaped = _marked if is_marked else _escaped
    name = "/".join(escaped(part) for part in path.split("/")) + suffix
    if len(name.encode()) > MAX_FILE_BYTES or any(
        len(part.encode()) > MAX_NAME_BYTES for part in name.split("/")
    ):
        raise Unfit(f"`{path[:60]}…` is too long for the name of a file.")
    return name


def to_path(name: str, *, suffix: str) -> str:
    """The path that a file stands for.

    Raises:
        Unfit: it stands for none.
    """
    try:
        path = unquote_to_bytes(name.removesuffix(suffix)).decode()
    except UnicodeDecodeError:
        raise Unfit(f"`{name}` stands for no path: after `%` come two hexadecimal digits of UTF-8.") from None
    if path.count("/") != name.count("/"):
        raise Unfit(f"`{name}` stands for no path: `%2F` may not be in it.")
    _check(path)
    return path


def _check(path: str) -> None:
    try:
        check_path(path)
    except Invalid as error:
        raise Unfit(error.message) from None


def _escaped(part: str) -> str:
    if part.partition(".")[0].rstrip(" ").lower() in RESERVED:
        return _percent(part[0]) + _escaped(f"_{part[1:]}")[1:]
    return _UNFIT.sub(lambda found: _percent(found[0]), part)


def _marked(part: str) -> str:
    return "".join(_percent(one) if one.lower() != one.upper() else _escaped(one) for one in part)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def folded(name: str) -> str:
    """What two names have in common that some file systems take for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
