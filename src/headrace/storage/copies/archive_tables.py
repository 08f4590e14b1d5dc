"""Which tables an archive has, what of their rows, in which order, and the statements that this takes."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from headrace.core.deployments import Alias, Environment, Move
from headrace.core.evaluations import Awaited, Evaluation, Run, RunLink, Seat, Slot
from headrace.core.files import File
from headrace.core.gates import Approved, Gate, Watch
from headrace.core.keeping import Retention
from headrace.core.logs import Log
from headrace.core.monitoring import Monitor, Total
from headrace.core.records import EventBatch, Execution
from headrace.core.versions import Draft, Release, Version
from headrace.storage.copies.archive_columns import columns_of_all

NOT_OF_A_ROW = frozenset({"account"})
LOWEST = -(2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """A table of an archive.

    Attributes:
        name: the table's.
        key: the columns by which a row is known.
        order: the expressions, of the table ``t``, that rows are read in the order of; an index has them.
        numbers: which of these are numbers.
        without: columns that the store makes itself.
        more: expressions of ``t`` beside the columns, by their names in a row.
        people: columns that name a user.
        struct: what a row is read as; reading it is the test whether it is one.
        refers: columns that must name a row of a table, with the table; None names none.
        source: the table or the view that rows are read from.
        only: which rows; SQL over ``t``.
        is_walked: whether the order is that of all organisations' rows; an index of one's own would only
            be in its way.
    """

    name: str
    key: tuple[str, ...]
    order: tuple[str, ...] = ()
    numbers: frozenset[int] = frozenset()
    without: frozenset[str] = frozenset()
    more: tuple[tuple[str, str], ...] = ()
    people: frozenset[str] = frozenset()
    struct: type[msgspec.Struct] | None = None
    refers: tuple[tuple[str, str], ...] = ()
    source: str = ""
    only: str = ""
    is_walked: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the table that a row has."""
        known = columns_of_all()[self.name]
        return tuple(name for name in known if name not in NOT_OF_A_ROW | self.without)

    @property
    def names(self) -> tuple[str, ...]:
        """All that a row has."""
        return (*self.columns, *(name for name, _ in self.more))

    @property
    def start(self) -> tuple[str | int, ...]:
        """The place before all rows."""
        return tuple(LOWEST if nth in self.numbers else "" for nth in range(len(self._order)))

    @property
    def _order(self) -> tuple[str, ...]:
        return self.order or tuple(f"t.{name}" for name in self.key)

    def statements(self) -> str:
        """What reads and adds rows, in the form of the files of statements; all of it is of names in code."""
        shown = ", ".join([*map(self._shown, self.columns), *(text for _, text in self.more)])
        source = f"FROM {self.source or self.name} t WHERE t.account = :account"
        walked = source.replace("t.account =", "t.account || '' =") if self.is_walked else source
        only = f" AND {self.only}" if self.only else ""
        places = ", ".join(f":after_{nth}" for nth in range(len(self._order)))
        order = ", ".join(self._order)
        by_key = " AND ".join(f"t.{name} = :{name}" for name in self.key)
        texts = {
            f"archive_page_{self.name}": (
                f"SELECT {shown}, {order}\n{walked}{only} AND ({order}) > ({places})\n"
                f"ORDER BY {order} LIMIT :take;"
            ),
            f"archive_one_{self.name}": f"SELECT {shown}\n{source} AND {by_key};",
        }
        if self.name not in ADDED_BY_THEMSELVES:
            values = ", ".join(f":{name}" for name in self.columns)
            into = f"INSERT INTO {self.name} (account, {', '.join(self.columns)})"
            texts[f"archive_add_{self.name}"] = f"{into}\nVALUES (:account, {values});"
        return "".join(f"-- name: {name}\n-- For archives.\n{text}\n\n" for name, text in texts.items())

    def _shown(self, name: str) -> str:
        if name not in self.people:
            return f"t.{name}"
        user = f"SELECT u.email FROM users u WHERE u.account = t.account AND u.id = t.{name}"  # noqa: S608
        return f"coalesce(({user}), t.{name})"


ADDED_BY_THEMSELVES = frozenset({"logs", "usage", "users"})
"""Tables of whose rows the store has a part to make; other statements add them."""
_IN_PLACE = "t.place"
_BEFORE = (
    "(SELECT b.id FROM moves b WHERE b.account = t.account AND b.file_id = t.file_id AND b.kind = t.kind"
    " AND b.pointer_id = t.pointer_id AND b.place < t.place ORDER BY b.place DESC LIMIT 1)"
)
_ENDED = (
    "EXISTS (SELECT 1 FROM executions e WHERE e.account = t.account AND e.id = t.execution_id"
    " AND e.ended_at IS NOT NULL)"
)
_VERSION_IS_THERE = "EXISTS (SELECT 1 FROM versions v WHERE v.account = t.account AND v.id = t.version_id)"
_FILE_IS_WHOLE = (
    "NOT (EXISTS (SELECT 1 FROM entries e WHERE e.account = t.account AND e.id = t.file_id"
    " AND e.deleted_at IS NOT NULL)"
    " AND EXISTS (SELECT 1 FROM moves m WHERE m.account = t.account AND m.file_id = t.file_id"
    " AND m.version_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM versions v"
    " WHERE v.account = m.account AND v.id = m.version_id)))"
)
"""Of a file that was removed, what was deployed may have been cleaned away: then its moves tell nothing."""
_BY = frozenset({"created_by"})

