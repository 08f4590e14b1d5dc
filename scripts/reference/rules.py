"""The pages of the findings and of the quirks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import headrace
from headrace.core.validate import Finding, FindingType
from headrace.core.validation.findings import MESSAGES
from reference.markdown import code, page, table

SOURCE = Path(headrace.__file__).parent
QUIRK = re.compile(r"# Quirk\((?P<api>\w+)\): (?P<text>.*)")


def findings_page() -> str:
    """What preparing a flow can find."""
    return page(
        "Findings",
        "What `PrepareFlow` can find wrong with a definition. A flow with an error cannot be prepared: its "
        "status becomes `Failed`, and `GetFlow` lists the findings in `validations`, at most a hundred. "
        "Warnings stop nothing. Words in braces are the members of the finding's `details`.",
        table(
            ["type", "severity", "message"],
            [
                [code(kind.value), _severity(kind), MESSAGES.get(kind, "Its own words each time.")]
                for kind in FindingType
            ],
        ),
    )


def _severity(kind: FindingType) -> str:
    if kind not in MESSAGES:
        return Finding.unspecified("-").severity.value
    names = re.findall(r"{(\w+)}", MESSAGES[kind])
    return Finding.of(kind, **dict.fromkeys(names, "-")).severity.value


def quirks_page() -> str:
    """Every tagged deviation of the two wire protocols."""
    found = sorted(quirks())
    sections = [
        f"## {api.capitalize()}\n\n"
        + "\n".join(f"- {text} ([{place}](../../src/headrace/{place}))" for _, place, text in group)
        for api, group in itertools.groupby(found, key=lambda one: one[0])
    ]
    return page(
        "Quirks",
        "Places where the code does something surprising because a protocol demands it, or where this server "
        "knowingly differs from the original. Each is a `# Quirk(…)` comment in the code. Numbers such as "
        "*2.17* are the sections of the interface notes that the server was written from; docstrings cite "
        "them the same way.",
        *sections,
    )


def quirks() -> Iterator[tuple[str, str, str]]:
    """Every tag: the API, the file, the text with its continuation lines."""
    for path in sorted(SOURCE.rglob("*.py")):
        lines = iter(path.read_text().splitlines())
        for line in lines:
            tag = QUIRK.search(line)
            if tag is None:
                continue
            rest = itertools.takewhile(lambda text: text.strip().startswith("# "), lines)
            text = " ".join([tag["text"], *(one.strip().removeprefix("# ") for one in rest)])
            yield tag["api"], path.relative_to(SOURCE).as_posix(), text
