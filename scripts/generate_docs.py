"""Write the pages of docs/reference that are read off the code, or check that they are up to date.

python scripts/generate_docs.py            # write them
python scripts/generate_docs.py --check    # exit 1 and say what differs
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from pathlib import Path

from reference import (
    bedrock,
    cli,
    conformance,
    errors,
    humanloop,
    humanloop_sdk,
    metrics,
    native,
    rules,
    settings,
)

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings.settings_page,
    "cli.md": cli.cli_page,
    "errors.md": errors.errors_page,
    "api-bedrock.md": bedrock.bedrock_page,
    "api-humanloop.md": humanloop.humanloop_page,
    "api-native.md": native.native_page,
    "humanloop-sdk.md": humanloop_sdk.humanloop_sdk_page,
    "metrics.md": metrics.metrics_page,
    "findings.md": rules.findings_page,
    "conformance.md": conformance.conformance_page,
    "quirks.md": rules.quirks_page,
}


def differences() -> str:
    """What differs between the pages and what they should be; empty when nothing does."""
    found: list[str] = []
    for name, make in PAGES.items():
        path = REFERENCE / name
        there = path.read_text() if path.exists() else ""
        found += difflib.unified_diff(
            there.splitlines(),
            make().splitlines(),
            f"docs/reference/{name}",
            "what the code says",
            lineterm="",
        )
    return "\n".join(found)


def run(arguments: list[str]) -> int:
    """Write or check; the exit status."""
    if arguments == ["--check"]:
        found = differences()
        if found:
            print(found, "\nThe reference is out of date: run `python scripts/generate_docs.py`.", sep="\n")
        return 1 if found else 0
    if arguments:
        print(__doc__)
        return 2
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make())
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