ARCHIVED = (
    Archived(name="environments", key=("id",), struct=Environment),
    Archived(
        name="users",
        key=("email",),
        without=frozenset({"id", "created_at", "email_folded", "full_name_folded"}),
    ),
    Archived(
        name="entries",
        key=("id",),
        order=("coalesce(t.owner_id, '')", "t.path", "t.id"),
        without=frozenset({"versions_count", "runnable_count", "is_drafted"}),
        people=_BY,
        struct=File,
    ),
    Archived(name="datapoints", key=("id",), refers=(("file_id", "entries"),)),
    Archived(name="dataset_parts", key=("file_id", "digest"), refers=(("file_id", "entries"),)),
    Archived(name="versions", key=("id",), people=_BY, struct=Version),
    Archived(
        name="releases",
        key=("file_id", "number"),
        numbers=frozenset({1}),
        people=_BY,
        struct=Release,
        refers=(("version_id", "versions"),),
    ),
    Archived(name="drafts", key=("file_id",), people=_BY, struct=Draft),
    Archived(
        name="moves",
        key=("id",),
        order=("t.file_id", _IN_PLACE),
        numbers=frozenset({1}),
        without=frozenset({"place"}),
        more=(("after", _BEFORE),),
        people=frozenset({"moved_by"}),
        struct=Move,
        only=_FILE_IS_WHOLE,
        refers=(("version_id", "versions"), ("from_version_id", "versions")),
    ),
    Archived(name="aliases", key=("file_id", "id"), struct=Alias),
    Archived(name="gates", key=("kind", "pointer_id", "file_id"), people=frozenset({"set_by"}), struct=Gate),
    Archived(
        name="approvals",
        key=("file_id", "kind", "pointer_id", "version_id", "user_id"),
        people=frozenset({"user_id"}),
        struct=Approved,
        only=_VERSION_IS_THERE,
        refers=(("version_id", "versions"),),
    ),
    Archived(name="watches", key=("move_id", "version_id"), struct=Watch, only="t.ended_at IS NOT NULL"),
    Archived(name="tags", key=("resource", "key")),
    Archived(
        name="retentions",
        key=("file_id",),
        people=frozenset({"set_by"}),
        struct=Retention,
        refers=(("file_id", "entries"),),
    ),
    Archived(
        name="monitors",
        key=("id",),
        order=("t.file_id", _IN_PLACE),
        numbers=frozenset({1}),
        without=frozenset({"place"}),
        struct=Monitor,
        refers=(("version_id", "versions"), ("environment_id", "environments")),
    ),
    Archived(
        name="executions",
        key=("id",),
        without=frozenset({"holder"}),
        people=frozenset({"started_by"}),
        struct=Execution,
        only="t.ended_at IS NOT NULL",
    ),
    Archived(
        name="event_batches",
        key=("execution_id", "first"),
        numbers=frozenset({1}),
        struct=EventBatch,
        refers=(("execution_id", "executions"),),
        only=_ENDED,
    ),
    Archived(
        name="usage",
        key=("version_id",),
        without=frozenset({"number", "file_number", "logs_count", "traced_count"}),
        refers=(("file_id", "entries"), ("version_id", "versions")),
        only=_VERSION_IS_THERE,
    ),
    Archived(
        name="logs",
        key=("id",),
        order=(_IN_PLACE,),
        numbers=frozenset({0}),
        without=frozenset({"place", "file_number", "version_number", "lot", "is_counted"}),
        more=(("payload", "t.payload"),),
        people=_BY,
        struct=Log,
        refers=(("version_id", "versions"),),
        source="kept_logs",
        is_walked=True,
    ),
    Archived(name="totals", key=("version_id", "evaluator_version_id"), struct=Total),
    Archived(name="evaluations", key=("id",), people=_BY, struct=Evaluation),
    Archived(name="seats", key=("evaluation_id", "version_id"), struct=Seat),
    Archived(name="runs", key=("id",), people=_BY, struct=Run),
    Archived(name="run_links", key=("evaluation_id", "run_id"), struct=RunLink),
    Archived(name="slots", key=("run_id", "place"), numbers=frozenset({1}), struct=Slot),
    Archived(name="awaited", key=("run_id", "version_id", "place"), numbers=frozenset({2}), struct=Awaited),
)
"""In an order in which nothing comes before what it refers to, or can't be read without."""
MADE = frozenset({"counts", "payloads", "pointers"})
"""Tables that are made of what an archive has: counted, kept with their logs, left by moves."""
LEFT_OUT = {
    "organisations": "an organisation keeps its own name",
    "keys": "keys are made anew",
    "secrets": "sealed values, which only their own server can open",
    "sessions": "conversations that wait for an answer end where they began",
    "tickets": "runs in the background that have not ended",
    "receipts": "what repeats of requests are answered with, for a day",
    "jobs": "work that waits",
    "processes": "the processes of a server",
    "erasures": "what was erased there, under hashes that only their own server can make",
    "provider_accounts": "keys of providers, which are set anew with their limits",
    "provider_uses": "what was used of providers",
}
"""Tables that are not in an archive, and why."""


def statements() -> str:
    """Those of all tables, in the form of the files of statements."""
    return "".join(table.statements() for table in ARCHIVED)
