"""Files: read, listed, moved, removed (humanloop 1.4 to 1.7, 2.4 to 2.9)."""

from __future__ import annotations

from typing import Any

from headrace.conformance.checks import Area
from headrace.conformance.expecting import contains, equal, has, holds
from headrace.conformance.humanloop.client import Humanloop, has_detail
from headrace.conformance.humanloop.protocol import KEYS, UNKNOWN

reads = Area("humanloop", "get")
lists = Area("humanloop", "list")
moves = Area("humanloop", "move")


def pair(hl: Humanloop) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two versions of a new flow; the first one is deployed."""
    first = hl.flow(attributes={"a": 1}, version_name="one")
    return first, hl.flow(path=first["path"], attributes={"a": 2}, version_name="two")


@reads.documented("1.4")
def deployed_version(hl: Humanloop) -> None:
    """A file without more reads as the version in the default environment."""
    first, _ = pair(hl)
    equal("version_id", hl.ok("GET", "flows", first["id"])["version_id"], first["version_id"])


@reads.documented("1.4")
def by_version(hl: Humanloop) -> None:
    """version_id asks for that version."""
    first, second = pair(hl)
    query = [("version_id", second["version_id"])]
    equal("attributes", hl.ok("GET", "flows", first["id"], query=query)["attributes"], {"a": 2})


@reads.documented("1.4")
def by_environment(hl: Humanloop) -> None:
    """environment asks for what is deployed there, by the environment's name."""
    first, _ = pair(hl)
    query = [("environment", str(first["environments"][0]["name"]))]
    equal("version_id", hl.ok("GET", "flows", first["id"], query=query)["version_id"], first["version_id"])


@reads.documented("1.4")
def unknown(hl: Humanloop) -> None:
    """A file that is not there is 404."""
    has_detail(hl.refused("GET", "flows", UNKNOWN, status=404))


@reads.documented("1.4")
def version_of_another_file(hl: Humanloop) -> None:
    """The version of another file is 404."""
    one, other = hl.flow(), hl.flow()
    hl.refused("GET", "flows", one["id"], query=[("version_id", other["version_id"])], status=404)


@reads.documented("1.4")
def unknown_environment(hl: Humanloop) -> None:
    """An environment that is not there is 404."""
    hl.refused("GET", "flows", hl.flow()["id"], query=[("environment", "nowhere-at-all")], status=404)


@reads.presumed("8.13")
def version_and_environment(hl: Humanloop) -> None:
    """A version and an environment at once are 422, unless they are the same."""
    first, second = pair(hl)
    query = [("version_id", second["version_id"]), ("environment", first["environments"][0]["name"])]
    hl.refused("GET", "flows", first["id"], query=query, status=422)


@reads.presumed("8.64")
def of_another_type(hl: Humanloop) -> None:
    """The id of a file of another type is 404."""
    hl.refused("GET", "prompts", hl.flow()["id"], status=404)


@reads.documented("4.2")
def by_path(hl: Humanloop) -> None:
    """A file of any type is found by its path."""
    flow = hl.flow()
    found = hl.ok("POST", "files", "retrieve-by-path", body={"path": flow["path"]})
    equal("id", found.get("id"), flow["id"])
    has("the file", found, KEYS)


@reads.documented("4.2")
def unknown_path(hl: Humanloop) -> None:
    """A path with nothing at it is 404."""
    has_detail(hl.refused("POST", "files", "retrieve-by-path", body={"path": hl.path("no")}, status=404))


@reads.documented("1.5")
def deleted(hl: Humanloop) -> None:
    """A deleted file can't be read, and not be deleted again."""
    flow = hl.flow()
    hl.ok("DELETE", "flows", flow["id"], status=204)
    hl.refused("GET", "flows", flow["id"], status=404)
    hl.refused("DELETE", "flows", flow["id"], status=404)


@reads.documented("2.9")
def path_of_a_deleted_file(hl: Humanloop) -> None:
    """The path of a deleted file is free."""
    flow = hl.flow()
    hl.ok("DELETE", "flows", flow["id"], status=204)
    again = hl.flow(path=flow["path"])
    holds("the id", is_so=again["id"] != flow["id"], expected="another", got=again["id"])


@lists.documented("0.7")
def form_of_a_page(hl: Humanloop) -> None:
    """A page has records, page, size and total, and nothing else is needed."""
    has("the page", hl.ok("GET", "flows"), ["records", "page", "size", "total"])


@lists.documented("0.7")
def defaults(hl: Humanloop) -> None:
    """Without more it is the first page of ten."""
    page = hl.ok("GET", "flows")
    equal("page and size", [page["page"], page["size"]], [1, 10])


@lists.documented("0.7")
def past_the_end(hl: Humanloop) -> None:
    """A page past the end is empty, not an error: that is how clients find the end."""
    page = hl.ok("GET", "flows", query=[("page", "99999")])
    equal("records", page["records"], [])
    equal("page", page["page"], 99999)


@lists.presumed("8.48")
def size_of_nothing(hl: Humanloop) -> None:
    """size=0 answers no record and the true total."""
    hl.sample()
    page = hl.ok("GET", "flows", query=[("size", "0")])
    equal("records", page["records"], [])
    holds("total", is_so=page["total"] > 0, expected="more than 0", got=page["total"])


@lists.documented("0.7")
def page_of_nothing(hl: Humanloop) -> None:
    """Pages are counted from 1."""
    hl.refused("GET", "flows", query=[("page", "0")], status=422)


