"""What comes in with datasets: bodies with datapoints, forms, and CSV files (humanloop 4.2, Datasets)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.apis.humanloop.dataset_csv import read_rows, read_upload
from headrace.apis.humanloop.dataset_requests import MOST_PROBLEMS, read_cases, read_upsert
from headrace.apis.humanloop.multipart import read_form
from headrace.core.errors import Invalid, Malformed
from headrace.services.datasets import Action


def text(value: Any) -> bytes:
    return json.dumps(value).encode()


def cases(*datapoints: Any) -> list[Any]:
    body, _ = read_upsert(text({"datapoints": list(datapoints)}))
    return [json.loads(one.body) for one in read_cases(body.datapoints)]


def problems(call: Any) -> list[tuple[Any, ...]]:
    with pytest.raises(Invalid) as caught:
        call()
    assert not isinstance(caught.value, Malformed)
    return [one.path for one in caught.value.problems]


def test_a_body_is_read() -> None:
    sent = {"datapoints": [], "action": "add", "path": "a", "attributes": {"n": 1e3}, "version_name": "v"}
    body, parsed = read_upsert(json.dumps(sent).encode())
    assert (body.action, body.path, body.version_name, bytes(body.attributes)) == (  # type: ignore[arg-type]
        Action.ADD,
        "a",
        "v",
        b'{"n": 1000.0}',
    )
    assert parsed == {}
    assert (
        read_upsert(text({"datapoints": [], "attributes": None}))[0] == read_upsert(b'{"datapoints":[]}')[0]
    )


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (b"", [("datapoints",)]),
        (b"{}", [("datapoints",)]),
        (text({"datapoints": None}), [("datapoints",)]),
        (text({"datapoints": {}}), [("datapoints",)]),
        (text({"datapoints": [], "action": "replace"}), [("action",)]),
        (text({"datapoints": [], "path": 5, "id": []}), [("path",), ("id",)]),
        (text({"datapoints": [], "attributes": []}), [("attributes",)]),
        (b'{"datapoints": [], "attributes": {"a": 1e999}}', [()]),
        (text({"datapoints": [], "path": "a\0"}), [("path",)]),
        (text([]), [()]),
        (b'{"datapoints":' + b"[" * 100_000 + b"]" * 100_000 + b"}", [()]),
    ],
)
def test_a_body_that_is_wrong(body: bytes, paths: list[tuple[Any, ...]]) -> None:
    assert problems(lambda: read_upsert(body)) == paths


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"datapoints": [{"a": nul}]}',
        b"\xff",
        b'{"datapoints": [01]}',
        b'{"datapoints": [], "attributes": {"a": "\xff"}}',
        b'{"datapoints": [], "attributes": {"a": "\\ud800"}}',
    ],
)
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_upsert(body)


@pytest.mark.parametrize("inner", [b'"\xff"', b'"\\ud800"', b'"\xed\xa0\x80"'])
def test_what_is_no_json_within_a_datapoint(inner: bytes) -> None:
    """No datapoint may get lost without a word."""
    with pytest.raises(Malformed):
        read_cases(read_upsert(b'{"datapoints": [{}, {"inputs": {"q": ' + inner + b"}}, {}]}")[0].datapoints)


def test_datapoints_are_read() -> None:
    """What a client was shown may be sent again: other keys are ignored."""
    messages = [{"role": "user", "content": "hi"}]
    target = {"s": "a", "n": 1.5, "b": True, "l": [1, None], "o": {"x": None}}
    assert cases({"id": "dp_1", "inputs": {"q": "ü\0"}, "messages": messages, "target": target, "x": 1}) == [
        {"inputs": {"q": "ü\0"}, "messages": messages, "target": target}
    ]
    assert cases({}, {"inputs": None}) == [{"inputs": {}, "messages": None, "target": None}] * 2


@pytest.mark.parametrize(
    ("datapoint", "path"),
    [
        (5, ()),
        ({"inputs": {"q": 1}}, ("inputs",)),
        ({"inputs": []}, ("inputs",)),
        ({"target": {"a": None}}, ("target",)),
        ({"target": "a"}, ("target",)),
        ({"messages": [{"content": "hi"}]}, ("messages", 0, "role")),
        ({"messages": [{"role": "nobody"}]}, ("messages", 0, "role")),
    ],
)
def test_a_datapoint_that_is_wrong_is_told_by_its_place(datapoint: Any, path: tuple[Any, ...]) -> None:
    assert problems(lambda: cases({}, datapoint)) == [("datapoints", 1, *path)]


def test_numbers_out_of_range_are_told() -> None:
    body, _ = read_upsert(b'{"datapoints": [{"target": {"a": 1e999}}]}')
    assert problems(lambda: read_cases(body.datapoints)) == [("datapoints", 0)]


def test_what_is_nested_too_deeply_is_told() -> None:
    deep = b"[" * 990 + b"]" * 990
    with pytest.raises(Invalid) as caught:
        read_cases(read_upsert(b'{"datapoints": [{"target": {"a": ' + deep + b"}}]}")[0].datapoints)
    assert caught.value.problems[0].kind == "depth"


def test_not_all_of_many_problems_are_told() -> None:
    assert len(problems(lambda: cases(*[5] * 1_000))) == MOST_PROBLEMS


def form(*parts: tuple[str, bytes], boundary: bytes = b"AaB03x", end: bytes = b"--\r\n") -> bytes:
    whole = b"".join(
        b"--"
        + boundary
        + b"\r\nContent-Disposition: form-data; "
        + head.encode()
        + b"\r\n\r\n"
        + body
        + b"\r\n"
        for head, body in parts
    )
    return whole + b"--" + boundary + end


FILE = 'name="file"; filename="a.csv"\r\nContent-Type: text/csv'


@given(content=st.binary(max_size=200), boundary=st.sampled_from([b"x", b"----WebKit'()+_,./:=?-1", b"a b"]))
def test_a_file_arrives_as_it_was(content: bytes, boundary: bytes) -> None:
    """The boundary is whatever the body begins with: the Python client does not say it."""
    if b"--" + boundary in content:
        return
    found = read_form(form(("name=version_name", "ü".encode()), (FILE, content), boundary=boundary))
    assert found.fields == {"version_name": "ü"}
    assert found.files == {"file": content}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"--\r\n",
        form((FILE, b"a"), end=b""),
        form((FILE, b"a"))[:-10],
        form(("filename=x", b"")),
        form(("name=version_name", b"\xff")),
        b"--x\r\nno end of the headers\r\n--x--",
    ],
)
def test_what_is_no_form(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_upload(body)


def test_what_a_form_says() -> None:
    found, _ = read_upload(
        form((FILE, b"q\n1"), ('name="version_name"', b""), ("name=version_description", b"d"))
    )
    assert (found.file, found.version_name, found.version_description) == (b"q\n1", None, "d")
    assert problems(lambda: read_upload(form(("name=file", b"q\n1")))) == [("file",)]
    assert problems(lambda: read_upload(form((FILE, b""), ("name=version_name", b"\0")))) == [
        ("version_name",)
    ]


def rows(file: str | bytes) -> list[Any]:
    return [json.loads(one.body) for one in read_rows(file if isinstance(file, bytes) else file.encode())]


def test_rows_are_datapoints() -> None:
    found = rows(
        "\ufeffquestion,inputs.context,target.answer,target.n,messages,_dedupe_id\r\n"
        '"a, ""b""\nc",x,yes,1,"[{""role"":""user"",""content"":""hi""}]",7\r\n'
        "\r\n"
        "d,,,,,\r\n"
    )
    assert found == [
        {
            "inputs": {"question": 'a, "b"\nc', "context": "x", "_dedupe_id": "7"},
            "messages": [{"role": "user", "content": "hi"}],
            "target": {"answer": "yes", "n": "1"},
        },
        {
            "inputs": {"question": "d", "context": "", "_dedupe_id": ""},
            "messages": None,
            "target": {"answer": "", "n": ""},
        },
    ]
    assert rows("a\n" + "x" * 2_000_000)[0]["inputs"] == {"a": "x" * 2_000_000}
    assert rows("q") == rows("q\r\n") == []
    assert rows("q\na\rb\r\n") == rows("q\na\n") + rows("q\nb\n")


def test_many_columns_take_no_longer_than_as_many_rows() -> None:
    names = [f"c{index}" for index in range(50_000)]
    started_s = time.process_time()
    (row,) = rows(",".join(names) + "\n" + ",".join("1" for _ in names))
    assert len(row["inputs"]) == len(names)
    assert time.process_time() - started_s < 20, "columns are compared with one another"


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("", 1, "no line that names its columns"),
        ("\n\n", 1, "no line that names its columns"),
        ("a,,b\n", 1, "column 2 has no name"),
        ("a,target.\n", 1, "column 2 has no name"),
        ("a,b,a\n", 1, "two columns mean `a`"),
        ("a,inputs.a\n", 1, "two columns mean `a`"),
        ("a\n1\n1,2\n", 3, "there are 2 values for 1 columns"),
        ("a,b\n1\n", 2, "there are 1 values for 2 columns"),
        ('a\n"x\ny"\n1,2\n', 4, "there are 2 values for 1 columns"),
        ('a\n1\n"x', 3, "this is no CSV: unexpected end of data"),
        ('a\n"x"y\n', 2, "this is no CSV"),
        (b"a\nb\n\xff\n", 3, "this is no UTF-8: byte 0xff"),
        ("a".encode("utf-16"), 1, "this is no UTF-8"),
        ("messages\n{}\n", 2, "no chat messages as JSON"),
        ("messages\n[}\n", 2, "no chat messages as JSON"),
        ('messages\n"[{""role"":""x""}]"\n', 2, "no chat messages as JSON"),
    ],
)
def test_a_file_that_is_wrong_is_told_by_its_line(file: str | bytes, line: int, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        rows(file)
    (problem,) = caught.value.problems
    assert problem.path == ("file", line)
    assert problem.message.startswith(f"Line {line}: ")
    assert message in problem.message


def test_several_rows_that_are_wrong_are_told() -> None:
    assert problems(lambda: rows("a\n1,2\n3\n4,5\n")) == [("file", 2), ("file", 4)]
    assert len(problems(lambda: rows("a\n" + "1,2\n" * 1_000))) == MOST_PROBLEMS


@given(file=st.binary(max_size=300) | st.text(alphabet='a,"\n\r\0ü', max_size=60).map(str.encode))
def test_no_file_whatever_breaks_the_reader(file: bytes) -> None:
    try:
        found = rows(file)
    except Invalid:
        return
    assert all(set(one) == {"inputs", "messages", "target"} for one in found)
