"""The page of the checks of ``headrace conformance``."""

from __future__ import annotations

import itertools

from headrace.conformance.catalogue import CHECKS
from headrace.conformance.checks import Check, Standing
from reference.markdown import code, page, table

MEASURED = """## What servers were found to do

The Bedrock checks, on 2026-11-22, each server on the same machine:

| server | documented rules that hold | presumed rules that hold | skipped |
| --- | --- | --- | --- |
| Headrace 0.1.0, with keys | 322 of 322 | 96 of 96 | 0 |
| MiniStack 1.5.33 | 79 of 314 | 11 of 96 | 8 |
| moto 5.2.5 | 0 of 322 | 0 of 96 | 0 |

MiniStack lets anybody in, so who is turned away could not be tried. moto has no flows and no prompts: it
answers each of these requests with 500. Neither has the Humanloop API, of which 159 of 159 documented rules
and 41 of 41 presumed ones hold for Headrace. Nobody has tried AWS yet.
"""
"""What was measured by hand: `headrace conformance --endpoint URL --api bedrock`."""

INTRODUCTION = (
    "What `headrace conformance` tries ([how to run it](../how-to/check-conformance.md)). A rule is "
    "*documented* when a service model, the vendor's documentation, its clients or answers of the service "
    "itself say so. It is *presumed* when no public source settles it: then it is what Headrace does, and "
    "whoever has an account can find out. Numbers are the sections of the interface notes that docstrings "
    "and [quirks](quirks.md) cite, too."
)


def conformance_page() -> str:
    """Every check, by its API and area."""
    return page(
        "Conformance checks",
        INTRODUCTION,
        _counts(),
        MEASURED,
        *(
            f"## {api} {area}\n\n" + table(["check", "rule", "standing", "section"], map(_row, group))
            for (api, area), group in itertools.groupby(CHECKS, key=lambda one: (one.api, one.area))
        ),
    )


def _counts() -> str:
    apis = list(dict.fromkeys(check.api for check in CHECKS))
    return table(
        ["API", *(standing.value for standing in Standing), "checks"],
        [[api, *(_count(api, standing) for standing in Standing), _count(api)] for api in apis],
    )


def _count(api: str, standing: Standing | None = None) -> int:
    return sum(check.api == api and standing in (None, check.standing) for check in CHECKS)


def _row(check: Check) -> list[str]:
    return [code(check.name), check.title, check.standing.value, check.section]
