"""How the runs of an evaluation compare, as texts to be read by people (humanloop 4.3, 8.36)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headrace.core.evaluations import OPEN, Run, RunLink
from headrace.core.run_stats import BooleanStats, ChoiceStats, NumberStats, SeatStats

MOST_COLUMNS = 8
"""So many runs are shown side by side, the newest first."""
NONE = "-"
MOST_OPTIONS = 5


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A run, and what each of the evaluators found in it.

    Attributes:
        is_undone: whether any log is missing, or incomplete.
    """

    run: Run
    link: RunLink
    num_logs: int
    is_undone: bool
    seats: tuple[SeatStats, ...]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator.

    Attributes:
        is_awaited: whether runs wait for it; they do not for people.
        is_posted: whether its judgments are posted by programs.
    """

    version_id: str
    path: str
    is_awaited: bool
    is_posted: bool


def progress_of(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """How far the newest run is, and what it waits for while it is not over.

    Args:
        columns: newest first.
        rows: in the order of the seats of each column.
    """
    if not columns:
        return "No runs yet."
    newest = columns[0]
    run, made = newest.run, sum(seat.total_logs for seat in newest.seats)
    logs = max(run.size, newest.num_logs)
    lines = [
        f"Run {run.id}: {run.status}",
        f"Total Logs: {newest.num_logs}/{logs}",
        f"Total Judgments: {made}/{logs * len(newest.seats)}",
    ]
    waits = _waits(newest, rows) if run.status in OPEN else []
    return "\n".join([*lines, f"Waiting for: {'; '.join(waits)}"] if waits else lines)


def _waits(column: Column, rows: Sequence[Row]) -> list[str]:
    """What a run still needs, for people who wonder why it does not end."""
    waits = [f"{column.run.size - column.num_logs} logs"] if column.run.size > column.num_logs else []
    if column.is_undone and not waits:
        waits.append("logs that are missing or incomplete")
    for row, seat in zip(rows, column.seats, strict=True):
        if row.is_awaited and seat.total_logs < column.num_logs:
            whose = f"{row.path}, to be posted by a program" if row.is_posted else row.path
            waits.append(f"{column.num_logs - seat.total_logs} judgments by {whose}")
    return waits or ["somebody to close it"]


def report_of(path: str, columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """The newest runs side by side: a column a run, a line an evaluator.

    Args:
        path: of the file that is evaluated.
        columns: newest first.
        rows: in the order of the seats of each column.
    """
    shown = columns[:MOST_COLUMNS]
    table = [
        ["Run", *(_name(one) for one in shown)],
        ["Version", *(one.run.version_id or NONE for one in shown)],
        ["Added", *(f"{one.link.added_at:%Y-%m-%d %H:%M:%S}" for one in shown)],
        ["Status", *(str(one.run.status) for one in shown)],
        ["Logs", *(str(one.num_logs) for one in shown)],
    ]
    table += [[row.path, *(_told(one.seats[index]) for one in shown)] for index, row in enumerate(rows)]
    more = f"\n… and {len(columns) - len(shown)} older runs." if len(columns) > len(shown) else ""
    return f"Evaluation of {path}\n{_drawn(table)}{more}"


def _name(column: Column) -> str:
    return f"{column.run.id} (control)" if column.link.is_control else column.run.id


def _told(stats: SeatStats) -> str:
    """What is most worth knowing of an evaluator's judgments, and how many of them failed."""
    if stats.num_errors == 0:
        return _found(stats)
    errors = f"{stats.num_errors} error{'' if stats.num_errors == 1 else 's'}"
    return errors if stats.num_judgments == 0 else f"{_found(stats)}, {errors}"


def _found(stats: SeatStats) -> str:
    if stats.num_judgments == 0:
        return NONE
    match stats:
        case BooleanStats():
            return f"{stats.num_true}/{stats.num_judgments} true"
        case NumberStats():
            return NONE if stats.mean is None else f"{stats.mean:.6g}"
        case ChoiceStats():
            chosen = [f"{name}: {count}" for name, count in stats.per_option.items() if count]
            return ", ".join(chosen[:MOST_OPTIONS])
    return f"{stats.num_judgments} texts"


def _drawn(table: Sequence[Sequence[str]]) -> str:
    """Lines of cells, each as wide as the widest of its column."""
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    rule = "+".join("-" * (width + 2) for width in widths)
    lines = [
        "|".join(f" {cell:<{width}} " for cell, width in zip(line, widths, strict=True)) for line in table
    ]
    return "\n".join((f"+{rule}+", *(f"|{line}|" for line in lines), f"+{rule}+"))
