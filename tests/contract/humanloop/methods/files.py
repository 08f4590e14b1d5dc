"""Methods that all kinds of files have, one table for each kind; and those of files, directories and datasets."""

from __future__ import annotations

import io
from collections.abc import Iterator

from tests.contract.humanloop.kinds import Kind
from tests.contract.humanloop.methods.world import ASYNC, CLIENTS, FILES, PYTHON, Row, World, after

CSV = "n,target.m\n3,x\n4,y\n"


def clients_of(kind: Kind) -> tuple[str, ...]:
    """The clients that know a kind."""
    return (PYTHON, ASYNC) if kind.name == "agent" else CLIENTS


def rows_of(kind: Kind) -> Iterator[Row]:
    """The methods on files, versions and deployments of a kind."""
    yield from _file_rows(kind)
    yield from _version_rows(kind)
    yield from _deployment_rows(kind)


def _file_rows(kind: Kind) -> Iterator[Row]:
    one, noun, at, clients = kind.name, kind.name.capitalize(), kind.operations, clients_of(kind)
    yield Row(
        method=f"{at}.upsert",
        operation=f"Upsert{noun}",
        arguments=lambda w: {
            "path": w.path(one),
            **kind.content(7),
            "version_name": "v1",
            "version_description": "the first",
        },
        holds=lambda w, a: (
            (a.path, a.type, a.version_name, a.version_description) == (w.path(one), one, "v1", "the first")
            and a.id.startswith(kind.prefixes[0])
            and a.version_id.startswith(kind.prefixes[1])
            and [place.name for place in a.environments] == ["production"]
        ),
        clients=clients,
    )
    yield Row(
        method=f"{at}.get",
        operation=f"Get{noun}",
        arguments=lambda w: {"id": w.file(one).id, "version_id": w.second(one).version_id},
        holds=lambda w, a: (
            (a.id, a.version_id, a.version_name, a.environments)
            == (w.file(one).id, w.second(one).version_id, "second", [])
        ),
        clients=clients,
    )
    yield Row(
        method=f"{at}.list",
        operation=f"List{noun}s",
        arguments=lambda w: {
            "name": _shared_name(w, one),
            "size": 1,
            "sort_by": "name",
            "order": "desc",
        },
        holds=lambda w, a: [found.path for found in a] == [w.other(one).path, w.file(one).path],
        clients=clients,
    )
    yield Row(
        method=f"{at}.move",
        operation=f"Move{noun}",
        arguments=lambda w: {"id": w.file(one).id, "path": f"{w.home}/deeper/moved"},
        holds=lambda w, a: (
            (a.id, a.path, a.name) == (w.file(one).id, f"{w.home}/deeper/moved", "moved")
            and a.directory_id != w.file(one).directory_id
        ),
        clients=clients,
    )
    yield Row(
        method=f"{at}.delete",
        operation=f"Delete{noun}",
        arguments=lambda w: {"id": w.file(one).id},
        holds=lambda w, a: w.is_gone(lambda: kind.of(w.client).get(w.file(one).id)),
        clients=clients,
    )


def _version_rows(kind: Kind) -> Iterator[Row]:
    one, noun, at, clients = kind.name, kind.name.capitalize(), kind.operations, clients_of(kind)
    asked = {"evaluator_aggregates": True} if kind.has_logs else {"include_datapoints": "latest_saved"}
    yield Row(
        method=f"{at}.list_versions",
        operation=f"List{noun}Versions",
        arguments=lambda w: {"id": w.second(one).id, **asked},
        holds=lambda w, a: (
            [found.version_id for found in a.records] == [w.second(one).version_id, w.file(one).version_id]
            and (a.records[0].evaluator_aggregates == [] if kind.has_logs else a.records[0].datapoints)
        ),
        clients=clients,
    )
    yield Row(
        method=f"{at}.{kind.update_version}",
        operation=f"Update{noun}Version",
        arguments=lambda w: {
            "id": w.file(one).id,
            "version_id": w.second(one).version_id,
            "name": "renamed",
            "description": "why",
        },
        holds=lambda w, a: (
            (a.version_id, a.version_name, a.version_description)
            == (w.second(one).version_id, "renamed", "why")
        ),
        clients=clients,
    )
    yield Row(
        method=f"{at}.{kind.delete_version}",
        operation=f"Delete{noun}Version",
        arguments=lambda w: {"id": w.file(one).id, "version_id": w.second(one).version_id},
        holds=lambda w, a: w.versions(one) == [w.file(one).version_id],
        clients=clients,
    )


