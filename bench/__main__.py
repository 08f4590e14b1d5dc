"""`python -m bench [NAME ...]`: run benchmarks one after another and print one report in Markdown.

The figures of each are also written as JSON to `build/bench/NAME.json`.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path("build/bench")
NOT_BENCHMARKS = frozenset({"__init__", "__main__", "counting", "hot_paths", "load", "server"})


def names() -> list[str]:
    """Every benchmark there is: a module of this package is one by being here."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_BENCHMARKS)


def measured(name: str) -> Any:
    """What a benchmark printed; it runs in a process of its own, so that none warms up another."""
    process = subprocess.run([sys.executable, "-m", f"bench.{name}"], stdout=subprocess.PIPE, check=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_bytes(process.stdout)
    return json.loads(process.stdout)


def rows(figures: Any, path: str = "") -> list[tuple[str, str]]:
    """Each number with where it stands."""
    if isinstance(figures, dict):
        return [row for key, value in figures.items() for row in rows(value, f"{path} {key}".strip())]
    if isinstance(figures, list):
        return [
            row
            for index, value in enumerate(figures)
            for row in rows(value, f"{path} {_label(value, index)}".strip())
        ]
    return [(path, f"{figures:,.4g}" if isinstance(figures, float) else str(figures))]


def _label(value: Any, index: int) -> str:
    if not isinstance(value, dict):
        return str(index)
    return " ".join(str(value[key]) for key in ("operation", "name", "connections") if key in value) or str(
        index
    )


def main() -> None:
    """Run the benchmarks that are named, or all."""
    chosen = sys.argv[1:] or names()
    unknown = set(chosen) - set(names())
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(names())}.")
    print("# Benchmarks\n")
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.platform()}\n")
    for name in chosen:
        print(f"## {name}\n\n| figure | value |\n|---|---|", flush=True)
        for figure, value in rows(measured(name)):
            print(f"| {figure} | {value} |")
        print(flush=True)


if __name__ == "__main__":
    main()
