"""What the inside needs from the outside, as small interfaces.

``Store`` keeps everything. A use case is one plain function of a ``Transaction``; ``Store.write`` runs it
all-or-nothing and returns once the result is durable, ``Store.read`` runs it on a consistent snapshot of
what was acknowledged. A transaction sees exactly one organisation, so no query can forget to.

The functions given to a store are synchronous, short, and may run more than once (a store may have to
repeat one that lost a race), so they touch nothing but their transaction.

Uniqueness is decided by the store's constraints: ``add`` and ``update`` raise ``Clash`` with the name of
the rule that was broken. Lookups answer None for what is not there; raising NotFound is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar

from headrace.core.access import Key, Organisation, User
from headrace.core.archives import Archive
from headrace.core.changes import Changes
from headrace.core.dataset_ports import Datasets
from headrace.core.definition import NodeType
from headrace.core.deployments import Action, Alias, Move, Pointer, PointerKind
from headrace.core.errors import Problem
from headrace.core.evaluation_ports import Evaluations, Runs
from headrace.core.figure_ports import Figures
from headrace.core.files import FileSort as FileSort
from headrace.core.gate_ports import Gates
from headrace.core.keeping_ports import Cleaning, Keeping
from headrace.core.log_ports import Jobs, Logs, Monitors
from headrace.core.providers import ProviderAccounts
from headrace.core.run_ports import Executions, Processes, Sessions, Tickets
from headrace.core.tree_ports import Environments, Files
from headrace.core.validate import Finding, PromptVariables, TypeLimits
from headrace.core.versions import Draft, Receipt, Release, Version

T = TypeVar("T")


EVERYTHING = 2**31
"""More than any list holds."""


class Clash(Exception):
    """A constraint of the store refused a value.

    Attributes:
        rule: the constraint's name: ``path``, ``short_name``, ``short_id``, ``version_name``,
            ``version_digest``, ``release_number``, ``execution_name``, ``alias_name``, ``receipt``,
            ``environment_name``, ``environment_default`` (there is one), ``email``, ``key``, ``judgment``,
            ``monitor``, ``evaluation_name``, ``slot``, ``id``, or ``reference`` (what it belongs to was never
            added).
    """

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Versions(Protocol):
    """The contents of files. Lists show live versions, newest first."""

    def get(self, *, id: str) -> Version | None:
        """A live version of a live file."""

    def kept(self, *, id: str) -> Version | None:
        """A version, hidden or not, of a file that may be gone."""

    def by_digest(self, *, file_id: str, digest: str) -> Version | None:
        """The version with that content, hidden or not."""

    def by_name(self, *, file_id: str, name: str) -> Version | None: ...

    def add(self, version: Version) -> None: ...

    def update(self, version: Version) -> None: ...

    def of_file(
        self, *, file_id: str, before: tuple[datetime, str] | None = None, take: int = EVERYTHING
    ) -> list[Version]:
        """From just after ``before`` (creation time, id) on."""

    def newest(self, *, file_id: str) -> Version | None:
        """The version of the highest live number; of those without a number, the last made."""

    def count(self, *, file_id: str) -> int: ...


class Releases(Protocol):
    """The numbers of files."""

    def get(self, *, file_id: str, number: int) -> Release | None: ...

    def add(self, release: Release) -> None:
        """Add a release; its number was given out, and the file changed when the release was made."""

    def remove(self, *, file_id: str, number: int) -> None: ...

    def of_version(self, *, version_id: str) -> list[int]:
        """The live numbers of a version, ascending."""

    def runnable(self, *, file_id: str, before: int | None, take: int) -> list[Release]:
        """Releases that can run, highest number first, below ``before``."""

    def count_runnable(self, *, file_id: str) -> int: ...


class Drafts(Protocol):
    """At most one draft a file."""

    def get(self, *, file_id: str) -> Draft | None: ...

    def put(self, draft: Draft) -> None: ...


class Pointers(Protocol):
    """What points where: the log of moves, and each pointer's last one."""

    def move(self, move: Move) -> None:
        """Append a move and make it the pointer's state, unless it leaves nothing."""

    def get(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> Pointer | None:
        """None when it targets nothing; a file itself has one while it is switched off."""

    def last(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, action: Action | None = None
    ) -> Move | None:
        """The last move of a pointer, or the last one of its kind; also of one that targets nothing."""

    def for_call(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> list[Pointer]:
        """The state of a pointer and, when it has one, of the file itself: all that a call asks for."""

    def of_file(self, *, file_id: str) -> list[Pointer]:
        """Pointers that target something."""

    def history(self, *, file_id: str) -> list[Move]:
        """All moves of a file's pointers, oldest first."""

    def move_of(self, *, id: str) -> Move | None:
        """A move by its id."""

    def page(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, before: str | None, take: int
    ) -> list[Move]:
        """Moves of one pointer, newest first, from just after the one of the id ``before`` on."""

    def of_environment(self, *, environment_id: str, take: int) -> list[Pointer]:
        """The pointers of one environment, of live files, hidden ones too; in the order of the files' ids."""


class Aliases(Protocol):
    """The aliases of flows. Where one points is in ``Pointers``."""

    def get(self, *, file_id: str, id: str) -> Alias | None: ...

    def by_name(self, *, file_id: str, name: str) -> Alias | None: ...

    def add(self, alias: Alias) -> None: ...

    def update(self, alias: Alias) -> None: ...

    def remove(self, *, file_id: str, id: str) -> None: ...

    def page(self, *, file_id: str, before: tuple[datetime, str] | None, take: int) -> list[Alias]:
        """Newest first, from just after ``before`` (creation time, id) on."""

    def count(self, *, file_id: str) -> int: ...


class Tags(Protocol):
    """Key-value tags of resources, which are named by paths such as ``flow/0XE4WXCT1P/alias/LIVEALIAS1``."""

    def of(self, *, resource: str) -> dict[str, str]:
        """By key, in the order of keys."""

    def put(self, *, resource: str, tags: Mapping[str, str]) -> None:
        """Add tags, or give them new values."""

    def remove(self, *, resource: str, keys: Collection[str]) -> None: ...


class Secrets(Protocol):
    """What files are used with and nobody is to read: by name, sealed."""

    def of(self, *, file_id: str) -> dict[str, str]:
        """Sealed values by name, in the order of names."""

    def put(self, *, file_id: str, secrets: Mapping[str, str]) -> None:
        """Add sealed values, or others in the place of those."""

    def remove(self, *, file_id: str, names: Collection[str]) -> None:
        """Forget the values of these names; those that are not there are ignored."""


class Receipts(Protocol):
    """What client tokens remember."""

    def get(self, *, operation: str, parent: str, token: str) -> Receipt | None: ...

    def add(self, receipt: Receipt) -> None: ...

    def remove(self, *, operation: str, parent: str, token: str) -> None: ...

    def expire(self, *, before: datetime, most: int) -> None:
        """Forget up to ``most`` receipts older than ``before``."""


class Access(Protocol):
    """Organisations, users and keys. Only ``users`` and ``user`` are of the transaction's organisation."""

    def organisation(self, *, account: str) -> Organisation | None: ...

    def add_organisation(self, organisation: Organisation) -> None: ...

    def user(self, *, id: str) -> User | None: ...

    def user_by_email(self, *, email: str) -> User | None: ...

    def add_user(self, user: User) -> None: ...

    def key_by_hash(self, *, api_key_hash: str) -> Key | None: ...

    def key_by_access_id(self, *, access_key_id: str) -> Key | None: ...

    def keys(self) -> list[Key]:
        """The keys of all organisations, revoked ones too, oldest first."""

    def add_key(self, key: Key) -> None: ...

    def revoke_key(self, *, id: str, at: datetime) -> None: ...

    def has_keys(self) -> bool:
        """Whether any key was ever made: from then on the server is closed."""


class Transaction(Protocol):
    """One organisation's part of the store, for the length of one use case."""

    @property
    def account(self) -> str: ...

    @property
    def files(self) -> Files: ...

    @property
    def versions(self) -> Versions: ...

    @property
    def releases(self) -> Releases: ...

    @property
    def drafts(self) -> Drafts: ...

    @property
    def environments(self) -> Environments: ...

    @property
    def pointers(self) -> Pointers: ...

    @property
    def aliases(self) -> Aliases: ...

    @property
    def gates(self) -> Gates: ...

    @property
    def figures(self) -> Figures: ...

    @property
    def tags(self) -> Tags: ...

    @property
    def secrets(self) -> Secrets: ...

    @property
    def datasets(self) -> Datasets: ...

    @property
    def evaluations(self) -> Evaluations: ...

    @property
    def runs(self) -> Runs: ...

    @property
    def executions(self) -> Executions: ...

    @property
    def tickets(self) -> Tickets: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def logs(self) -> Logs: ...

    @property
    def monitors(self) -> Monitors: ...

    @property
    def jobs(self) -> Jobs: ...

    @property
    def processes(self) -> Processes: ...

    @property
    def receipts(self) -> Receipts: ...

    @property
    def access(self) -> Access: ...

    @property
    def keeping(self) -> Keeping: ...

    @property
    def cleaning(self) -> Cleaning: ...

    @property
    def providers(self) -> ProviderAccounts: ...

    @property
    def archive(self) -> Archive:
        """Raises Conflict in a store that is gone with its process: it has none."""


class Store(Protocol):
    """Where everything is kept.

    Attributes:
        is_shared: whether other processes may use it at the same time.
    """

    is_shared: ClassVar[bool]

    @property
    def changes(self) -> Changes:
        """Counted before a write is answered, whoever wrote."""

    async def read(self, account: str, work: Callable[[Transaction], T]) -> T: ...

    async def scan(self, account: str, work: Callable[[Transaction], T]) -> T:
        """The same as ``read`` for work that may look at very much: others get their turn meanwhile."""

    async def write(self, account: str, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` all-or-nothing; what it returns is durable when this returns.

        Raises:
            Clash: a constraint refused; nothing was kept.
            Unavailable: the store could not keep it; nothing was acknowledged.
        """

    async def check(self) -> None:
        """Raise Unavailable when the store can't be read."""

    async def scrub(self) -> None:
        """Leave no bytes of what was removed where the store keeps its rows and indexes."""

    async def close(self) -> None:
        """Finish what was begun and let go of the store."""


class DefinitionRules(Protocol):
    """What a flow's content must look like to be run. The shapes come from the wire's service model."""

    def runnable_form(self, content: Any, text: bytes) -> bytes | None:
        """Parsed content as a run would use it, as JSON text; None when it holds no definition one could run.

        Args:
            text: the JSON text that ``content`` was parsed from; returned as it is whenever it can be.
        """

    def problems(self, definition: Any) -> Sequence[Problem]:
        """Everything that keeps a value from being a definition, by its place in it."""

    def shaped(self, definition: Any) -> Any:
        """A definition as it would be kept: without nulls and unknown members.

        Raises:
            Invalid: it is none.
        """

    def settings_schemas(self) -> Mapping[NodeType, Mapping[str, Any]]:
        """The JSON Schema of each node type's settings."""

    def findings(
        self, definition: Any, *, prompt_variables: PromptVariables, limits: TypeLimits
    ) -> Sequence[Finding]:
        """What is wrong with a definition of the right shape (or with none: None)."""


class Vault(Protocol):
    """Keeps what must be recoverable, but not readable where it lies."""

    def seal(self, plain: bytes) -> str: ...

    def open(self, sealed: str) -> bytes | None:
        """What was sealed; None when it was sealed with another key."""

    def sign(self, message: bytes, *, purpose: str) -> bytes: ...
