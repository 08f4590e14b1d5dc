"""The standard library, for code that can open no file: what is loaded beforehand, and what it asks for.

The fork server loads what most code wants, once. Before a call is locked, the modules that its import
statements name are loaded too. Afterwards nothing can be loaded any more.
"""

from __future__ import annotations

import ast
import importlib
import io
import sys
import zlib
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

WARM = (
    "abc", "array", "ast", "base64", "binascii", "bisect", "calendar", "cmath", "codecs", "collections",
    "collections.abc", "contextlib", "copy", "csv", "dataclasses", "datetime", "decimal", "difflib", "enum",
    "fractions", "functools", "hashlib", "heapq", "hmac", "inspect", "io", "itertools", "json", "keyword",
    "locale", "math", "numbers", "operator", "os", "pathlib", "pprint", "random", "re", "secrets", "signal",
    "statistics", "string", "struct", "textwrap", "threading", "time", "token", "traceback", "types",
    "typing", "unicodedata", "urllib.parse", "uuid", "warnings", "weakref", "zlib", "zoneinfo",
)  # fmt: skip
"""What most code uses. Each makes every call a little slower, and a call that uses it a lot faster."""

WARM_HIDDEN = (
    "_strptime", "encodings.ascii", "encodings.base64_codec", "encodings.charmap", "encodings.cp1252",
    "encodings.hex_codec", "encodings.iso8859_15",
    "encodings.latin_1", "encodings.raw_unicode_escape", "encodings.rot_13", "encodings.unicode_escape",
    "encodings.utf_16", "encodings.utf_16_be", "encodings.utf_16_le", "encodings.utf_32", "encodings.utf_7",
    "encodings.utf_8_sig", "linecache",
)  # fmt: skip
"""What the standard library itself imports in the middle of its functions."""

COMPANIONS = {
    "email": ("email.message", "email.mime.text", "email.parser", "email.policy"),
    "email.message": ("email.generator", "email.policy"),
    "socket": ("encodings.idna", "encodings.punycode"),
    "xml.dom.minidom": ("xml.dom.expatbuilder",),
}
"""And what modules that are not warm import in theirs."""

REFUSED = ("ctypes", "_ctypes", "_hashlib", "_ssl")
"""ctypes has no honest use here. Without the last two, ``hashlib`` is smaller and does without OpenSSL."""

IMPORTABLE = sys.stdlib_module_names - frozenset(REFUSED) - {"__main__", "antigravity", "this"}


def warm() -> None:
    """Load what every call shall find loaded; what this interpreter was built without is left out."""
    for name in REFUSED:
        sys.modules[name] = None  # type: ignore[assignment]  # so that importing it fails
    for name in (*WARM, *WARM_HIDDEN):
        _load(name)
    _serve_zones()


def load_imports(tree: ast.Module) -> None:
    """Load the modules of the standard library that the code's import statements name.

    What can't be loaded is left for the statement itself to complain about.
    """
    for imported in _imported(tree):
        # A module may be there already, because the fork server needs it, and its companions may not.
        for name in (imported, *COMPANIONS.get(imported, ())):
            if name not in sys.modules and name.partition(".")[0] in IMPORTABLE:
                _load(name)


def _load(name: str) -> None:
    try:
        importlib.import_module(name)
    except Exception:  # noqa: BLE001  # any module, on any build: its import statement will say what is wrong
        sys.modules.pop(name, None)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if _may_be_module(node, alias))


def _may_be_module(node: ast.ImportFrom, alias: ast.alias) -> bool:
    return alias.name != "*" and not hasattr(sys.modules.get(node.module or ""), alias.name)


def _read_zones() -> dict[str, bytes]:
    """The system's time zones, compressed; none where it has none."""
    zones = {}
    for name in zoneinfo.available_timezones():
        for directory in zoneinfo.TZPATH:
            path = Path(directory, name)
            if path.is_file():
                zones[name] = zlib.compress(path.read_bytes())
                break
    return zones


def _serve_zones() -> None:
    """Let ``zoneinfo`` find time zones in memory, by the two functions with which it looks for files."""
    zones = _read_zones()

    def load(key: str) -> BinaryIO:
        if key not in zones:
            raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}")
        return io.BytesIO(zlib.decompress(zones[key]))

    def find(_key: str) -> None:
        return None

    sys.modules["zoneinfo._common"].__dict__["load_tzdata"] = load
    sys.modules["zoneinfo._tzpath"].__dict__["find_tzfile"] = find
