"""Texts that a command is given: as they are, in files, or on the standard input."""

from __future__ import annotations

import sys
from pathlib import Path

import click


def text_given(value: str) -> str:
    """What an argument stands for: the text of a file after ``@``, of ``-`` the standard input, else itself.

    Raises:
        click.UsageError: it can't be read.
    """
    if value.startswith("@"):
        return text_of(Path(value[1:]))
    if value != "-":
        return value
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise click.UsageError("The standard input is no text.") from None


def text_of(path: Path) -> str:
    """The text of a file, without the mark of its byte order that some editors put before it.

    Raises:
        click.UsageError: it can't be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise click.UsageError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"{path} is no text in UTF-8.") from None
