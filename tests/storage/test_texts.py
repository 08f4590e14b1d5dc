"""Texts come back as they went in, whatever is in them, and are ordered by their characters."""

from __future__ import annotations

import pytest
from tests.storage.things import START, Desk, alias, file, log, payload, version

from headrace.core.files import FileQuery, FileSort
from headrace.core.logs import LogQuery

ODD = [
    "a\0b",
    "\0",
    "\x01",
    "a\x01\x02",
    "\x01\x01",
    "\0\x01\0",
    "\x02\x01",
    "ends in \x01",
    "%_\\'\"$1 :x",
    "Ü𝄞\u2028",
]


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_a_text_comes_back_as_it_went_in(desk: Desk, text: str) -> None:
    desk.write(lambda tx: tx.files.add(file(description=text, readme=text, tags=(text, "b"))))
    desk.write(lambda tx: tx.aliases.add(alias(name=text, description=text)))
    desk.write(lambda tx: tx.tags.put(resource=text, tags={text: text}))
    found = desk.read(lambda tx: tx.files.get(id="fl_1"))
    assert found is not None
    assert (found.description, found.readme, found.tags) == (text, text, (text, "b"))
    assert desk.read(lambda tx: tx.aliases.by_name(file_id="fl_1", name=text)) == alias(
        name=text, description=text
    )
    assert desk.read(lambda tx: tx.tags.of(resource=text)) == {text: text}


def test_names_are_ordered_by_their_characters(desk: Desk) -> None:
    names = ["a", "a\0", "a\0b", "a\x01", "a\x01b", "a\x02", "a b", "aB", "ab", "b", "Ä", "ä", "ß", "𝄞"]
    for number, name in enumerate(names):
        desk.write(
            lambda tx, n=number, name=name: tx.files.add(
                file(f"fl_{n}", path=name, short_name=f"n{n}", directory_id="dir_1")
            )
        )
    query = FileQuery(kinds=("flow",), sort=FileSort.NAME, descending=False)
    found, _ = desk.read(lambda tx: tx.files.page(query, skip=0, take=99))
    assert [one.path for one in found] == sorted(names)


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_nothing_odd_is_found_where_it_is_not(desk: Desk, text: str) -> None:
    desk.write(lambda tx: (tx.files.add(file()), tx.versions.add(version())))
    desk.write(lambda tx: tx.logs.add(log(payload=payload(output="plain")), at=START))
    assert desk.read(lambda tx: tx.logs.some(ids=[text, "log_1"])) == [log(payload=payload(output="plain"))]
    assert desk.read(lambda tx: tx.logs.get(id=text)) is None
    assert desk.read(lambda tx: tx.logs.page(LogQuery(file_id="fl_1", ids=(text,)), skip=0, take=9)) == (
        [],
        0,
    )
    assert desk.read(lambda tx: tx.files.page(FileQuery(name=text), skip=0, take=9)) == ([], 0)
    assert desk.read(lambda tx: tx.logs.children(parent_ids=[text])) == []
