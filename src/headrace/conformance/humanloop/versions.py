"""Versions of a file, and the environments they are deployed to (humanloop 1.9 to 1.14, 2.8, 2.9)."""

from __future__ import annotations

from typing import Any

from headrace.conformance.checks import Area, CannotTell
from headrace.conformance.expecting import equal, has, holds, members
from headrace.conformance.humanloop.client import Humanloop, has_detail
from headrace.conformance.humanloop.files import pair

versions = Area("humanloop", "versions")


@versions.documented("1.9")
def listed(hl: Humanloop) -> None:
    """All versions are listed, each with its own content, name and environments."""
    first, second = pair(hl)
    answer = hl.ok("GET", "flows", first["id"], "versions")
    members("the list", answer, ["records"])
    found = {one["version_id"]: one for one in answer["records"]}
    equal("the ids", set(found), {first["version_id"], second["version_id"]})
    equal("version_name", found[second["version_id"]]["version_name"], "two")
    equal("environments of the second", found[second["version_id"]]["environments"], [])


@versions.presumed("8.47")
def newest_version_first(hl: Humanloop) -> None:
    """The newest version comes first."""
    first, second = pair(hl)
    found = hl.ok("GET", "flows", first["id"], "versions")["records"]
    equal("the ids", [one["version_id"] for one in found], [second["version_id"], first["version_id"]])


@versions.documented("2.13")
def aggregates(hl: Humanloop) -> None:
    """evaluator_aggregates is null unless it is asked for, and then a list."""
    flow = hl.flow()
    for query, expected in (((), None), ([("evaluator_aggregates", "true")], [])):
        found = hl.ok("GET", "flows", flow["id"], "versions", query=query)["records"][0]
        equal("evaluator_aggregates", found["evaluator_aggregates"], expected)


@versions.documented("1.11")
def relabelled(hl: Humanloop) -> None:
    """PATCH sets name and description of a version, and makes none."""
    flow = hl.flow()
    body = {"name": "new", "description": "told"}
    got = hl.ok("PATCH", "flows", flow["id"], "versions", flow["version_id"], body=body)
    equal("name and description", [got["version_name"], got["version_description"]], ["new", "told"])
    equal("version_id", got["version_id"], flow["version_id"])


@versions.documented("0.3")
def null_clears(hl: Humanloop) -> None:
    """null clears a name, a key that is missing keeps it."""
    flow = hl.flow(version_name="one", version_description="told")
    place = ("flows", flow["id"], "versions", flow["version_id"])
    equal("version_name", hl.ok("PATCH", *place, body={"description": "more"})["version_name"], "one")
    equal("version_name", hl.ok("PATCH", *place, body={"name": None})["version_name"], None)


@versions.documented("1.11")
def label_is_taken(hl: Humanloop) -> None:
    """The name of another version of the file is 409."""
    first, _ = pair(hl)
    place = ("flows", first["id"], "versions", first["version_id"])
    has_detail(hl.refused("PATCH", *place, body={"name": "two"}, status=409))


@versions.documented("1.10")
def deleted_version(hl: Humanloop) -> None:
    """A deleted version is neither listed nor read."""
    first, second = pair(hl)
    hl.ok("DELETE", "flows", first["id"], "versions", second["version_id"], status=204)
    equal("the number of versions", len(hl.ok("GET", "flows", first["id"], "versions")["records"]), 1)
    hl.refused("GET", "flows", first["id"], query=[("version_id", second["version_id"])], status=404)


@versions.presumed("8.14")
def deployed_version_stays(hl: Humanloop) -> None:
    """A version that is deployed can't be deleted."""
    first, _ = pair(hl)
    hl.refused("DELETE", "flows", first["id"], "versions", first["version_id"], status=409)


@versions.documented("1.10")
def unknown_version(hl: Humanloop) -> None:
    """A version that is not there is 404."""
    hl.refused("DELETE", "flows", hl.flow()["id"], "versions", "flv_000000000000000000000", status=404)


environments = Area("humanloop", "environments")


def _default(hl: Humanloop, flow: dict[str, Any]) -> dict[str, Any]:
    found = [one for one in hl.ok("GET", "flows", flow["id"], "environments") if one.get("tag") == "default"]
    equal("the number of default environments", len(found), 1)
    return dict(found[0])


def _other(hl: Humanloop, flow: dict[str, Any]) -> dict[str, Any]:
    """An environment that is not the default one. The API has no way to make one."""
    for one in hl.ok("GET", "flows", flow["id"], "environments"):
        if one.get("tag") == "other":
            return dict(one)
    raise CannotTell("the organisation has no environment besides the default one")


