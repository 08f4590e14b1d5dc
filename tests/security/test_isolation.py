"""Nothing of one organisation is there for another: by no operation, whatever it is asked for by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from tests.contract import test_access as spoken
from tests.security.asking import Answer, Sent, ask_all
from tests.security.conftest import Two
from tests.security.doors import Door, as_bytes
from tests.security.organisations import CANARY, IDS, Organisation
from tests.security.references import (
    MEMBERS,
    PLAIN,
    path_choices,
    path_values,
    value,
)

from headrace.apis.humanloop import openapi as humanloop_document
from headrace.apis.humanloop.api import OPERATIONS as HUMANLOOP
from headrace.apis.native import openapi as native_document
from headrace.apis.native.api import OPERATIONS as NATIVE

pytestmark = pytest.mark.live
MADE_UP = str.maketrans("0123456789", "9876543210")
UNTOLD = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z?")
"""Ids of requests and moments, which are others each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A request of theirs for something of ours, and the same for something that nobody has.

    Attributes:
        said: what names ours, and what names nothing, in the second request.
    """

    door: Door
    ours: Sent
    nobody: Sent
    said: Mapping[str, str]


def made_up(name: str) -> str:
    """A name of the same form that nobody has."""
    if re.fullmatch(r"[a-z]{2,5}_\w{16,}", name):
        return name.partition("_")[0] + "_" + "9Zz" * 7
    if re.fullmatch(r"[0-9A-Z]{10}", name):
        return "ZZ9ZZ9ZZ9Z"
    if name.startswith("arn:"):
        return re.sub(r"\b[0-9A-Z]{10}\b", "ZZ9ZZ9ZZ9Z", name).replace("night", "never")
    return name.translate(MADE_UP).replace("the ", "no ").replace("night", "never")


def _sent(one: Organisation, door: Door, path: str, body: Any = None) -> Sent:
    kind = {"content-type": "application/json"} if door.api == "OtlpApi" else {}
    headers = {"x-api-key": one.keys["admin"], **kind}
    return Sent(method=door.method, target=path, headers=headers, body=as_bytes(body) or b"")


def _by_path(two: Two) -> Iterator[Try]:
    """Each operation about something of ours."""
    for door in two.doors:
        for nth in range(path_choices(door)):
            ours = path_values(two.ours, door, nth)
            nobody = {
                name: said if said in ("1", "0", "TOKEN", "production", "script") else _made_up_in_path(said)
                for name, said in ours.items()
            }
            yield Try(
                door=door,
                ours=_sent(two.theirs, door, door.path(**ours), door.body),
                nobody=_sent(two.theirs, door, door.path(**nobody), door.body),
                said={ours[name]: nobody[name] for name in ours if ours[name] != nobody[name]},
            )


def _made_up_in_path(encoded: str) -> str:
    return quote(made_up(unquote(encoded)), safe="")


def _check(two: Two, tries: list[Try], *, is_unknown: bool) -> None:
    """Send them all; what is ours must be to them as what nobody has, and stay as it is."""
    before, ids = two.ours.kept(), two.ours.ids()
    two.said.update(said for one in tries for said in IDS.findall(one.ours.target + one.ours.body.decode()))
    answers = ask_all(two.running, [sent for one in tries for sent in (one.nobody, one.ours)])
    wrong = []
    for one, expected, answer in zip(tries, answers[::2], answers[1::2], strict=True):
        told = _told(one, answer, ids - two.said)
        if told:
            wrong.append((one.door.name, one.ours.target, "tells of us", told))
        elif answer.status != expected.status or _plain(one, answer) != _plain(one, expected):
            wrong.append((one.door.name, one.ours.target, one.ours.body, answer.text, expected.text))
        elif is_unknown and answer.status not in (400, 404):
            wrong.append((one.door.name, one.ours.target, answer.status, answer.text))
    assert not wrong, f"{len(wrong)}: {wrong[:5]}"
    assert two.ours.kept() == before


def _told(one: Try, answer: Answer, ids: frozenset[str]) -> list[str]:
    """What of ours is in an answer that was not in the request."""
    asked = one.ours.target + one.ours.body.decode()
    found = {said for said in IDS.findall(answer.text) if said in ids and said not in asked}
    return sorted(found | ({CANARY} if CANARY in answer.text and CANARY not in asked else set()))


def _plain(one: Try, answer: Answer) -> str:
    """An answer without what must differ."""
    if answer.status < 400:  # of theirs; what it shows was looked at
        return ""
    text = answer.text
    for ours, nobody in one.said.items():
        text = text.replace(ours, nobody).replace(unquote(ours), unquote(nobody))
    return IDS.sub("#", UNTOLD.sub("…", text))


def test_what_is_ours_is_unknown_to_them(two: Two) -> None:
    """Each operation with a path that names ours, by id, ARN, path and name."""
    tries = list(_by_path(two))
    assert {(one.door.api, one.door.name) for one in tries} == {
        (door.api, door.name) for door in two.doors if path_choices(door)
    }
    assert len(tries) > 250
    _check(two, tries, is_unknown=True)


# Bodies and queries


def _documents() -> dict[str, Any]:
    """The OpenAPI documents, by the API that they describe."""
    return {
        "HumanloopApi": json.loads(humanloop_document.document(HUMANLOOP)),
        "NativeApi": json.loads(native_document.document(NATIVE)),
    }


def _schema(document: Any, schema: Any) -> Any:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _described(document: Any, door: Door) -> tuple[dict[str, Any], list[str]]:
    """The members of an operation's body with their schemas, and the parameters of its query."""
    told = document["paths"][door.template][door.method.lower()]
    queries = [one["name"] for one in told.get("parameters", ()) if one["in"] == "query"]
    contents = told.get("requestBody", {}).get("content", {})
    for content in contents.values():
        schema = _schema(document, content["schema"])
        for option in (schema, *(_schema(document, one) for one in schema.get("anyOf", ()))):
            if "properties" in option:
                return option["properties"], queries
    return {}, queries


