"""Options and messages that commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from headrace.settings import BadSetting, Settings

F = TypeVar("F", bound=Callable[..., Any])


def name_argument(name: str) -> Callable[[F], F]:
    """What something is called by: not nothing, which a variable of a script may turn out to be."""

    def checked(ctx: click.Context, param: click.Parameter, value: str) -> str:
        if not value.strip():
            raise click.BadParameter("it is empty.", ctx=ctx, param=param)
        return value

    return click.argument(name, callback=checked)


def store_option(function: F) -> F:
    """``--store``."""
    text = (
        "Where everything is kept: a file, sqlite:///PATH, postgresql://USER@HOST/DATABASE or memory:. "
        "[HEADRACE_STORE; sqlite:///headrace.db]"
    )
    return click.option("--store", metavar="URL", help=text)(function)


def json_option(function: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def read_settings(**overrides: Any) -> Settings:
    """The settings of this process; a bad one ends the command with what to do about it."""
    try:
        return Settings.from_env(os.environ, **overrides)
    except BadSetting as error:
        raise click.UsageError(str(error)) from None
