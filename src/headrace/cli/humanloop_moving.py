"""From a spool to a server: batch after batch, each part after those that it refers to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from headrace.apis.humanloop.exchange.service import Answer
from headrace.cli.client import Refusal
from headrace.cli.humanloop_report import SORTS, Report, Told
from headrace.cli.humanloop_spool import Spool
from headrace.services.exchange_humanloop.parts import Act, LogPart

MOST_PARTS = 200
"""So many parts go into one transaction of the server."""
MOST_OF = {"runs": 1}
"""Of these fewer, because each may come with a hundred thousand slots."""
MOST_BYTES = 2 * 1024 * 1024
"""So large is a batch, unless a single part is larger."""
KINDS_IN_ORDER = ("evaluator", "dataset", "tool", "prompt", "agent", "flow")
"""Files that others refer to come first (humanloop 6, import order)."""
_KEPT_JUDGMENTS = 2
"""A log has one judgment of a version that was posted and one that the server made; the newest are kept."""
_encode = msgspec.json.Encoder().encode
_decode_answer = msgspec.json.Decoder(Answer).decode

HandIn = Callable[[bytes], bytes]
Watch = Callable[[str, int], None]
"""Is told how many parts of a sort are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """Hands everything in.

    Attributes:
        hand_in: gives the server a batch and returns its answer.
        refused: the ids of what was refused, by sort.
    """

    spool: Spool
    hand_in: HandIn
    report: Report
    watch: Watch
    refused: dict[str, set[str]] = field(default_factory=lambda: {sort: set() for sort in SORTS})

    def run(self) -> None:
        """Move everything that has a place."""
        for sort in SORTS:
            self.report.count(sort, {})
            done = 0
            for batch in batches(self._parts(sort), most=MOST_OF.get(sort, MOST_PARTS)):
                self._send(sort, batch)
                done += len(batch)
                self.watch(sort, done)

    def _parts(self, sort: str) -> Iterator[Any]:
        """The parts of a sort that are to be handed in; the others are told."""
        for part in self._all(sort):
            needed = self._needed(part)
            if needed is not None:
                note = f"it belongs to {needed}, which was refused"
                self.report.tell(Told(sort=sort, id=part.id, act="skipped", note=note))
                self.refused[sort].add(part.id)
            else:
                yield part

    def _all(self, sort: str) -> Iterator[Any]:
        spool = self.spool
        by_kind: dict[str, Callable[[str], Iterator[Any]]] = {
            "versions": spool.version_parts,
            "deployments": spool.deployment_parts,
            "monitors": spool.monitor_parts,
        }
        if sort == "files":
            for is_stray in (False, True):  # a stray may be a node of a file that is listed
                for kind in KINDS_IN_ORDER:
                    yield from spool.file_parts(kind, is_stray=is_stray)
        elif sort in by_kind:
            for kind in KINDS_IN_ORDER:
                yield from by_kind[sort](kind)
        else:
            yield from self._of_any_kind(sort)

    def _of_any_kind(self, sort: str) -> Iterator[Any]:
        spool = self.spool
        parts: dict[str, Callable[[], Iterator[Any]]] = {
            "directories": spool.directory_parts,
            "environments": spool.environment_parts,
            "datapoints": spool.datapoint_parts,
            "logs": self._logs,
            "evaluations": spool.evaluation_parts,
            "runs": spool.run_parts,
            "run_links": spool.run_link_parts,
            "run_logs": spool.run_log_parts,
        }
        yield from parts[sort]()

    def _logs(self) -> Iterator[LogPart]:
        for part, turn in self.spool.log_parts():
            if turn >= _KEPT_JUDGMENTS:
                note = f"there are newer judgments of the same evaluator on log {part.judged_id}"
                self.report.tell(Told(sort="logs", id=part.id, act="skipped", note=note))
                continue
            yield part

    def _needed(self, part: Any) -> str | None:
        """Something that was refused and that a part can't be without."""
        for member, sort in (
            ("file_id", "files"),
            ("evaluator_id", "files"),
            ("version_id", "versions"),
            ("judged_id", "logs"),
            ("evaluation_id", "evaluations"),
            ("run_id", "runs"),
            ("log_id", "logs"),
        ):
            needed = getattr(part, member, None)
            if needed in self.refused[sort]:
                return f"`{needed}`"
        return None

    def _send(self, sort: str, batch: list[tuple[str, bytes]]) -> None:
        rehearsal = b"true" if self.report.is_rehearsal else b"false"
        texts = b",".join(text for _, text in batch)
        body = b'{"%s":[%s],"is_rehearsal":%s}' % (sort.encode(), texts, rehearsal)
        try:
            answer = _decode_answer(self.hand_in(body))
        except Refusal as error:
            if len(batch) > 1:
                raise
            self._refuse(sort, batch[0][0], error.message)
            return
        self.report.count(sort, {"made": answer.made, "unchanged": answer.unchanged})
        for one in answer.told:
            if one.act is Act.REFUSED:
                self._refuse(sort, one.id, one.note or "")
            else:
                self.report.tell(Told(sort=sort, id=one.id, act=one.act.value, note=one.note or ""))

    def _refuse(self, sort: str, part_id: str, note: str) -> None:
        self.refused[sort].add(part_id)
        self.report.tell(Told(sort=sort, id=part_id, act="refused", note=note))


def batches(parts: Iterable[Any], *, most: int) -> Iterator[list[tuple[str, bytes]]]:
    """Parts as JSON with their ids, some at a time; never more than so many, and seldom more bytes."""
    batch: list[tuple[str, bytes]] = []
    size_bytes = 0
    for part in parts:
        text = _encode(part)
        if batch and (len(batch) >= most or size_bytes + len(text) > MOST_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append((part.id, text))
        size_bytes += len(text)
    if batch:
        yield batch


def totals(spool: Spool) -> Counter[str]:
    """How many parts of each sort there are."""
    counts: Counter[str] = Counter()
    for table in ("files", "datapoints", "versions", "logs", "run_logs"):
        counts[table] = sum(spool.count(table).values())
    return counts