def _shaped(document: Any, schema: Any, name: str) -> Any:
    """A name in the shape of the member that may hold it."""
    schema = _schema(document, schema)
    for option in schema.get("anyOf", ()) or schema.get("oneOf", ()):
        option = _schema(document, option)
        if option.get("type") in ("string", "object", "array"):
            return _shaped(document, option, name)
    if schema.get("type") == "array":
        return [_shaped(document, schema["items"], name)]
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        wanted = [one for one in ("version_id", "file_id", "id", "path") if one in properties]
        is_version = re.match(r"[a-z]+v_|tv_", name) is not None
        if "/" in name:
            wanted = [one for one in wanted if one == "path"] or wanted
        elif not is_version:
            wanted = [one for one in wanted if one != "version_id"] or wanted
        return {wanted[0]: name} if wanted else {}
    return name


def _body_of(door: Door) -> dict[str, Any]:
    if isinstance(door.body, bytes):
        return dict(json.loads(door.body)) if door.body.startswith(b"{") else {}
    return dict(door.body or {})


def _by_said(two: Two) -> Iterator[Try]:
    """Each operation about something of their own, which names something of ours besides."""
    documents = _documents()
    for door in two.doors:
        if door.api not in documents or door.row is None or "form" in str(door.body)[:40]:
            continue
        if door.method == "DELETE" and door.parameters:  # would leave nothing of theirs to go on with
            continue
        members, queries = _described(documents[door.api], door)
        path = door.path(**path_values(two.theirs, door)).partition("?")[0]
        query = door.query.removeprefix("?")
        for member, schema in members.items():
            for ours in _named(two, member):
                shapes = [_shaped(documents[door.api], schema, said) for said in (ours, made_up(ours))]
                bodies = [{**_body_of(door), member: shape} for shape in shapes]
                yield _try(two, door, [f"{path}?{query}"] * 2, bodies, ours)
        for parameter in queries:
            for ours in _named(two, parameter):
                more = [urlencode({parameter: said}) for said in (ours, made_up(ours))]
                yield _try(two, door, [f"{path}?{query}&{one}" for one in more], [door.body] * 2, ours)


