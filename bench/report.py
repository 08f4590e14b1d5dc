"""The report: everything that was measured, as one value, and that as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bench import environments, machine
from bench.figures import Spread, columns, tables
from bench.goals import Goal, Verdict, judged
from bench.parts import Outcome

OWN_LOAD = 1.5
"""A core: what servers, clients and disks of the benchmarks themselves come to, at the most."""


def built(outcomes: Sequence[Outcome], goals: Sequence[Goal], *, quick: bool) -> dict[str, Any]:
    """The report as it is written to `report.json`, but for figures, which `_part` makes JSON of."""
    figures = {outcome.part.name: outcome.figures for outcome in outcomes}
    wanted = [goal for goal in goals if goal.part in figures]
    return {
        "made_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "quick": quick,
        "commit": machine.commit(),
        "machine": machine.described(),
        "versions": machine.versions() | _peers(),
        "goals": judged(wanted, figures),
        "parts": [_part(outcome) for outcome in outcomes],
    }


def _peers() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in environments.names():
        if environments.is_there(name):
            found |= environments.ready(name).versions()
    return found


def _part(outcome: Outcome) -> dict[str, Any]:
    part = outcome.part
    return {
        "name": part.name,
        "about": part.about,
        "command": f"make bench NAMES={part.name}",
        "rounds": outcome.rounds,
        "why_once": part.why_once,
        "failed": outcome.failed,
        "skipped": dict(outcome.skipped),
        "load_before": outcome.load_before,
        "load_after": outcome.load_after,
        "took_s": round(outcome.took_s, 1),
        "figures": {place: spread.as_json() for place, spread in outcome.figures.items()},
    }


def has_failed(report: Mapping[str, Any]) -> bool:
    """Whether a benchmark broke off."""
    return any(part["failed"] for part in report["parts"])


def markdown(report: Mapping[str, Any]) -> str:
    """The report for people."""
    return "\n".join([*_head(report), *_trouble(report), *_goals(report), *_parts(report)]) + "\n"


def _head(report: Mapping[str, Any]) -> Iterator[str]:
    size = "a quick run: short loads, small stores" if report["quick"] else "a full run"
    yield "# Benchmarks\n"
    yield f"{report['made_at']}, {size}. Commit {report['commit'] or 'unknown'}.\n"
    yield "| | |\n|---|---|"
    for key, value in {**report["machine"], **report["versions"]}.items():
        yield f"| {key.replace('_', ' ')} | {value} |"
    yield (
        "\nMedians, and in brackets the least and the most of the rounds. Floors and peers are measured anew "
        "in each round; ratios are taken within one. On a busy machine read the ratios, not the absolutes.\n"
    )


def _trouble(report: Mapping[str, Any]) -> Iterator[str]:
    loads = [max(part["load_before"][0], part["load_after"][0]) for part in report["parts"]]
    cores = report["machine"]["cores_usable"] or 1
    if max(loads, default=0) > OWN_LOAD * cores:
        busy = f"**The machine was busy with other work: a load of up to {max(loads):g} on {cores} cores.**"
        yield (
            f"{busy} Rates and times say little then; processor time, memory and ratios to peers say more.\n"
        )
    broken = [part for part in report["parts"] if part["failed"]]
    lines = [f"- **FAILED: {part['name']}**: {_one_line(part['failed'])}" for part in broken]
    lines += [
        f"- **SKIPPED: {peer}** in {part['name']}: {_one_line(why)}"
        for part in report["parts"]
        for peer, why in part["skipped"].items()
    ]
    if lines:
        yield "## Not measured\n"
        yield from lines
        yield ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _goals(report: Mapping[str, Any]) -> Iterator[str]:
    with_limit = [goal for goal in report["goals"] if goal["limit"]]
    others = [goal for goal in report["goals"] if not goal["limit"] and goal["measured"]]
    if with_limit:
        yield "## Goals\n"
        yield f"{_told(with_limit)}. Unclear is what some rounds met and others missed.\n"
        yield "| | measured | goal | |\n|---|---|---|---|"
        for goal in with_limit:
            verdict = "**missed**" if goal["verdict"] == Verdict.MISSED else goal["verdict"]
            yield f"| {goal['title']} | {_shown(goal)} | {goal['limit']} | {verdict} |"
        yield ""
    if others:
        yield "## Beside floors and peers\n\n| | measured |\n|---|---|"
        yield from (f"| {goal['title']} | {_shown(goal)} |" for goal in others)
        yield ""


def _told(goals: Sequence[Mapping[str, Any]]) -> str:
    count, order = (
        Counter(goal["verdict"] for goal in goals),
        (Verdict.MET, Verdict.MISSED, Verdict.UNCLEAR, Verdict.UNMEASURED),
    )
    return ", ".join(f"{count[verdict]} {verdict}" for verdict in order)


def _shown(goal: Mapping[str, Any]) -> str:
    return f"{goal['shown']} {goal['unit']}" if goal["shown"] else ""


def _parts(report: Mapping[str, Any]) -> Iterator[str]:
    for part in report["parts"]:
        load = f"load {part['load_before'][0]:g} before and {part['load_after'][0]:g} after"
        rounds = part["why_once"] or f"{part['rounds']} rounds"
        yield f"## {part['name']}: {part['about']}\n"
        yield f"`{part['command']}`, {rounds}, {load}, {part['took_s']:,.0f} s.\n"
        spreads = {place: Spread(rounds=tuple(one["rounds"])) for place, one in part["figures"].items()}
        for title, rows in tables(spreads).items():
            yield from _table(title, rows)


def _table(title: str, rows: Mapping[str, Mapping[str, Spread]]) -> Iterator[str]:
    named = columns(rows.values())
    yield f"| {title.replace('_', ' ')} | {' | '.join(name.replace('_', ' ') for name in named)} |"
    yield "|" + "---|" * (len(named) + 1)
    for row, cells in rows.items():
        shown = (cells[name].shown() if name in cells else "" for name in named)
        yield f"| {row} | {' | '.join(shown)} |"
    yield ""
