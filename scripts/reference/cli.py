"""The page of the command line."""

from __future__ import annotations

from collections.abc import Iterator

import click

from headrace.cli import main
from reference.markdown import page

HELP_WIDTH = 96


def cli_page() -> str:
    """The help of every command."""
    return page(
        "Command line",
        "What `--help` says. Commands print what a program may want to read with `--json`; they end with 0 "
        "when they did what was asked, 1 when they could not, 2 when they were called wrongly.",
        *(_command(name, one) for name, one in commands()),
    )


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by its full name, each group before its commands."""
    assert isinstance(main, click.Group)
    yield from _below("headrace", main)


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None
            yield from _below(f"{name} {child}", found)


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, terminal_width=HELP_WIDTH, max_content_width=HELP_WIDTH)
    return f"## {name}\n\n```text\n{command.get_help(context)}\n```"
