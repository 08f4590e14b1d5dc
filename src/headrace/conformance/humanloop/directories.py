"""Directories (humanloop 4.2)."""

from __future__ import annotations

from typing import Any

from headrace.conformance.checks import Area
from headrace.conformance.expecting import equal, has, holds
from headrace.conformance.humanloop.client import Humanloop, has_detail

area = Area("humanloop", "directories")


def _made(hl: Humanloop, **members: Any) -> dict[str, Any]:
    return dict(hl.ok("POST", "directories", body=members, status=201))


@area.documented("4.2")
def created_by_path(hl: Humanloop) -> None:
    """A directory is made with 201, and is at the path that was sent."""
    path = hl.path("deep", "directory")
    made = _made(hl, path=path)
    equal("path", made.get("path"), path)
    equal("name", made.get("name"), "directory")


@area.documented("4.2")
def created_by_name(hl: Humanloop) -> None:
    """A directory is made by its name within another."""
    parent = _made(hl, path=hl.path("parent"))
    made = _made(hl, name="child", parent_id=parent["id"])
    equal("path", made.get("path"), f"{parent['path']}/child")
    equal("parent_id", made.get("parent_id"), parent["id"])


@area.presumed("8.50")
def created_twice(hl: Humanloop) -> None:
    """A directory that is there is 409."""
    made = _made(hl, path=hl.path("once"))
    has_detail(hl.refused("POST", "directories", body={"path": made["path"]}, status=409))


@area.documented("4.2")
def listed(hl: Humanloop) -> None:
    """All directories are a bare list, the root among them."""
    made = _made(hl, path=hl.path("listed"))
    found = hl.ok("GET", "directories")
    holds("the answer", is_so=isinstance(found, list), expected="a list", got=found)
    equal("the new one", [one.get("path") for one in found if one.get("id") == made["id"]], [made["path"]])
    equal("how many have no parent", len([one for one in found if one.get("parent_id") is None]), 1)


@area.documented("4.2")
def read(hl: Humanloop) -> None:
    """A directory shows the directories and files in it, and its parents."""
    path = hl.path("top")
    top = _made(hl, path=path)
    below = _made(hl, path=f"{path}/below")
    flow = hl.flow(path=f"{path}/flow")
    got = hl.ok("GET", "directories", top["id"])
    has("the directory", got, ["id", "name", "path", "parent_id", "subdirectories", "files", "parents"])
    equal("subdirectories", [one["id"] for one in got["subdirectories"]], [below["id"]])
    equal("files", [(one["id"], one["type"]) for one in got["files"]], [(flow["id"], "flow")])


@area.documented("4.2")
def root(hl: Humanloop) -> None:
    """The root has the path "" and no parent, and is found as root."""
    got = hl.ok("GET", "directories", "root")
    equal("path and parent_id", [got.get("path"), got.get("parent_id")], ["", None])


@area.documented("4.2")
def renamed(hl: Humanloop) -> None:
    """Renaming a directory moves all that is in it."""
    path = hl.path("before")
    made = _made(hl, path=path)
    flow = hl.flow(path=f"{path}/flow")
    renamed_path = path.removesuffix("before") + "after"
    equal("path", hl.ok("PATCH", "directories", made["id"], body={"name": "after"})["path"], renamed_path)
    equal("the file's path", hl.ok("GET", "flows", flow["id"])["path"], f"{renamed_path}/flow")


@area.presumed("8.45")
def into_itself(hl: Humanloop) -> None:
    """Moving a directory into itself is 409."""
    path = hl.path("outer")
    made = _made(hl, path=path)
    hl.refused("PATCH", "directories", made["id"], body={"path": f"{path}/inner"}, status=409)


@area.documented("4.2")
def deleted(hl: Humanloop) -> None:
    """An empty directory is deleted with 204."""
    made = _made(hl, path=hl.path("gone"))
    hl.ok("DELETE", "directories", made["id"], status=204)
    hl.refused("GET", "directories", made["id"], status=404)


@area.documented("2.9")
def not_empty(hl: Humanloop) -> None:
    """A directory with something in it can't be deleted: 409."""
    flow = hl.flow(path=hl.path("full", "flow"))
    has_detail(hl.refused("DELETE", "directories", flow["directory_id"], status=409))


@area.documented("4.2")
def unknown(hl: Humanloop) -> None:
    """A directory that is not there is 404."""
    has_detail(hl.refused("GET", "directories", "dir_000000000000000000000", status=404))
