"""`python -m bench [--quick] [NAME ...]`: measure, and write one report.

It goes to `build/bench/report.md` and `build/bench/report.json`, and the Markdown to standard output. A
benchmark that fails is named there, the others go on, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence

from bench import report
from bench.goals import GOALS
from bench.parts import FOLDER, LIMIT_S, PARTS, QUICK_LIMIT_S, Part, measured


def chosen(names: Sequence[str], *, quick: bool) -> list[Part]:
    """The parts that are named; all, where none are, without those that a quick run leaves out.

    Raises:
        SystemExit: there is none of that name.
    """
    unknown = set(names) - {part.name for part in PARTS}
    if unknown:
        there = ", ".join(part.name for part in PARTS)
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are: {there}.")
    if names:
        return [part for part in PARTS if part.name in names]
    return [part for part in PARTS if not quick or part.quick is not None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that are named, or all; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="*", help="benchmarks; else all")
    parser.add_argument(
        "--quick", action="store_true", help="ten minutes: short loads, small stores, installed peers"
    )
    asked = parser.parse_args(arguments)
    outcomes, started = [], time.perf_counter()
    for part in chosen(asked.name, quick=asked.quick):
        print(f"{part.name}: {part.about} ...", file=sys.stderr, flush=True)
        limit_s = QUICK_LIMIT_S - (time.perf_counter() - started) if asked.quick else LIMIT_S
        outcomes.append(measured(part, quick=asked.quick, limit_s=limit_s))
        if outcomes[-1].failed:
            print(f"{part.name} FAILED: {outcomes[-1].failed}", file=sys.stderr, flush=True)
    found = report.built(outcomes, GOALS, quick=asked.quick)
    text = report.markdown(found)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "report.json").write_text(json.dumps(found, indent=1) + "\n")
    (FOLDER / "report.md").write_text(text)
    print(text)
    return 1 if report.has_failed(found) else 0


if __name__ == "__main__":
    sys.exit(main())
