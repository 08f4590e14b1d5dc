"""What models say in a test: lines of a script, in short forms as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from headrace.backends.models.scripted import Line, Script, read_script
from headrace.core.effects import EffectFailed

Said: TypeAlias = str | Mapping[str, Any]
"""A text, or an answer with its tokens, its delay, or an error."""
Answers: TypeAlias = Mapping[str, Said | Sequence[Said]] | Sequence[Mapping[str, Any]]
"""Answers by the names of nodes, or lines as a file of scripted answers has them."""


class BadAnswers(ValueError):
    """These are no answers."""


def lines_of(answers: Answers) -> list[Line]:
    """The lines of a script.

    Raises:
        BadAnswers: they are none; the message names the place.
    """
    lines = [_line(node, said) for node, said in answers.items()] if isinstance(answers, Mapping) else answers
    try:
        return msgspec.convert(lines, list[Line])
    except msgspec.ValidationError as error:
        raise BadAnswers(f"answers: {error}") from None


def _line(node: str, said: Said | Sequence[Said]) -> dict[str, Any]:
    is_one = isinstance(said, (str, Mapping))
    return {"node": node, "answer" if is_one else "answers": said}


def read_lines(path: Path) -> list[Line]:
    """The lines of a file.

    Raises:
        BadAnswers: it can't be read.
    """
    try:
        return read_script(path).answers
    except OSError as error:
        raise BadAnswers(f"{path}: {error.strerror}") from None
    except EffectFailed as error:
        raise BadAnswers(error.message) from None


def script_of(lines: Sequence[Line]) -> bytes:
    """A script of these lines, as the server reads it."""
    return msgspec.json.encode(Script(answers=list(lines)))
