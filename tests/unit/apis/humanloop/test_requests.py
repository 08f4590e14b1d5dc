"""Reading bodies and queries: what is taken, and what is said of the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.apis.humanloop.api import OPERATIONS
from headrace.apis.humanloop.call_wire import CallPromptRequest
from headrace.apis.humanloop.requests import (
    BodyReader,
    ListPage,
    ListVersions,
    MoveFlow,
    Nothing,
    RetrieveByPath,
    SetDeployment,
    UpdateVersion,
    UpsertFlow,
    _allowed,
    read_query,
)
from headrace.core.errors import Invalid, Malformed
from headrace.core.ports import FileSort

READERS = {kind: BodyReader(kind) for kind in (UpsertFlow, UpdateVersion, MoveFlow, RetrieveByPath)}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["attributes", "path", "id", "name", "description", "version_name", "directory_id", "x"]
)


def problems(error: Invalid) -> set[tuple[Any, ...]]:
    return {(problem.where, *problem.path, problem.kind) for problem in error.problems}


def test_attributes_are_kept_to_the_letter() -> None:
    body, parsed = BodyReader(UpsertFlow).read(b'{"attributes" : {"b": 1.0, "a":\t1E2} , "path":null}')
    assert bytes(body.attributes) == b'{"b": 1.0, "a":\t1E2}'
    assert parsed["attributes"] == {"b": 1.0, "a": 100.0}
    assert (body.path, body.id) == (None, None)


def test_of_a_repeated_key_the_last_counts_in_both_forms() -> None:
    body, parsed = BodyReader(UpsertFlow).read(b'{"attributes":{"a":1},"attributes":{"a":2}}')
    assert bytes(body.attributes) == b'{"a":2}'
    assert parsed["attributes"] == {"a": 2}


def test_a_repeated_key_is_refused_for_its_earlier_value_too() -> None:
    with pytest.raises(Invalid) as caught:
        BodyReader(MoveFlow).read(b'{"name":1,"name":"n"}')
    assert len(caught.value.problems) == 1


def test_nothing_is_an_empty_object() -> None:
    assert BodyReader(MoveFlow).read(b"") == BodyReader(MoveFlow).read(b"{}")


def test_null_and_absent_differ_where_null_clears() -> None:
    body, _ = BodyReader(UpdateVersion).read(b'{"name":null}')
    assert body.name is None
    assert body.description is msgspec.UNSET


def test_everything_that_is_wrong_is_said() -> None:
    with pytest.raises(Invalid) as caught:
        BodyReader(UpsertFlow).read(b'{"path":1,"id":null,"version_name":[],"attributes":[]}')
    assert problems(caught.value) == {
        ("body", "path", "string_type"),
        ("body", "version_name", "string_type"),
        ("body", "attributes", "dict_type"),
    }
    with pytest.raises(Invalid) as caught:
        BodyReader(UpsertFlow).read(b'{"path":"\\u0000","attributes":null}')
    assert problems(caught.value) == {("body", "path", "nul"), ("body", "attributes", "dict_type")}


def test_what_is_missing_is_said() -> None:
    with pytest.raises(Invalid) as caught:
        BodyReader(RetrieveByPath).read(b"{}")
    assert problems(caught.value) == {("body", "path", "missing")}


def outcome(read: Callable[[], Any]) -> Any:
    """What was read, or why not."""
    try:
        return read()
    except Invalid as error:
        return error


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for reader in READERS.values():
        result = outcome(lambda reader=reader: reader.read(body))
        if isinstance(result, Malformed):
            assert "not valid JSON" in result.message
        elif isinstance(result, Invalid):
            assert result.problems


@given(st.dictionaries(KEYS, JSON_VALUES, max_size=4))
def test_any_object_is_read_or_refused_field_by_field(value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    for kind, reader in READERS.items():
        result = outcome(lambda reader=reader: reader.read(body))
        if isinstance(result, Malformed):  # what JSON's grammar has not (NaN), or Unicode (lone surrogates)
            assert b"NaN" in body or b"Infinity" in body or b"\\ud" in body
        elif isinstance(result, Invalid):
            assert {problem.path[0] for problem in result.problems if problem.path} <= set(
                kind.__struct_fields__
            )
        else:
            assert isinstance(result[0], kind)
            assert result[1] == json.loads(body)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ((), ListPage()),
        ((("page", "2"), ("size", "0"), ("other", "x")), ListPage(page=2, size=0)),
        ((("page", "2"), ("page", "3")), ListPage(page=3)),
        ((("name", "null"), ("user_filter", "")), ListPage(name="null", user_filter="")),
        ((("sort_by", "name"), ("order", "asc")), ListPage(sort_by=FileSort.NAME, order="asc")),
    ],
)
def test_queries(query: tuple[tuple[str, str], ...], expected: ListPage) -> None:
    assert read_query(ListPage, query) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("True", True), ("1", True), ("false", False), ("False", False), ("0", False)],
)
def test_query_booleans(text: str, expected: bool) -> None:
    """Humanloop 0.3."""
    assert read_query(ListVersions, (("evaluator_aggregates", text),)).evaluator_aggregates is expected


def test_everything_that_is_wrong_with_a_query_is_said() -> None:
    wrong = (("page", "0"), ("size", "many"), ("sort_by", "x"), ("order", "y"), ("name", "ok"))
    with pytest.raises(Invalid) as caught:
        read_query(ListPage, wrong)
    assert problems(caught.value) == {
        ("query", "page", "greater_than_equal"),
        ("query", "size", "int_parsing"),
        ("query", "sort_by", "enum"),
        ("query", "order", "enum"),
    }
    messages = {problem.path[0]: problem.message for problem in caught.value.problems}
    assert messages["page"] == "Input should be greater than or equal to 1"
    assert "asc, desc" in messages["order"]
    assert "created_at, name, updated_at" in messages["sort_by"]


def test_a_query_may_miss_something_or_hold_a_nul() -> None:
    with pytest.raises(Invalid) as caught:
        read_query(SetDeployment, ())
    assert problems(caught.value) == {("query", "version_id", "missing")}
    with pytest.raises(Invalid) as caught:
        read_query(SetDeployment, (("version_id", "\0"),))
    assert problems(caught.value) == {("query", "version_id", "nul")}


@given(st.lists(st.tuples(st.sampled_from(["page", "size", "order", "name", "x"]), st.text(max_size=30))))
def test_any_query_is_read_or_refused(query: list[tuple[str, str]]) -> None:
    assert read_query(Nothing, query) == Nothing()
    page = outcome(lambda: read_query(ListPage, query))
    if isinstance(page, Invalid):
        assert {problem.where for problem in page.problems} == {"query"}
    else:
        assert page.page >= 1
        assert page.size >= 0


@pytest.mark.parametrize(
    ("messages", "path", "said"),
    [
        ([{"role": "alien"}], (0, "role"), "assistant, developer, system, tool, user"),
        ([{"role": "user", "content": [{"type": "film"}]}], (0, "content", 0, "type"), "image_url, text"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "", "detail": "x"}}]}],
            (0, "content", 0, "image_url", "detail"),
            "auto, high, low",
        ),
    ],
)
def test_words_are_told_wherever_one_is_wanted(messages: Any, path: tuple[Any, ...], said: str) -> None:
    with pytest.raises(Invalid) as caught:
        BodyReader(CallPromptRequest).read(json.dumps({"messages": messages}).encode())
    (problem,) = caught.value.problems
    assert problem.path == ("messages", *path)
    assert f"; it should be one of {said}" in problem.message
    assert problem.message.startswith("Invalid ")


def test_the_words_of_every_body_can_be_told() -> None:
    for operation in OPERATIONS:
        for kind in (operation.body, operation.query):
            for field in msgspec.structs.fields(kind) if kind is not None else ():
                assert list(_allowed(field.type, ("nothing", 0, "of the kind"))) == []
