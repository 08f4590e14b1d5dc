"""What ``headrace pull``, ``push`` and ``status`` share: where, with whom, and how the outcome is told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from headrace.cli.client import Console, Refusal
from headrace.cli.native import echo_json, find_api
from headrace.core.diff_text import seen
from headrace.workspace.folder import BadName, Folder
from headrace.workspace.remote import Ask, Refused, Remote
from headrace.workspace.report import Line, Report
from headrace.workspace.state import BadState

F = TypeVar("F", bound=Callable[..., Any])
DIFFERS = 1
TROUBLE = 2


def dir_option(function: F) -> F:
    """``--dir``."""
    return click.option(
        "--dir",
        "-C",
        "directory",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path(),
        help="The directory; the one you are in without it.",
    )(function)


def dry_run_option(function: F) -> F:
    """``--dry-run``."""
    return click.option("--dry-run", is_flag=True, help="Change nothing; show what would be done.")(function)


class Trouble(click.ClickException):
    """What is in the way of the command."""

    exit_code = TROUBLE


def _asking(console: Console) -> Ask:
    """The server, with its refusals as the directory knows them."""

    def ask(method: str, path: str, body: Any) -> Any:
        try:
            return console.call(method, path, body)
        except Refusal as error:
            raise Refused(error.message, error.status) from None

    return ask


@contextmanager
def at(directory: Path, store: str | None) -> Iterator[tuple[Folder, Remote]]:
    """The directory and the server; whatever is in the way ends the command with 2."""
    try:
        console = find_api(store)
        with console.held():
            yield Folder(directory), Remote(_asking(console))
    except click.ClickException as error:
        raise Trouble(error.format_message()) from None
    except ImportError as error:
        raise Trouble(f"This needs PyYAML: pip install 'headrace[yaml]' ({error}).") from None
    except (Refused, BadState, BadName, OSError) as error:
        raise Trouble(str(error)) from None
    except msgspec.ValidationError as error:
        raise Trouble(f"The server answers something else than is known: {error}") from None


def tell(report: Report, *, as_json: bool, nothing: str) -> None:
    """Say what there is to.

    Args:
        nothing: what is said where there is nothing.
    """
    if as_json:
        echo_json({**msgspec.to_builtins(report), "is_in_step": report.is_in_step, "is_done": report.is_done})
        return
    for line in report.lines:
        click.echo(_text(line))
    for problem in report.problems:
        click.echo(f"problem   {seen(problem.name)}: {seen(problem.message)}", err=True)
    if not report.lines and not report.problems:
        files = "file is" if report.in_step == 1 else "files are"
        click.echo(f"{nothing} {report.in_step} {files} in step.")


def _text(line: Line) -> str:
    what = line.path if line.pointer is None else f"{line.path} {line.pointer}"
    first = line.did.value if line.did is not None else _sides(line)
    note = "" if line.note is None else f"  ({seen(line.note)})"
    kind = line.type if line.pointer is None else "pointer"
    return (
        f"{first:<24}  {kind:<9}  {seen(what)}{note}"
        if line.did is None
        else (f"{first:<8}  {kind:<9}  {seen(what)}{note}")
    )


def _sides(line: Line) -> str:
    if line.local is not None and line.server is not None:
        return "conflict"
    return f"{line.local} here" if line.local is not None else f"{line.server} on the server"


def end(report: Report) -> None:
    """End with 2 where something can't be read, and with 1 where not all was done."""
    if report.problems:
        sys.exit(TROUBLE)
    if not report.is_done:
        sys.exit(DIFFERS)