def _deployment_rows(kind: Kind) -> Iterator[Row]:
    one, noun, at, clients = kind.name, kind.name.capitalize(), kind.operations, clients_of(kind)
    yield Row(
        method=f"{at}.set_deployment",
        operation=f"Set{noun}Deployment",
        arguments=lambda w: {
            "id": w.file(one).id,
            "environment_id": w.staging,
            "version_id": w.second(one).version_id,
        },
        holds=lambda w, a: (
            a.version_id == w.second(one).version_id
            and [place.name for place in a.environments] == ["staging"]
            and w.deployed(one)["staging"] == a.version_id
        ),
        clients=clients,
    )
    yield Row(
        method=f"{at}.remove_deployment",
        operation=f"Remove{noun}Deployment",
        arguments=lambda w: {"id": w.file(one).id, "environment_id": w.staged(one)},
        holds=lambda w, a: w.deployed(one)["staging"] is None,
        clients=clients,
    )
    yield Row(
        method=f"{at}.list_environments",
        operation=f"List{noun}Environments",
        arguments=lambda w: {"id": after(w.staged(one), w.file(one).id)},
        holds=lambda w, a: (
            {place.name: place.file and place.file.version_id for place in a}
            == {**w.deployed(one), "production": w.file(one).version_id, "staging": w.second(one).version_id}
        ),
        clients=clients,
    )
    if kind.has_logs:
        yield Row(
            method=f"{at}.update_monitoring",
            operation=f"Update{noun}Monitoring",
            arguments=lambda w: {
                "id": w.file(one).id,
                "activate": [{"evaluator_version_id": w.judge().version_id}],
            },
            holds=lambda w, a: (
                [(found.state, found.version.version_id) for found in kind.of(w.client).get(a.id).evaluators]
                == [("active", w.judge().version_id)]
                and a.evaluators[0].version.version_id == w.judge().version_id
            ),
            clients=clients,
        )


def _shared_name(world: World, kind: str) -> str:
    """What the names of two files have, and nobody else's."""
    world.file(kind)
    world.other(kind)
    return world.tag


def _with_files(world: World) -> str:
    """A word in the names of one file of each kind that is served."""
    for kind in ("dataset", "evaluator", "flow", "prompt", "tool"):
        world.file(kind)
    return world.tag


FILE_ROWS = (
    Row(
        method="files.list_files",
        operation="ListFiles",
        arguments=lambda w: {"name": _with_files(w), "sort_by": "name", "order": "asc"},
        holds=lambda w, a: (
            a.total == 5
            and [found.type for found in a.records] == ["dataset", "evaluator", "flow", "prompt", "tool"]
            and [found.id for found in a.records] == [w.file(found.type).id for found in a.records]
        ),
    ),
    Row(
        method="files.retrieve_by_path",
        operation="RetrieveByPath",
        arguments=lambda w: {"path": w.file("evaluator").path},
        holds=lambda w, a: (
            (a.type, a.id, a.spec.code)
            == ("evaluator", w.file("evaluator").id, w.file("evaluator").spec.code)
        ),
    ),
    Row(
        method="directories.create",
        operation="CreateDirectory",
        arguments=lambda w: {"path": f"{w.home}/deep/er"},
        holds=lambda w, a: (a.path, a.name) == (f"{w.home}/deep/er", "er") and a.id.startswith("dir_"),
    ),
    Row(
        method="directories.get",
        operation="GetDirectory",
        arguments=lambda w: {"id": w.file("flow").directory_id},
        holds=lambda w, a: (
            ([found.id for found in a.files], [found.path for found in a.parents])
            == ([w.file("flow").id], [""])
        ),
    ),
    Row(
        method="directories.list",
        operation="ListDirectories",
        arguments=lambda w: after(w.file("flow"), {}),
        holds=lambda w, a: {"", w.home} <= {found.path for found in a},
    ),
    Row(
        method="directories.update",
        operation="UpdateDirectory",
        arguments=lambda w: {"id": w.file("flow").directory_id, "name": f"renamed {w.tag}"},
        holds=lambda w, a: (
            a.path == f"renamed {w.tag}"
            and w.client.flows.get(w.file("flow").id).path == f"renamed {w.tag}/{w.file('flow').name}"
        ),
    ),
    Row(
        method="directories.delete",
        operation="DeleteDirectory",
        arguments=lambda w: {"id": w.once("directory", lambda: w.client.directories.create(path=w.home)).id},
        holds=lambda w, a: w.is_gone(lambda: w.client.directories.get(w.once("directory", dict).id)),
    ),
    Row(
        method="datasets.list_datapoints",
        operation="ListDatasetDatapoints",
        arguments=lambda w: {"id": _three_points(w), "size": 2},
        holds=lambda w, a: (
            [(found.inputs, found.target) for found in a]
            == [({"n": str(number)}, {"m": number}) for number in range(3)]
        ),
    ),
    Row(
        method="datasets.upload_csv",
        operation="UploadDatasetCsv",
        arguments=lambda w: {"id": w.file("dataset").id, "file": ("points.csv", io.BytesIO(CSV.encode()))},
        holds=lambda w, a: (
            a.datapoints_count == 3
            and [
                (found.inputs, found.target)
                for found in w.client.datasets.get(
                    a.id, version_id=a.version_id, include_datapoints=True
                ).datapoints[1:]
            ]
            == [({"n": "3"}, {"m": "x"}), ({"n": "4"}, {"m": "y"})]
        ),
    ),
)


def _three_points(world: World) -> str:
    points = [{"inputs": {"n": str(number)}, "target": {"m": number}} for number in range(3)]
    path = world.path("Points")
    return str(world.once("points", lambda: world.client.datasets.upsert(path=path, datapoints=points)).id)


ROWS = (*(row for kind in FILES.values() for row in rows_of(kind)), *FILE_ROWS)
