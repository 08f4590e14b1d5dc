"""Upserting flows: what makes a version, and what becomes of its name (humanloop 1.8, 2.1 to 2.5)."""

from __future__ import annotations

from typing import Any

from headrace.conformance.checks import Area
from headrace.conformance.expecting import contains, differ, equal, holds
from headrace.conformance.humanloop.client import Humanloop, has_detail
from headrace.conformance.humanloop.protocol import UNKNOWN

area = Area("humanloop", "upsert")
identity = Area("humanloop", "version-identity")


def _versions(hl: Humanloop, flow: dict[str, Any]) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = hl.ok("GET", "flows", flow["id"], "versions")["records"]
    return records


def _same(hl: Humanloop, one: Any, other: Any) -> bool:
    """Whether two attributes are the same version."""
    flow = hl.flow(attributes=one)
    again = hl.flow(path=flow["path"], attributes=other)
    equal("the id of the file", again.get("id"), flow["id"])
    return bool(again.get("version_id") == flow["version_id"])


def _one(hl: Humanloop, one: Any, other: Any) -> None:
    holds("the versions", is_so=_same(hl, one, other), expected="one for both", got="two")


def _two(hl: Humanloop, one: Any, other: Any) -> None:
    holds("the versions", is_so=not _same(hl, one, other), expected="two", got="one for both")


