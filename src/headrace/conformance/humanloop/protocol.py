"""How the API is spoken to: keys, bodies, errors, ids (humanloop 0)."""

from __future__ import annotations

from headrace.conformance.checks import Area, CannotTell
from headrace.conformance.expecting import equal, has, holds, matches
from headrace.conformance.humanloop.client import Humanloop, has_detail, locates

area = Area("humanloop", "protocol")
auth = Area("humanloop", "auth")
UNKNOWN = "fl_000000000000000000000"
OK, UNAUTHORIZED = 200, 401
KEYS = [
    "path",
    "id",
    "directory_id",
    "attributes",
    "version_name",
    "version_description",
    "name",
    "description",
    "schema",
    "readme",
    "tags",
    "version_id",
    "type",
    "environments",
    "created_at",
    "updated_at",
    "created_by",
    "last_used_at",
    "version_logs_count",
    "evaluator_aggregates",
    "evaluators",
]
"""The members of a flow: all are sent always, null when there is nothing (humanloop 1.1)."""


def _closed(hl: Humanloop) -> None:
    """Go on only where a stranger is turned away, or is expected to be."""
    if not hl.setup.expects_auth and hl.call("GET", "flows", headers={"X-API-KEY": "nobody"}).status == OK:
        raise CannotTell("the server lets anybody in, and --expect-auth was not given")


@auth.documented("0.4")
def wrong_key(hl: Humanloop) -> None:
    """A key that does not exist is 401."""
    _closed(hl)
    answer = hl.call("GET", "flows", headers={"X-API-KEY": "nobody"})
    equal("the status", answer.status, UNAUTHORIZED)
    has_detail(answer.json())


@auth.documented("0.4")
def no_key(hl: Humanloop) -> None:
    """A request without a key is 401."""
    _closed(hl)
    target = hl.setup.wire.send("GET", "/flows", headers={})
    hl.last = target
    equal("the status", target.status, UNAUTHORIZED)


@auth.documented("0.4")
def wrong_key_for_a_write(hl: Humanloop) -> None:
    """A key that does not exist can't write either."""
    _closed(hl)
    body = {"path": hl.path("flow"), "attributes": {}}
    equal(
        "the status",
        hl.call("POST", "flows", body=body, headers={"X-API-KEY": "nobody"}).status,
        UNAUTHORIZED,
    )


@auth.documented("0.4")
def wrong_key_for_what_is_not_there(hl: Humanloop) -> None:
    """Whoever may not ask is not told what is there."""
    _closed(hl)
    equal(
        "the status", hl.call("GET", "flows", UNKNOWN, headers={"X-API-KEY": "nobody"}).status, UNAUTHORIZED
    )


@auth.documented("0.3")
def no_bearer(hl: Humanloop) -> None:
    """The key is in X-API-KEY, and nowhere else."""
    _closed(hl)
    bearer = {"Authorization": f"Bearer {hl.setup.api_key}"}
    hl.last = hl.setup.wire.send("GET", "/flows", headers=bearer)
    equal("the status", hl.last.status, UNAUTHORIZED)


@area.documented("1.1")
def every_key_is_sent(hl: Humanloop) -> None:
    """A flow has every documented key, with null where there is nothing: a missing one breaks clients."""
    has("the flow", hl.flow(), KEYS)


@area.documented("0.6")
def type_is_sent(hl: Humanloop) -> None:
    """A flow says that it is one."""
    equal("type", hl.flow().get("type"), "flow")


@area.documented("1.1")
def lists_are_never_null(hl: Humanloop) -> None:
    """environments, evaluators and tags are lists, even when empty: tools iterate them."""
    flow = hl.flow()
    for name in ("environments", "evaluators", "tags"):
        holds(name, is_so=isinstance(flow.get(name), list), expected="a list", got=flow.get(name))


@area.documented("0.8")
def ids(hl: Humanloop) -> None:
    """Ids are a prefix, an underscore and 21 letters and digits."""
    flow = hl.flow()
    for name, prefix in (("id", "fl"), ("version_id", "flv"), ("directory_id", "dir")):
        matches(name, flow.get(name), rf"{prefix}_[0-9A-Za-z]{{21}}")


@area.documented("0.3")
def times(hl: Humanloop) -> None:
    """Times are ISO 8601 with microseconds."""
    flow = hl.flow()
    for name in ("created_at", "updated_at", "last_used_at"):
        matches(name, flow.get(name), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|\+00:00)?")


@area.presumed("8.41")
def times_without_a_zone(hl: Humanloop) -> None:
    """Times say no zone, and are in UTC."""
    matches("created_at", hl.flow().get("created_at"), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


@area.documented("0.3")
def null_is_absent_on_creation(hl: Humanloop) -> None:
    """null for an optional key is the same as leaving it out."""
    equal("version_name", hl.flow(version_name=None, version_description=None).get("version_name"), None)


@area.documented("0.3")
def empty_body(hl: Humanloop) -> None:
    """An empty body is an empty object: clients send it where nothing changes."""
    flow = hl.flow()
    answer = hl.call("PATCH", "flows", flow["id"], "versions", flow["version_id"], raw=b"")
    equal("the status", answer.status, OK)


@area.presumed("0.4")
def malformed_json(hl: Humanloop) -> None:
    """A body that is no JSON is 400."""
    answer = hl.call("POST", "flows", raw=b"{")
    equal("the status", answer.status, 400)
    has_detail(answer.json())


@area.documented("0.5")
def errors_of_schema(hl: Humanloop) -> None:
    """What breaks the schema is 422 with a list of loc, msg and type."""
    error = hl.refused("POST", "flows", body={"path": hl.path("flow"), "attributes": []}, status=422)
    locates(error, "body", "attributes")
    has("an item of detail", error["detail"][0], ["loc", "msg", "type"])


@area.documented("0.5")
def missing_key(hl: Humanloop) -> None:
    """A required key that is missing is named."""
    locates(hl.refused("POST", "flows", body={"path": hl.path("flow")}, status=422), "body", "attributes")


@area.documented("0.5")
def error_in_a_query(hl: Humanloop) -> None:
    """What is wrong with the query is located there."""
    locates(hl.refused("GET", "flows", query=[("page", "first")], status=422), "query", "page")


@area.documented("0.5")
def other_errors(hl: Humanloop) -> None:
    """Any other error has a text in detail."""
    has_detail(hl.refused("GET", "flows", UNKNOWN, status=404))


@area.documented("1")
def no_body_after_delete(hl: Humanloop) -> None:
    """Deleting answers 204 and nothing else."""
    answer = hl.call("DELETE", "flows", hl.flow()["id"])
    equal("the status", answer.status, 204)
    equal("the body", answer.body, b"")


@area.presumed("8.37")
def unknown_keys_are_ignored(hl: Humanloop) -> None:
    """A key that a request does not know is ignored."""
    has("the flow", hl.flow(nonsense=1), KEYS)


@area.presumed("8.39")
def unknown_parameters_are_ignored(hl: Humanloop) -> None:
    """A query parameter that is not known is ignored."""
    hl.ok("GET", "flows", query=[("nonsense", "1")])


@area.documented("0.3")
def content_type(hl: Humanloop) -> None:
    """Answers are application/json."""
    answer = hl.call("GET", "flows")
    matches("the content type", answer.headers.get("content-type"), r"application/json(;.*)?")
