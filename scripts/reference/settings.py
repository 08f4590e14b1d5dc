"""The page of the settings."""

from __future__ import annotations

import dataclasses
from typing import Any

from headrace.settings import PREFIX, Settings
from reference.markdown import page


def settings_page() -> str:
    """Every setting with its heading."""
    return page(
        "Settings",
        "Every setting is an environment variable. `headrace settings` prints all of them with the values "
        "that a server started here and now would use; a few are options of `headrace serve` too, and the "
        "option wins. A variable that begins with `HEADRACE_` and is not one of these stops the server and "
        "names the nearest one. Switches take `true`, `yes`, `1`, `false`, `no` or `0`.",
        "Two more are read by the command line alone: `HEADRACE_URL` and `HEADRACE_API_KEY` say which "
        "server commands such as `headrace run` and `headrace keys` speak to, and with which key "
        "([where the commands go](../how-to/keys.md#where-the-commands-go)).",
        *(_setting(one) for one in dataclasses.fields(Settings)),
    )


def _setting(one: dataclasses.Field[Any]) -> str:
    unit = f" {one.metadata['unit']}" if one.metadata["unit"] else ""
    shown = str(one.default).lower() if isinstance(one.default, bool) else one.default
    default = f"`{shown}`{unit}" if shown != "" else "empty"
    return f"## {PREFIX}{one.name.upper()}\n\n{one.metadata['help']}\n\nDefault: {default}."
