"""``headrace settings``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import click

from headrace.cli.options import json_option, read_settings
from headrace.settings import PREFIX
from headrace.storage.place import shown

HIDDEN: dict[str, Callable[[str], str]] = {
    "otlp_endpoint": shown,
    "otlp_headers": lambda headers: "(set)" if headers else "",
    "secret_key": lambda key: "(set)" if key else "",
    "store": shown,
}
"""What holds secrets, and what is shown of it."""


def _value(name: str, value: Any) -> Any:
    hide = HIDDEN.get(name)
    return value if hide is None else hide(value)


@click.command("settings")
@json_option
def command(as_json: bool) -> None:
    """List the settings with their values, as this process would use them.

    \b
    Examples:
      headrace settings
      HEADRACE_PORT=9000 headrace settings --json
    """
    settings = read_settings()
    rows = [
        {
            "variable": PREFIX + one.name.upper(),
            "value": _value(one.name, getattr(settings, one.name)),
            "default": one.default,
            "unit": one.metadata["unit"],
            "help": one.metadata["help"],
        }
        for one in dataclasses.fields(settings)
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        unit = f" {row['unit']}" if row["unit"] else ""
        click.echo(f"{row['variable']}={row['value']}{unit}")
        click.echo(f"    {row['help']}")
