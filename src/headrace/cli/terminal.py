"""What is written to a terminal: letters, and the few sequences that commands use themselves.

Names, messages and outputs were written by others, and terminals carry out what they are sent: they set
titles, fill the clipboard, answer as if somebody had typed. Files and pipes get what was written, as it is.
"""

from __future__ import annotations

import re
import sys
from typing import Any, TextIO, cast

_OWN = r"\x1b\[[0-9;]{0,16}m|\x1b\[[0-9]{0,4}A|\x1b\[[JK]"
"""Colours, lines up, and what clears a line or the rest of the screen."""
_UNSEEN = re.compile(
    rf"({_OWN})|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harmless(text: str) -> str:
    """A text with what a terminal would carry out, or what turns letters around, spelled out."""
    return _UNSEEN.sub(lambda found: found[1] or found[0].encode("unicode_escape").decode(), text)


class Guarded:
    """A stream to a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what is harmless of a text."""
        return self._stream.write(harmless(text))

    def writelines(self, lines: list[str]) -> None:
        """Write several."""
        for line in lines:
            self.write(line)


def guard() -> None:
    """See to it that what goes to terminals is harmless, from now on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Guarded) and stream.isatty():
            setattr(sys, name, cast("TextIO", Guarded(stream)))
