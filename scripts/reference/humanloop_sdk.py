"""The page of what Humanloop's own clients can do here, from the table that their methods are tried by."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from headrace.apis.humanloop.api import OPERATIONS
from reference.markdown import Row, code, page, table

sys.path.append(str(Path(__file__).resolve().parents[2]))

from tests.contract.humanloop.methods import table as methods
from tests.contract.humanloop.methods.world import CLIENTS

_PACKAGE = Path(__file__).resolve().parents[2] / "tests" / "contract" / "humanloop" / "js" / "package.json"
_PATHS = {one.name: f"{one.method} /v5{one.template}" for one in OPERATIONS}


def humanloop_sdk_page() -> str:
    """Every public method of the clients, and which of them were seen to have it served."""
    npm = json.loads(_PACKAGE.read_text())["dependencies"]["humanloop"]
    return page(
        "Methods of the Humanloop clients",
        f"Every public method of the packages `humanloop` {version('humanloop')} for Python, with its client "
        f"for `async` programs, and `humanloop` {npm} from npm, whose names are these in camelCase. A ✓ says "
        "that a test calls the method through that client at a running server, and looks at what it answers: "
        "it has to be of the type that the client declares, every member has to be there, and the "
        "values have to be those that the call was for. A dash: that client has no such method. The test "
        "finds the methods by looking at the clients, so that none can be left out; another gives every "
        "argument of every method a value, and compares what comes back under its name.",
        *(
            section
            for resource in sorted({row.method.rpartition(".")[0] for row in methods.ROWS.values()})
            for section in (f"## {resource or 'The client itself'}", table(_head(), _rows(resource)))
        ),
    )


def _head() -> Row:
    return ["method", "asks for", *CLIENTS]


def _rows(resource: str) -> Iterator[Row]:
    for method in sorted(methods.ROWS):
        row = methods.ROWS[method]
        of, _, name = method.rpartition(".")
        if of == resource:
            yield [code(name), _asked(row), *(_cell(row, client) for client in CLIENTS)]


def _asked(row: methods.Row) -> str:
    if row.operation not in _PATHS:
        return row.asks
    return f"[{row.operation}](api-humanloop.md#{row.operation.lower()}): {code(_PATHS[row.operation])}"


def _cell(row: methods.Row, client: str) -> str:
    return "✓" if client in row.clients else "–"
