"""A SQL store and the reference model answer everything alike, whatever is done to them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.storage.conftest import side_by_side
from tests.storage.things import (
    ABROAD,
    HOME,
    START,
    Desk,
    alias,
    at,
    batch,
    directory,
    draft,
    environment,
    execution,
    file,
    key,
    move,
    receipt,
    release,
    session,
    user,
    version,
)

from headrace.core.deployments import Action, EnvironmentTag, PointerKind, Share
from headrace.core.execution import Status
from headrace.core.files import Directory, File, FileQuery, FileSort, hidden_path
from headrace.core.ports import Clash, Transaction

Change = Callable[[Transaction], Any]
FILES = ["fl_0", "fl_1", "fl_2"]
VERSIONS = ["flv_0", "flv_1", "flv_2", "flv_3"]
PATHS = ["a", "b/C", "b/ä"]
NAMES = ["x", "Y"]
KINDS = ["flow", "prompt"]
NUMBERS = range(1, 6)
QUERIES = [
    FileQuery(kinds=("flow",)),
    FileQuery(kinds=("flow",), name="A"),
    FileQuery(kinds=("flow",), user="X"),
    FileQuery(name="c", user="y"),
    FileQuery(kinds=("prompt", "flow")),
    FileQuery(),
    FileQuery(under="b"),
    FileQuery(under="b", environment_id="x", kinds=("prompt",)),
    FileQuery(environment_id="x"),
    FileQuery(environment_id="Y", kinds=("flow",), name="c"),
]

file_ids, version_ids = st.sampled_from(FILES), st.sampled_from(VERSIONS)
seconds, numbers = st.integers(0, 5).map(at), st.sampled_from(NUMBERS)
names, optional_names = st.sampled_from(NAMES), st.sampled_from([None, *NAMES])
accounts = st.sampled_from([HOME, HOME, HOME, ABROAD])

KIND_OF = dict(zip(FILES, ["flow", "flow", "prompt"], strict=True))
BORN = dict(zip(FILES, [at(4), at(2), at(4)], strict=True))
"""A file never changes its kind and its birth."""
FILE_OF = dict(zip(VERSIONS, ["fl_0", "fl_0", "fl_1", "fl_2"], strict=True))
"""Nor a version its file."""

files = file_ids.flatmap(
    lambda one: st.builds(
        file,
        st.just(one),
        kind=st.just(KIND_OF[one]),
        path=st.sampled_from(PATHS),
        short_id=st.sampled_from([one.upper(), one.upper(), "SAME"]),
        short_name=names,
        description=optional_names,
        created_by=st.just("usr_0"),
        created_at=st.just(BORN[one]),
        updated_at=seconds,
        last_number=st.integers(0, 5),
    )
)
hidden_files = st.tuples(st.sampled_from(["fl_8", "fl_9"]), file_ids, st.sampled_from(KINDS), names).map(
    lambda one: file(
        one[0],
        kind=one[2],
        path=hidden_path(owner_id=one[1], kind=one[2], name=one[3]),
        short_name="x",
        owner_id=one[1],
    )
)
versions = version_ids.flatmap(
    lambda one: st.builds(
        version,
        st.just(one),
        st.just(FILE_OF[one]),
        digest=st.just("same" if one == "flv_1" else one),
        name=optional_names,
        created_by=st.just("usr_1"),
        created_at=st.just(at(VERSIONS.index(one) // 2)),
        updated_at=seconds,
        is_runnable=st.booleans(),
        deleted_at=st.sampled_from([None, None, at(9)]),
    )
)
twins = st.builds(version, st.just("flv_9"), st.just("fl_0"), digest=st.just("same"), name=optional_names)
releases = st.builds(
    release,
    numbers,
    version_ids,
    file_ids,
    content=st.sampled_from([b"{}", b"{ }"]),
    is_runnable=st.booleans(),
)
directories = st.builds(
    directory,
    st.sampled_from(["dir_0", "dir_1", "fl_0"]),
    st.sampled_from(["", "b", "c", *PATHS]),
    parent_id=st.sampled_from([None, "dir_0"]),
    updated_at=seconds,
)
moves = st.builds(
    move,
    st.integers(0, 40).map("mv_{:02}".format),
    file_ids,
    kind=st.sampled_from(PointerKind),
    pointer_id=names,
    version_id=st.sampled_from([None, *VERSIONS]),
    target=st.sampled_from([None, "1", "DRAFT"]),
    moved_at=seconds,
    action=st.sampled_from(Action),
    reason=st.sampled_from([None, "why"]),
    digest=st.sampled_from([None, "d"]),
    shares=st.sampled_from(
        [
            (),
            (
                Share(version_id="flv_1", target=None, weight=9),
                Share(version_id="flv_2", target="2", weight=1),
            ),
        ]
    ),
    is_off=st.booleans(),
    from_version_id=st.sampled_from([None, *VERSIONS]),
)
receipts = st.builds(receipt, names, parent=names, created_at=seconds, number=st.sampled_from([None, 1]))
environments = st.builds(
    environment,
    st.sampled_from(["env_0", "env_1"]),
    names,
    tag=st.sampled_from(EnvironmentTag),
    created_at=seconds,
)
users = st.builds(
    user, st.sampled_from(["usr_0", "usr_1"]), email=names, full_name=st.sampled_from(["Ä", "b"])
)
keys = st.builds(
    key, st.sampled_from(["key_0", "key_1"]), api_key_hash=names, access_key_id=names, created_at=seconds
)
aliases = st.builds(
    alias, st.sampled_from(["A", "B"]), file_ids, name=names, description=optional_names, updated_at=seconds
)
runs = st.sampled_from(["exe_0", "exe_1", "exe_2"])
executions = st.builds(
    execution,
    runs,
    file_ids,
    name=names,
    status=st.sampled_from(Status),
    started_at=seconds,
    ended_at=st.none() | seconds,
    holder=st.sampled_from([None, "prc_0", "prc_1"]),
    run_id=st.sampled_from([None, "rn_0"]),
)
batches = st.builds(batch, runs, st.integers(0, 3))
sessions = st.builds(
    session,
    names,
    file_ids,
    execution_id=runs,
    is_busy=st.booleans(),
    state=st.sampled_from([None, b"{}"]),
    turn_at=seconds,
    holder=st.sampled_from([None, "prc_0", "prc_1"]),
)
resources = st.sampled_from(["flow/A", "flow/B"])
receipt_keys = st.fixed_dictionaries({"operation": st.just("create"), "parent": names, "token": names})


def changes_of(
    values: st.SearchStrategy[Any], apply: Callable[[Transaction, Any], Any]
) -> st.SearchStrategy[Change]:
    return values.map(lambda value: lambda tx: apply(tx, value))


def change_hidden(tx: Transaction, value: File) -> None:
    """A hidden file is changed by whoever read it; of one that was never added nothing is known."""
    found = tx.files.get(id=value.id)
    if found is not None:
        tx.files.update(msgspec.structs.replace(found, description="changed", updated_at=at(7)))


def change_directory(tx: Transaction, value: Directory) -> None:
    """No directory is moved into itself."""
    before = tx.files.directory(id=value.id)
    if before is None or not value.path.startswith(before.path + "/"):
        tx.files.update_directory(value)


CHANGES: list[st.SearchStrategy[Change]] = [
    changes_of(files, lambda tx, value: tx.files.add(value)),
    changes_of(files, lambda tx, value: tx.files.update(value)),
    changes_of(
        st.tuples(file_ids, numbers, seconds),
        lambda tx, v: tx.files.issue_number(id=v[0], number=v[1], at=v[2]),
    ),
    changes_of(file_ids, lambda tx, value: tx.files.remove(id=value, at=at(9))),
    changes_of(hidden_files, lambda tx, value: tx.files.add(value)),
    changes_of(hidden_files, change_hidden),
    changes_of(directories, lambda tx, value: tx.files.add_directory(value)),
    changes_of(directories, change_directory),
    changes_of(st.sampled_from(["dir_0", "dir_1"]), lambda tx, value: tx.files.remove_directory(id=value)),
    changes_of(versions | twins, lambda tx, value: tx.versions.add(value)),
    changes_of(versions, lambda tx, value: tx.versions.update(value)),
    changes_of(releases, lambda tx, value: tx.releases.add(value)),
    changes_of(
        st.tuples(file_ids, numbers), lambda tx, value: tx.releases.remove(file_id=value[0], number=value[1])
    ),
    changes_of(
        st.builds(draft, file_ids, content=names.map(str.encode)), lambda tx, value: tx.drafts.put(value)
    ),
    changes_of(environments, lambda tx, value: tx.environments.add(value)),
    changes_of(environments, lambda tx, value: tx.environments.update(value)),
    changes_of(st.sampled_from(["env_0", "env_1"]), lambda tx, value: tx.environments.remove(id=value)),
    changes_of(moves, lambda tx, value: tx.pointers.move(value)),
    changes_of(aliases, lambda tx, value: tx.aliases.add(value)),
    changes_of(aliases, lambda tx, value: tx.aliases.update(value)),
    changes_of(
        st.tuples(file_ids, st.sampled_from(["A", "B"])),
        lambda tx, value: tx.aliases.remove(file_id=value[0], id=value[1]),
    ),
    changes_of(
        st.tuples(resources, st.dictionaries(names, names)),
        lambda tx, value: tx.tags.put(resource=value[0], tags=value[1]),
    ),
    changes_of(
        st.tuples(resources, st.sets(names)),
        lambda tx, value: tx.tags.remove(resource=value[0], keys=value[1]),
    ),
    changes_of(executions, lambda tx, value: tx.executions.put(value)),
    changes_of(executions, lambda tx, value: tx.executions.record(value)),
    changes_of(batches, lambda tx, value: tx.executions.append(value)),
    changes_of(
        st.tuples(seconds, st.sampled_from([None, "prc_0"])),
        lambda tx, v: tx.executions.fail_running(holder=v[1], at=v[0], error="e"),
    ),
    changes_of(
        st.tuples(seconds, st.integers(0, 2)), lambda tx, v: tx.executions.purge(before=v[0], most=v[1])
    ),
    changes_of(sessions, lambda tx, value: tx.sessions.put(value)),
    changes_of(
        st.tuples(file_ids, names), lambda tx, value: tx.sessions.remove(file_id=value[0], name=value[1])
    ),
    changes_of(st.sampled_from([None, "prc_0"]), lambda tx, value: tx.sessions.free(holder=value)),
    changes_of(
        st.tuples(seconds, st.integers(0, 2)),
        lambda tx, v: tx.sessions.expire(before=v[0], at=at(9), error="e", most=v[1]),
    ),
    changes_of(receipts, lambda tx, value: tx.receipts.add(value)),
    changes_of(receipt_keys, lambda tx, value: tx.receipts.remove(**value)),
    changes_of(
        st.tuples(seconds, st.integers(0, 2)), lambda tx, v: tx.receipts.expire(before=v[0], most=v[1])
    ),
    changes_of(users, lambda tx, value: tx.access.add_user(value)),
    changes_of(keys, lambda tx, value: tx.access.add_key(value)),
    changes_of(
        st.tuples(st.sampled_from(["key_0", "key_1"]), seconds),
        lambda tx, v: tx.access.revoke_key(id=v[0], at=v[1]),
    ),
]


def everything(tx: Transaction) -> list[Any]:
    """Every answer about the small world of this test."""
    pages = [
        tx.files.page(msgspec.structs.replace(query, sort=sort, descending=descending), skip=0, take=2)
        for query, sort in zip(QUERIES, 4 * list(FileSort), strict=False)
        for descending in (False, True)
    ]
    return [
        [[tx.files.get(id=one), tx.drafts.get(file_id=one)] for one in FILES],
        [tx.files.at(path=path) for path in ("", "b", *PATHS)],
        [tx.files.by_short_name(kind=kind, short_name=name) for kind in KINDS for name in NAMES],
        [tx.files.by_short_id(kind=kind, short_id=one) for kind in KINDS for one in ("FL_0", "FL_1", "SAME")],
        [tx.files.count(kind=kind) for kind in KINDS],
        [tx.files.drafted(kind="flow", before=before, take=1) for before in (None, (at(4), "fl_1"))],
        pages,
        [tx.files.get(id=one) for one in ("fl_8", "fl_9")],
        [
            tx.files.at(path=hidden_path(owner_id=one, kind=kind, name=name))
            for one in FILES
            for kind in KINDS
            for name in NAMES
        ],
        tx.files.directories(),
        [
            [
                tx.files.subdirectories(directory_id=one),
                tx.files.of_directory(directory_id=one, after=None, take=2),
                tx.files.of_directory(directory_id=one, after=file(path="c/C"), take=2),
            ]
            for one in ("dir_0", "dir_1", "dir_root")
        ],
        [tx.files.longest_path(under=path) for path in ("b", "a")],
        [tx.pointers.of_environment(environment_id=one, take=2) for one in NAMES],
        [tx.versions.get(id=one) for one in VERSIONS],
        [
            tx.versions.by_digest(file_id=one, digest=digest)
            for one in FILES
            for digest in ("same", *VERSIONS)
        ],
        [tx.versions.by_name(file_id=one, name=name) for one in FILES for name in NAMES],
        [[tx.versions.of_file(file_id=one), tx.versions.newest(file_id=one)] for one in FILES],
        [[tx.versions.count(file_id=one), tx.releases.count_runnable(file_id=one)] for one in FILES],
        [tx.releases.get(file_id=one, number=number) for one in FILES for number in NUMBERS],
        [tx.releases.of_version(version_id=one) for one in VERSIONS],
        [tx.releases.runnable(file_id=one, before=before, take=2) for one in FILES for before in (None, 4)],
        tx.environments.all(),
        [[tx.aliases.get(file_id=one, id=name) for name in ("A", "B")] for one in FILES],
        [
            [tx.aliases.by_name(file_id=one, name=name), tx.aliases.count(file_id=one)]
            for one in FILES
            for name in NAMES
        ],
        [
            tx.aliases.page(file_id=one, before=before, take=1)
            for one in FILES
            for before in (None, (START, "B"))
        ],
        [list(tx.tags.of(resource=resource).items()) for resource in ("flow/A", "flow/B")],
        [
            tx.executions.page(file_id=one, before=before, take=2)
            for one in (None, *FILES)
            for before in (None, (at(3), "exe_1"))
        ],
        [
            tx.executions.events(execution_id=one, first=first, take=2)
            for one in ("exe_0", "exe_1", "exe_2")
            for first in range(4)
        ],
        [
            [tx.executions.by_name(file_id=one, name=name), tx.sessions.get(file_id=one, name=name)]
            for one in FILES
            for name in NAMES
        ],
        [[tx.pointers.of_file(file_id=one), tx.pointers.history(file_id=one)] for one in FILES],
        [
            tx.pointers.get(file_id=one, kind=kind, pointer_id=name)
            for one in FILES
            for kind in PointerKind
            for name in NAMES
        ],
        [
            [
                tx.pointers.last(file_id=one, kind=kind, pointer_id=name),
                tx.pointers.last(file_id=one, kind=kind, pointer_id=name, action=Action.SWITCH_OFF),
                tx.pointers.page(file_id=one, kind=kind, pointer_id=name, before=None, take=2),
                tx.pointers.page(file_id=one, kind=kind, pointer_id=name, before="mv_07", take=2),
            ]
            for one in FILES
            for kind in PointerKind
            for name in NAMES
        ],
        [tx.pointers.move_of(id=one) for one in ("mv_00", "mv_07", "mv_31")],
        [
            tx.receipts.get(operation="create", parent=parent, token=token)
            for parent in NAMES
            for token in NAMES
        ],
        [
            [tx.access.user(id=one), tx.access.user_by_email(email=name)]
            for one, name in zip(["usr_0", "usr_1"], NAMES, strict=True)
        ],
        [tx.access.keys(), tx.access.has_keys()],
        [
            [tx.access.key_by_hash(api_key_hash=name), tx.access.key_by_access_id(access_key_id=name)]
            for name in NAMES
        ],
    ]


class Bug(Exception):
    pass


class SideBySide(RuleBasedStateMachine):
    kind = "sqlite"

    def __init__(self) -> None:
        super().__init__()
        self.undo = ExitStack()
        self.desks = side_by_side(self.kind, self.undo)

    def teardown(self) -> None:
        self.undo.close()

    def outcome(self, desk: Desk, changes: list[Change], fails: bool, account: str) -> object:
        def work(tx: Transaction) -> Any:
            for change in changes:
                change(tx)
            seen = everything(tx)
            if fails:
                raise Bug
            return seen

        try:
            return desk.write(work, account)
        except (Clash, Bug) as error:
            return repr(error)

    def do(self, changes: list[Change], fails: bool = False, account: str = HOME) -> None:
        model, other = (self.outcome(desk, changes, fails, account) for desk in self.desks)
        assert other == model

    @initialize(values=st.permutations(FILES))
    def begin(self, values: list[str]) -> None:
        paths = dict(zip(values, PATHS, strict=True))
        adds: list[Change] = [
            lambda tx, one=one: tx.files.add(
                file(one, kind=KIND_OF[one], created_at=BORN[one], created_by="usr_0", path=paths[one])
            )
            for one in FILES
        ]
        for account in (HOME, ABROAD):
            self.do(adds, account=account)

    @rule(change=st.one_of(CHANGES), account=accounts)
    def change_one_thing(self, change: Change, account: str) -> None:
        self.do([change], account=account)

    @rule(changes=st.lists(st.one_of(CHANGES), min_size=2, max_size=6), fails=st.booleans(), account=accounts)
    def change_many_things(self, changes: list[Change], fails: bool, account: str) -> None:
        self.do(changes, fails, account)

    @invariant()
    def all_answers_are_alike(self) -> None:
        model, other = (desk.read(everything) for desk in self.desks)
        assert other == model


class PostgresSideBySide(SideBySide):
    kind = "postgres"


TestSideBySide = SideBySide.TestCase
TestSideBySide.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
TestPostgresSideBySide = PostgresSideBySide.TestCase
TestPostgresSideBySide.settings = settings(TestSideBySide.settings, max_examples=6, stateful_step_count=16)