@lists.documented("0.7")
def large_pages(hl: Humanloop) -> None:
    """Pages of a thousand are given."""
    equal("size", hl.ok("GET", "flows", query=[("size", "1000")])["size"], 1000)


@lists.documented("1.7")
def by_name(hl: Humanloop) -> None:
    """name finds a part of the name, whatever its case."""
    stem = hl.name()
    flow = hl.flow(path=hl.path(f"{stem} Listed"))
    found = hl.ok("GET", "flows", query=[("name", f"{stem} liSTED".upper())])
    equal("the ids", [one["id"] for one in found["records"]], [flow["id"]])
    equal("total", found["total"], 1)


@lists.documented("0.7")
def sorted_by_name(hl: Humanloop) -> None:
    """sort_by and order say which comes first."""
    stem = hl.name()
    for letter in "bca":
        hl.flow(path=hl.path(f"{stem} {letter}"))
    for order, expected in (("asc", "abc"), ("desc", "cba")):
        query = [("name", stem), ("sort_by", "name"), ("order", order)]
        names = [str(one["name"])[-1] for one in hl.ok("GET", "flows", query=query)["records"]]
        equal(f"the names, {order}", "".join(names), expected)


@lists.documented("0.7")
def newest_first(hl: Humanloop) -> None:
    """Without more the newest file comes first."""
    stem = hl.name()
    ids = [hl.flow(path=hl.path(f"{stem} {letter}"))["id"] for letter in "ab"]
    found = hl.ok("GET", "flows", query=[("name", stem)])["records"]
    equal("the ids", [one["id"] for one in found], ids[::-1])


@lists.documented("0.7")
def bad_order(hl: Humanloop) -> None:
    """Another order than asc and desc is 422."""
    hl.refused("GET", "flows", query=[("order", "up")], status=422)


@lists.documented("4.2")
def all_types(hl: Humanloop) -> None:
    """GET /files lists files of all types, and type narrows it."""
    stem = hl.name()
    flow = hl.flow(path=hl.path(f"{stem} flow"))
    tool = hl.put("tools", path=hl.path(f"{stem} tool"), function={"name": "f", "description": "d"})
    both = hl.ok("GET", "files", query=[("name", stem)])["records"]
    equal("the ids", {one["id"] for one in both}, {flow["id"], tool["id"]})
    tools = hl.ok("GET", "files", query=[("name", stem), ("type", "tool")])["records"]
    equal("the ids of tools", [one["id"] for one in tools], [tool["id"]])


@lists.documented("4.2")
def below_a_directory(hl: Humanloop) -> None:
    """path narrows it to what is below a directory."""
    path = hl.path("inner", "flow")
    flow = hl.flow(path=path)
    found = hl.ok("GET", "files", query=[("path", path.removesuffix("/flow"))])["records"]
    equal("the ids", [one["id"] for one in found], [flow["id"]])


@lists.documented("0.5")
def below_nothing(hl: Humanloop) -> None:
    """A directory that is not there is told in these words."""
    path = hl.path("nothing")
    error = hl.refused("GET", "files", query=[("path", path)], status=404)
    contains("detail", error.get("detail"), f"Directory `{path}` does not exist")


@moves.documented("2.4")
def renamed(hl: Humanloop) -> None:
    """name gives a file another name in the same directory."""
    flow = hl.flow()
    name = hl.name()
    moved = hl.ok("PATCH", "flows", flow["id"], body={"name": name})
    equal("path", moved["path"], f"{flow['path'].rpartition('/')[0]}/{name}")
    equal("id", moved["id"], flow["id"])


@moves.documented("2.4")
def moved(hl: Humanloop) -> None:
    """path moves a file, and makes directories."""
    flow, path = hl.flow(), hl.path("far", "away")
    equal("path", hl.ok("PATCH", "flows", flow["id"], body={"path": path})["path"], path)
    hl.refused("POST", "files", "retrieve-by-path", body={"path": flow["path"]}, status=404)


@moves.documented("2.4")
def moved_to_a_directory(hl: Humanloop) -> None:
    """directory_id moves a file and keeps its name."""
    flow, other = hl.flow(), hl.flow()
    got = hl.ok("PATCH", "flows", flow["id"], body={"directory_id": other["directory_id"], "name": hl.name()})
    equal("directory_id", got["directory_id"], other["directory_id"])


@moves.documented("1.6")
def target_is_taken(hl: Humanloop) -> None:
    """A path that another file has is 409."""
    one, other = hl.flow(), hl.flow()
    has_detail(hl.refused("PATCH", "flows", one["id"], body={"path": other["path"]}, status=409))


@moves.presumed("2.4")
def onto_itself(hl: Humanloop) -> None:
    """Moving a file to where it is changes nothing."""
    flow = hl.flow()
    equal("path", hl.ok("PATCH", "flows", flow["id"], body={"path": flow["path"]})["path"], flow["path"])


@moves.documented("2.4")
def versions_follow(hl: Humanloop) -> None:
    """Versions and deployments follow a file that is moved."""
    first, _ = pair(hl)
    hl.ok("PATCH", "flows", first["id"], body={"path": hl.path("elsewhere")})
    equal("the number of versions", len(hl.ok("GET", "flows", first["id"], "versions")["records"]), 2)
    equal("version_id", hl.ok("GET", "flows", first["id"])["version_id"], first["version_id"])


@moves.presumed("2.4")
def slash_in_a_name(hl: Humanloop) -> None:
    """A name with a slash is 422."""
    hl.refused("PATCH", "flows", hl.flow()["id"], body={"name": "a/b"}, status=422)


AREAS = (reads, lists, moves)
