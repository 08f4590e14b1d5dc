"""What an import says of itself, on a terminal and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from headrace.cli.humanloop_spool import Short, Spool, Trouble

SHOWN = 20
"""So many lines of one sort are printed; all of them are in the JSON."""
SORTS = (
    "directories",
    "environments",
    "files",
    "datapoints",
    "versions",
    "deployments",
    "monitors",
    "logs",
    "evaluations",
    "runs",
    "run_links",
    "run_logs",
)
ACTS = ("made", "unchanged", "different", "refused", "skipped")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Something about one part.

    Attributes:
        sort: one of `SORTS`.
        act: one of `ACTS`; ``skipped`` is what belongs to something that was refused.
    """

    sort: str
    id: str
    act: str
    note: str


class Report(msgspec.Struct, kw_only=True):
    """What an import did.

    Attributes:
        is_rehearsal: nothing was kept.
        outcomes: by sort and act, how many parts.
        told: what is to be said of single parts.
        missing: versions and runs of which there are fewer logs or datapoints in the export than it says.
        unreadable: what of the export could not be read.
        repaired: how many texts were no strict JSON (``NaN``, half characters) and were read all the same.
        copies: how many logs of the export were copies of others.
    """

    is_rehearsal: bool
    outcomes: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    told: list[Told] = msgspec.field(default_factory=list)
    missing: list[Short] = msgspec.field(default_factory=list)
    unreadable: list[Trouble] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    repaired: int = 0
    copies: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether everything that there is a place for is here now, just as it was."""
        counts: Counter[str] = Counter()
        for acts in self.outcomes.values():
            counts.update(acts)
        return not (counts["different"] or counts["refused"] or counts["skipped"] or self.unreadable)

    def count(self, sort: str, acts: Mapping[str, int]) -> None:
        """Add to the outcomes of a sort."""
        known = self.outcomes.setdefault(sort, dict.fromkeys(ACTS, 0))
        for act, number in acts.items():
            known[act] += number

    def tell(self, told: Told) -> None:
        """Say something of a part, and count it."""
        self.told.append(told)
        self.count(told.sort, {told.act: 1})

    def lines(self) -> Iterator[str]:
        """The report as text."""
        yield "Nothing was kept; this would happen:" if self.is_rehearsal else "Imported:"
        for sort, acts in self.outcomes.items():
            told = ", ".join(f"{acts[act]} {act}" for act in ACTS if acts[act])
            yield f"  {sort}: {told or 'none'}"
        if self.told:
            yield "Of single ones:"
            yield from _some(f"{one.act}: {one.sort} {one.id}: {one.note}" for one in self.told)
        if self.missing:
            yield "Missing in the export itself:"
            yield from _some(f"{one.path} {one.version_id}: {_short(one)}" for one in self.missing)
        if self.unreadable:
            yield "Not readable:"
            yield from _some(f"{one.source}: {one.reason}" for one in self.unreadable)
        yield from self.notes


def _short(one: Short) -> str:
    return f"{one.found} of {one.expected} are there"


def _some(lines: Iterator[str]) -> Iterator[str]:
    everything = list(lines)
    yield from (f"  {line}" for line in everything[:SHOWN])
    if len(everything) > SHOWN:
        yield f"  and {len(everything) - SHOWN} more; --json tells all of them"


def begun(spool: Spool, *, is_rehearsal: bool, has_logs: bool) -> Report:
    """A report with all that reading alone tells."""
    report = Report(
        is_rehearsal=is_rehearsal,
        unreadable=spool.troubles,
        repaired=spool.repairs,
        copies=spool.copies,
        missing=[
            *(spool.short_versions() if has_logs else ()),
            *spool.short_datapoints,
            *(spool.short_runs() if has_logs else ()),
        ],
    )
    if not has_logs:
        report.notes.append("The export holds no logs: it was made without EXPORT_LOGS=true.")
    if spool.repairs:
        report.notes.append(
            f"{spool.repairs} texts were no strict JSON: NaN became null, half a character became `?`."
        )
    return report