@environments.documented("1.14")
def all_are_listed(hl: Humanloop) -> None:
    """A bare list of every environment, with the deployed version or null."""
    flow = hl.flow()
    found = hl.ok("GET", "flows", flow["id"], "environments")
    holds("the answer", is_so=isinstance(found, list), expected="a list", got=found)
    for one in found:
        has("an environment", one, ["id", "created_at", "name", "tag", "file"])
    equal("the version in the default one", _default(hl, flow)["file"]["version_id"], flow["version_id"])


@environments.documented("1.12")
def deploy(hl: Humanloop) -> None:
    """Deploying a version takes the place of the one that was there."""
    first, second = pair(hl)
    environment = _default(hl, first)
    query = [("version_id", second["version_id"])]
    got = hl.ok("POST", "flows", first["id"], "environments", environment["id"], query=query)
    equal("version_id", got["version_id"], second["version_id"])
    equal("environments", [one["id"] for one in got["environments"]], [environment["id"]])
    equal("what is read then", hl.ok("GET", "flows", first["id"])["version_id"], second["version_id"])


@environments.documented("1.12")
def deploy_twice(hl: Humanloop) -> None:
    """Deploying what is deployed changes nothing."""
    flow = hl.flow()
    environment = _default(hl, flow)["id"]
    query = [("version_id", flow["version_id"])]
    for _ in range(2):
        hl.ok("POST", "flows", flow["id"], "environments", environment, query=query)


@environments.documented("1.12")
def deploy_without_a_version(hl: Humanloop) -> None:
    """version_id is needed."""
    flow = hl.flow()
    hl.refused("POST", "flows", flow["id"], "environments", _default(hl, flow)["id"], status=422)


@environments.documented("1.12")
def deploy_an_unknown_version(hl: Humanloop) -> None:
    """A version that is not there, or is another file's, is 404."""
    flow, other = hl.flow(), hl.flow()
    environment = _default(hl, flow)["id"]
    for version in ("flv_000000000000000000000", other["version_id"]):
        query = [("version_id", version)]
        hl.refused("POST", "flows", flow["id"], "environments", environment, query=query, status=404)


@environments.documented("1.12")
def deploy_nowhere(hl: Humanloop) -> None:
    """An environment that is not there is 404."""
    flow = hl.flow()
    query = [("version_id", flow["version_id"])]
    hl.refused(
        "POST", "flows", flow["id"], "environments", "env_000000000000000000000", query=query, status=404
    )


@environments.presumed("8.16")
def deploy_by_name(hl: Humanloop) -> None:
    """An environment's name is taken for its id."""
    first, second = pair(hl)
    query = [("version_id", second["version_id"])]
    name = str(_default(hl, first)["name"])
    equal(
        "version_id",
        hl.ok("POST", "flows", first["id"], "environments", name, query=query)["version_id"],
        second["version_id"],
    )


@environments.documented("1.13")
def remove(hl: Humanloop) -> None:
    """Removing a deployment answers 204; the environment stays, without a version."""
    flow = hl.flow()
    environment = _default(hl, flow)["id"]
    hl.ok("DELETE", "flows", flow["id"], "environments", environment, status=204)
    equal("file", _default(hl, flow)["file"], None)


@environments.presumed("8.12")
def read_after_removal(hl: Humanloop) -> None:
    """Where nothing is deployed the newest version is read, but not by the environment's name."""
    first, second = pair(hl)
    environment = _default(hl, first)
    hl.ok("DELETE", "flows", first["id"], "environments", environment["id"], status=204)
    equal("version_id", hl.ok("GET", "flows", first["id"])["version_id"], second["version_id"])
    hl.refused("GET", "flows", first["id"], query=[("environment", environment["name"])], status=404)


@environments.documented("2.8")
def two_environments(hl: Humanloop) -> None:
    """Two environments may have two versions."""
    first, second = pair(hl)
    other = _other(hl, first)
    query = [("version_id", second["version_id"])]
    hl.ok("POST", "flows", first["id"], "environments", other["id"], query=query)
    equal("in the default one", hl.ok("GET", "flows", first["id"])["version_id"], first["version_id"])
    got = hl.ok("GET", "flows", first["id"], query=[("environment", other["name"])])
    equal("in the other one", got["version_id"], second["version_id"])


AREAS = (versions, environments)