@identity.documented("2.2")
def same_content(hl: Humanloop) -> None:
    """The same attributes again are the same version."""
    _one(hl, {"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 2]})


@identity.documented("2.1")
def order_of_keys(hl: Humanloop) -> None:
    """The order of keys does not matter, at any depth."""
    _one(hl, {"a": 1, "b": {"x": 1, "y": 2}}, {"b": {"y": 2, "x": 1}, "a": 1})


@identity.documented("2.2")
def other_content(hl: Humanloop) -> None:
    """Other attributes are another version."""
    _two(hl, {"a": 1}, {"a": 2})


@identity.presumed("8.1")
def order_of_lists(hl: Humanloop) -> None:
    """The order of a list does matter."""
    _two(hl, {"a": [1, 2]}, {"a": [2, 1]})


@identity.presumed("8.1")
def whole_numbers(hl: Humanloop) -> None:
    """1 and 1.0 are the same."""
    _one(hl, {"a": 1}, {"a": 1.0})


@identity.presumed("8.1")
def booleans(hl: Humanloop) -> None:
    """1 and true are not the same."""
    _two(hl, {"a": 1}, {"a": True})


@identity.presumed("8.1")
def nulls(hl: Humanloop) -> None:
    """An attribute that is null is not one that is missing."""
    _two(hl, {"a": 1, "b": None}, {"a": 1})


@identity.presumed("8.1")
def texts(hl: Humanloop) -> None:
    """Texts are compared exactly, blanks and letters' cases too."""
    _two(hl, {"a": "text"}, {"a": "Text"})


@identity.documented("2.1")
def names_are_no_content(hl: Humanloop) -> None:
    """Name and description of a version are no part of its content."""
    flow = hl.flow(version_name="one", version_description="told")
    again = hl.flow(path=flow["path"], version_name="other")
    equal("version_id", again.get("version_id"), flow["version_id"])


@identity.documented("2.2")
def nothing_is_added(hl: Humanloop) -> None:
    """What is there already adds no version to the list."""
    flow = hl.flow()
    hl.flow(path=flow["path"])
    equal("the number of versions", len(_versions(hl, flow)), 1)


@identity.documented("2.2")
def of_an_older_version(hl: Humanloop) -> None:
    """The content of an older version leads back to it."""
    flow = hl.flow(attributes={"a": 1})
    hl.flow(path=flow["path"], attributes={"a": 2})
    again = hl.flow(path=flow["path"], attributes={"a": 1})
    equal("version_id", again.get("version_id"), flow["version_id"])
    equal("created_at", again.get("created_at"), flow["created_at"])


@identity.presumed("8.3")
def of_a_deleted_version(hl: Humanloop) -> None:
    """The content of a deleted version brings it back, with its old id."""
    flow = hl.flow(attributes={"a": 1})
    second = hl.flow(path=flow["path"], attributes={"a": 2})
    hl.ok("DELETE", "flows", flow["id"], "versions", second["version_id"], status=204)
    again = hl.flow(path=flow["path"], attributes={"a": 2})
    equal("version_id", again.get("version_id"), second["version_id"])


@area.documented("1.8")
def status(hl: Humanloop) -> None:
    """Creating and updating both answer 200."""
    flow = hl.flow()
    hl.flow(path=flow["path"], attributes={"another": 1})


@area.documented("1.1")
def attributes_come_back(hl: Humanloop) -> None:
    """Attributes come back as they were sent, null and nested ones too."""
    sent = {"z": 1, "a": {"n": None, "list": [1, "ü", {"deep": True}]}, "f": 0.1}
    equal("attributes", hl.flow(attributes=sent).get("attributes"), sent)


@area.presumed("8.46")
def no_attributes_at_all(hl: Humanloop) -> None:
    """Attributes may be empty, not null."""
    equal("attributes", hl.flow(attributes={}).get("attributes"), {})
    hl.refused("POST", "flows", body={"path": hl.path("flow"), "attributes": None}, status=422)


@area.documented("0.9")
def name_is_the_end_of_the_path(hl: Humanloop) -> None:
    """The name of a file is the last segment of its path."""
    path = hl.path("sub", "My Flow")
    flow = hl.flow(path=path)
    equal("path", flow.get("path"), path)
    equal("name", flow.get("name"), "My Flow")


@area.documented("2.3")
def first_version_is_deployed(hl: Humanloop) -> None:
    """The first version of a file is deployed to the default environment."""
    environments = hl.flow().get("environments") or []
    equal("the tags of its environments", [one.get("tag") for one in environments], ["default"])


@area.documented("2.3")
def later_versions_are_not(hl: Humanloop) -> None:
    """A later version is not deployed, and is answered as itself."""
    flow = hl.flow(attributes={"a": 1})
    second = hl.flow(path=flow["path"], attributes={"a": 2})
    equal("environments", second.get("environments"), [])
    differ("version_id", second.get("version_id"), flow["version_id"])
    equal("attributes", second.get("attributes"), {"a": 2})


@area.documented("1.8")
def by_id(hl: Humanloop) -> None:
    """A file is found by its id."""
    flow = hl.flow()
    again = hl.flow(id=flow["id"], attributes={"b": 1})
    equal("path", again.get("path"), flow["path"])


@area.documented("1.8")
def unknown_id(hl: Humanloop) -> None:
    """An id that is not there is 404."""
    has_detail(hl.refused("POST", "flows", body={"id": UNKNOWN, "attributes": {}}, status=404))


@area.presumed("8.8")
def neither_id_nor_path(hl: Humanloop) -> None:
    """Without id and path it is 422."""
    hl.refused("POST", "flows", body={"attributes": {}}, status=422)


@area.presumed("8.5")
def id_of_another_path(hl: Humanloop) -> None:
    """An id and a path that are not one file are 422."""
    one, other = hl.flow(), hl.flow()
    body = {"id": one["id"], "path": other["path"], "attributes": {}}
    hl.refused("POST", "flows", body=body, status=422)


@area.documented("2.3")
def version_name(hl: Humanloop) -> None:
    """Name and description of a version come back."""
    flow = hl.flow(version_name="r1", version_description="the first")
    equal("version_name", flow.get("version_name"), "r1")
    equal("version_description", flow.get("version_description"), "the first")


@area.documented("2.3")
def version_name_is_taken(hl: Humanloop) -> None:
    """The name of another version of the file is 409, and nothing is made."""
    flow = hl.flow(version_name="r1")
    body = {"path": flow["path"], "attributes": {"other": 1}, "version_name": "r1"}
    has_detail(hl.refused("POST", "flows", body=body, status=409))
    equal("the number of versions", len(_versions(hl, flow)), 1)


@area.documented("2.14")
def own_version_name(hl: Humanloop) -> None:
    """The name that the same version has already is no conflict."""
    flow = hl.flow(version_name="r1")
    equal("version_name", hl.flow(path=flow["path"], version_name="r1").get("version_name"), "r1")


@area.presumed("8.2")
def renames(hl: Humanloop) -> None:
    """The same content with another name renames the version."""
    flow = hl.flow(version_name="r1")
    equal("version_name", hl.flow(path=flow["path"], version_name="r2").get("version_name"), "r2")


@area.presumed("8.2")
def keeps_the_name(hl: Humanloop) -> None:
    """The same content without a name keeps the name."""
    flow = hl.flow(version_name="r1")
    equal("version_name", hl.flow(path=flow["path"]).get("version_name"), "r1")


@area.documented("2.3")
def unnamed_versions(hl: Humanloop) -> None:
    """Any number of versions may have no name."""
    flow = hl.flow(attributes={"a": 1})
    hl.flow(path=flow["path"], attributes={"a": 2})
    equal("the names", [one.get("version_name") for one in _versions(hl, flow)], [None, None])


@area.documented("2.4")
def directories_are_made(hl: Humanloop) -> None:
    """Directories of a path are made."""
    path = hl.path("one", "two", "flow")
    hl.flow(path=path)
    paths = [one.get("path") for one in hl.ok("GET", "directories")]
    contains("the paths of directories", paths, path.removesuffix("/flow"))


@area.presumed("8.7")
def path_of_another_type(hl: Humanloop) -> None:
    """A path where a file of another type is, is 409."""
    flow = hl.flow()
    hl.refused(
        "POST",
        "tools",
        body={"path": flow["path"], "function": {"name": "f", "description": "d"}},
        status=409,
    )


@area.presumed("8.7")
def path_of_a_directory(hl: Humanloop) -> None:
    """A path where a directory is, is 409."""
    path = hl.path("one", "flow")
    hl.flow(path=path)
    body = {"path": path.removesuffix("/flow"), "attributes": {}}
    hl.refused("POST", "flows", body=body, status=409)


@area.presumed("8.9")
def path_with_slashes_around(hl: Humanloop) -> None:
    """A path that begins or ends with a slash, or has two in a row, is 422."""
    path = hl.path("flow")
    for bad in (f"/{path}", f"{path}/", path.replace("/", "//", 1), ""):
        hl.refused("POST", "flows", body={"path": bad, "attributes": {}}, status=422)


@area.presumed("8.9")
def path_with_dots(hl: Humanloop) -> None:
    """A path through . or .. is 422."""
    for bad in ("..", "."):
        hl.refused("POST", "flows", body={"path": f"{hl.path()}/{bad}/flow", "attributes": {}}, status=422)


@area.documented("2.4")
def path_with_punctuation(hl: Humanloop) -> None:
    """A path may have blanks, letters of any script and punctuation."""
    path = hl.path("Ünï (códé) - v1.2, äh?", "流れ #1")
    equal("path", hl.flow(path=path).get("path"), path)


AREAS = (identity, area)
