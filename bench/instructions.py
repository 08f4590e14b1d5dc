"""The regression gate: bytecodes of the hot paths, and steps of SQLite in them, beside their budgets.

`python -m bench.instructions [WORD ...]` shows those whose names contain a word; `--functions` shows also
where they go; `--write` makes what is counted now the budgets (`bench/budgets.json`). Counts are the same on
every machine; `tests/unit/test_hot_paths.py` fails when one leaves its budget.

Each release of Python has bytecodes of its own. Writing budgets under one scales those of the others by as
much; run it under them, too, to have them exact.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.counting import Count
from bench.hot_paths import counted

BUDGETS = Path(__file__).with_name("budgets.json")
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
REFERENCE = "3.11"
"""The Python under which both too much and too little is refused."""
TOLERANCE = 0.05
TOLERANCE_ELSEWHERE = 0.10
"""For budgets that may have been scaled instead of counted."""
STEPS = "sqlite_steps"
FUNCTIONS_SHOWN = 25

Budgets = dict[str, dict[str, int]]
"""For each operation: bytecodes by the version of Python, and SQLite's steps."""


def budgets() -> Budgets:
    """As they are kept."""
    found: Budgets = json.loads(BUDGETS.read_text()) if BUDGETS.exists() else {}
    return found


def figures(count: Count, python: str = PYTHON) -> dict[str, int]:
    """What is compared of a count."""
    return {python: count.bytecodes, STEPS: count.sqlite_steps}


def complaints(counts: Mapping[str, Mapping[str, int]], kept: Budgets, *, python: str = PYTHON) -> list[str]:
    """What is not within its budget, in words that say what to do.

    Args:
        counts: the figures of each operation.
    """
    found = [f"{name} has no budget yet: {UPDATE}" for name in counts if name not in kept]
    found += [
        f"{name} has a budget but is not counted any more: {UPDATE}" for name in kept if name not in counts
    ]
    for name, now in counts.items():
        for key, value in now.items():
            budget = kept.get(name, {}).get(key)
            if budget is not None:
                found += _complaint(name, key, value, budget, is_reference=python == REFERENCE)
    return found


UPDATE = "`python -m bench.instructions --write` makes today's counts the budgets."


def _complaint(name: str, key: str, value: int, budget: int, *, is_reference: bool) -> list[str]:
    tolerance = TOLERANCE if is_reference else TOLERANCE_ELSEWHERE
    what = "steps of SQLite" if key == STEPS else f"bytecodes of Python {key}"
    change = f" ({value / budget - 1:+.1%})" if budget else ""
    numbers = f"{name}: {value:,} {what}, budget {budget:,}{change}"
    if value > budget * (1 + tolerance):
        see = f'`python -m bench.instructions --functions "{name}"` shows where they go'
        return [f"{numbers}. Too dear: {see}. If it is worth it, {UPDATE}"]
    if is_reference and value < budget * (1 - tolerance):
        return [f"{numbers}. Cheaper than before: keep it so. {UPDATE}"]
    return []


def renewed(counts: Mapping[str, Mapping[str, int]], kept: Budgets, *, python: str = PYTHON) -> Budgets:
    """The budgets with what was counted now; those of other Pythons change by as much as this one's."""
    found = dict(kept)
    for name, now in counts.items():
        before = kept.get(name, {})
        factor = now[python] / before[python] if before.get(python) else 1.0
        scaled = {key: round(value * factor) for key, value in before.items() if key not in now}
        found[name] = dict(sorted({**scaled, **now}.items()))
    return found


def _show(counts: Mapping[str, Count], kept: Budgets) -> None:
    print(f"| operation | bytecodes ({PYTHON}) | budget | | statements | steps of SQLite | budget |")
    print("|---|---|---|---|---|---|---|")
    for name, count in counts.items():
        known = kept.get(name, {})
        budget, steps = known.get(PYTHON), known.get(STEPS)
        ratio = f"{count.bytecodes / budget - 1:+.1%}" if budget else ""
        row = (name, f"{count.bytecodes:,}", _plain(budget), ratio)
        print(f"| {' | '.join(row)} | {count.statements} | {count.sqlite_steps:,} | {_plain(steps)} |")


def _plain(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _show_functions(counts: Mapping[str, Count]) -> None:
    for name, count in counts.items():
        print(f"\n## {name}: {count.bytecodes:,}\n\n| bytecodes | function |\n|---|---|")
        for function, bytecodes in count.by_function()[:FUNCTIONS_SHOWN]:
            print(f"| {bytecodes:,} | {function} |")


def main() -> None:
    """Count, and show or keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    parser.add_argument("word", nargs="*", help="only operations whose names contain one of these")
    parser.add_argument("--write", action="store_true", help="make the counts the budgets")
    parser.add_argument("--functions", action="store_true", help="show the functions that execute most")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead")
    asked = parser.parse_args()
    counts, kept = asyncio.run(counted(asked.word)), budgets()
    now = {name: figures(count) for name, count in counts.items()}
    if asked.json:
        print(json.dumps(now, indent=1))
        return
    _show(counts, kept)
    if asked.functions:
        _show_functions(counts)
    if asked.write:
        base = kept if asked.word else {name: kept[name] for name in kept if name in now}
        BUDGETS.write_text(json.dumps(renewed(now, base), indent=1) + "\n")
        print(f"\n{BUDGETS} has {len(now)} budgets of Python {PYTHON} from now on.")


if __name__ == "__main__":
    main()
