"""What a run did and found, as JSON and as Markdown."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.soak.faults import Broken
from tests.soak.gauges import Growth, Reading
from tests.soak.site import MOST_WRONG, Site

from headrace import __version__

CURVE_POINTS = 60


def summary(
    site: Site,
    *,
    store: str,
    seed: int,
    seconds: float,
    faults: Sequence[Broken],
    skipped: Sequence[str],
    readings: Sequence[Reading],
    grown: Sequence[Growth],
    read_back: int,
) -> dict[str, Any]:
    """Everything that is told."""
    return {
        "version": __version__,
        "machine": {
            "system": platform.platform(),
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "load": round(os.getloadavg()[2], 1),
            "taken_s": round(site.machine.taken_s),
        },
        "store": store,
        "seed": seed,
        "seconds": round(seconds, 1),
        "facts": site.journal.facts,
        "holds": site.model.sizes(),
        "read_back_at_the_end": read_back,
        "calls": _calls(site),
        "faults": [dataclasses.asdict(one) for one in faults],
        "skipped": list(skipped),
        "growth": [dataclasses.asdict(one) for one in grown],
        "curve": [dataclasses.asdict(one) for one in readings],
        "wrong": site.wrong[:MOST_WRONG],
        "wrong_count": len(site.wrong),
    }


def _calls(site: Site) -> dict[str, Any]:
    statuses: dict[str, Counter[int]] = defaultdict(Counter)
    for (name, status), times in site.calls.items():
        statuses[name][status] += times
    found = {}
    for name in sorted(statuses):
        took = sorted(site.times_ms.get(name, ()))
        found[name] = {
            "count": sum(statuses[name].values()),
            "statuses": {str(status): times for status, times in sorted(statuses[name].items()) if times},
            "p50_ms": round(statistics.median(took), 2) if took else None,
            "p99_ms": round(took[int(len(took) * 0.99)], 2) if took else None,
        }
    return found


def write(told: dict[str, Any], folder: Path) -> Path:
    """Write both; where the Markdown is."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{told['store']}-{told['seed']}"
    (folder / f"{name}.json").write_text(json.dumps(told, indent=1))
    path = folder / f"{name}.md"
    path.write_text(markdown(told))
    return path


def markdown(told: dict[str, Any]) -> str:
    """The report to be read."""
    machine = told["machine"]
    verdict = (
        "All invariants held."
        if not told["wrong_count"]
        else f"{told['wrong_count']} invariants were broken."
    )
    place = f"Python {machine['python']}, {machine['system']}, {machine['processors']} processors, load {machine['load']}"
    if machine["taken_s"]:
        place += f" (for {machine['taken_s']} s others took most of the processors)"
    held = ", ".join(f"{count} {name}" for name, count in told["holds"].items())
    lines = [
        f"# Soak: {told['store']}, seed {told['seed']}",
        "",
        f"Headrace {told['version']} on {place}, {told['seconds']:.0f} s. **{verdict}**",
        "",
        f"{told['facts']} facts in the journal, {told['read_back_at_the_end']} things read back at the end: {held}.",
        "",
        *_faults(told),
        *_operations(told),
        *_memory(told),
    ]
    if told["wrong"]:
        lines += ["## Broken invariants", "", *(f"- {one}" for one in told["wrong"]), ""]
    return "\n".join(lines)


def _faults(told: dict[str, Any]) -> list[str]:
    rows = defaultdict(list)
    for one in told["faults"]:
        rows[one["name"]].append(one)
    lines = [
        "## Faults",
        "",
        "| fault | times | longest recovery | things read back after it |",
        "|---|---|---|---|",
    ]
    for name, found in sorted(rows.items()):
        longest, read = max(one["recovered_s"] for one in found), sum(one["read_back"] for one in found)
        lines.append(f"| {name} | {len(found)} | {longest:.2f} s | {read or ''} |")
    lines += ["", *(f"Skipped: {one}." for one in told["skipped"]), ""]
    return lines


def _operations(told: dict[str, Any]) -> list[str]:
    lines = [
        "## Operations",
        "",
        "The times are of requests that met no fault; status 0 is a request without an answer.",
        "",
        "| operation | requests | answers | p50 ms | p99 ms |",
        "|---|---|---|---|---|",
    ]
    for name, one in told["calls"].items():
        statuses = ", ".join(f"{status}: {times}" for status, times in one["statuses"].items())
        lines.append(
            f"| {name} | {one['count']} | {statuses} | {one['p50_ms'] or ''} | {one['p99_ms'] or ''} |"
        )
    return [*lines, ""]


def _memory(told: dict[str, Any]) -> list[str]:
    lines = ["## What the servers used", "", "In the calm time at the end, first and last quarter:", ""]
    lines += [
        "| process | seconds | memory MiB | slope MiB/min | files | connections | threads |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in told["growth"]:
        pairs = [f"{one[name][0]} → {one[name][1]}" for name in ("files", "sockets", "threads")]
        memory = f"{one['first_mib']:.0f} → {one['last_mib']:.0f}"
        lines.append(
            f"| {one['pid']} | {one['seconds']:.0f} | {memory} | {one['slope_mib_min']:.1f} | {' | '.join(pairs)} |"
        )
    curve = told["curve"]
    if curve:
        step = max(1, len(curve) // CURVE_POINTS)
        began_s = curve[0]["at_s"]
        points = [f"{one['at_s'] - began_s:.0f}s {one['memory_mib']:.0f}" for one in curve[::step]]
        lines += ["", "Memory in MiB over the run: " + ", ".join(points), ""]
    return lines