def _named(two: Two, name: str) -> list[str]:
    return [value(two.ours, one) for one in MEMBERS.get(name, ())]


def _try(two: Two, door: Door, paths: list[str], bodies: list[Any], ours: str) -> Try:
    first, second = (_sent(two.theirs, door, *pair) for pair in zip(paths, bodies, strict=True))
    other = made_up(ours)
    return Try(door=door, ours=first, nobody=second, said={ours: other, quote(ours): quote(other)})


def test_every_parameter_and_member_is_said_to_name_something_or_nothing(two: Two) -> None:
    unknown = set()
    for door in two.doors:
        document = _documents_once().get(door.api)
        if document is not None and door.row is not None:
            members, queries = _described(document, door)
            unknown |= {*members, *queries} - set(MEMBERS) - PLAIN
    assert not unknown


_known: dict[str, Any] = {}


def _documents_once() -> dict[str, Any]:
    if not _known:
        _known.update(_documents())
    return _known


def test_what_is_ours_is_of_no_use_to_them_in_bodies_and_queries(two: Two) -> None:
    tries = list(_by_said(two))
    assert len(tries) > 500
    _check(two, tries, is_unknown=False)


def test_lists_and_figures_show_nothing_of_ours(two: Two) -> None:
    """All that can be read without naming anything, and all that is theirs."""
    reads = [door for door in two.doors if door.method == "GET"]
    tries = []
    for door in reads:
        sent = _sent(two.theirs, door, door.path(**path_values(two.theirs, door)))
        tries.append(Try(door=door, ours=sent, nobody=sent, said={}))
    before, ids = two.ours.kept(), two.ours.ids()
    answers = ask_all(two.running, [one.ours for one in tries])
    told = [
        (one.door.name, found)
        for one, answer in zip(tries, answers, strict=True)
        if (found := _told(one, answer, ids - two.said))
    ]
    assert not told
    assert sum(answer.status == 200 for answer in answers) > 60
    assert two.ours.kept() == before


def test_they_see_as_much_of_their_own(two: Two) -> None:
    """The same requests tell us of ours, so that silence above says something."""
    reads = [door for door in two.doors if door.method == "GET" and door.api != "PagesApi"]
    sent = [_sent(two.ours, door, door.path(**path_values(two.ours, door))) for door in reads]
    answers = ask_all(two.running, sent)
    ids = two.ours.ids()
    telling = [
        door.name
        for door, answer in zip(reads, answers, strict=True)
        if CANARY in answer.text or ids & set(IDS.findall(answer.text))
    ]
    assert len(telling) > 60, telling


def test_tokens_of_ours_are_none_of_theirs(two: Two) -> None:
    """Tokens of pages, of clients and of sessions."""
    page = f"/flows?maxResults=1&nextToken={quote(two.ours.has['page token'], safe='')}"
    sent = Sent(method="GET", target=page, headers={"x-api-key": two.theirs.keys["admin"]})
    (ours,) = ask_all(two.running, [replace(sent, headers={"x-api-key": two.ours.keys["admin"]})])
    assert ours.status == 200
    (refused,) = ask_all(two.running, [sent])
    assert refused.status == 400
    assert refused.headers["x-amzn-errortype"] == "ValidationException"
    body = {"name": "tokened", "executionRoleArn": spoken.ROLE, "clientToken": "t" * 40}
    made = two.ours.ask("POST", "/flows/", body)
    again = two.theirs.ask("POST", "/flows/", {**body, "name": "tokened-too"})
    assert made["id"] != again["id"]
    assert ":111111111111:" in again["arn"]
