"""What is said of texts that a command is given, when they can't be read."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import click
import pytest

from headrace.cli.given import text_given
from headrace.cli.run import read_input
from headrace.cli.run_file import read_plan


def test_a_mark_of_the_byte_order_is_no_part_of_a_text(tmp_path: Path) -> None:
    file = tmp_path / "input.json"
    file.write_bytes(b"\xef\xbb\xbf" + '["ü"]'.encode())
    assert read_input(f"@{file}") == ["ü"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "can't be read: No such file or directory."), (b"\xff", "is no text in UTF-8.")],
)
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "given.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(click.UsageError) as refused:
        text_given(f"@{file}")
    assert refused.value.message == f"{file} {said}"


def test_a_standard_input_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff"), encoding="utf-8"))
    with pytest.raises(click.UsageError, match="standard input"):
        text_given("-")


def test_a_definition_that_is_not_json_says_so(tmp_path: Path) -> None:
    file = tmp_path / "flow.json"
    file.write_text("nodes: []")
    with pytest.raises(click.UsageError, match=r"flow\.json is not JSON: Expecting value"):
        read_plan(file)


def test_what_is_no_definition_at_all_is_called_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "flow.json"
    file.write_text(json.dumps([]))
    with pytest.raises(SystemExit):
        read_plan(file)
    assert capsys.readouterr().err == "Error: the definition: Member must be an object\n"
