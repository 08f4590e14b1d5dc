"""What code means, outside of any sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.backends.sandbox.jail import modules, program


@pytest.mark.parametrize(
    ("code", "value"),
    [("1 + 1", 2), ("x", 5), ("x = 1", None), ("", None), ("x\ny = 2\n", None), ("def f(): pass\nx * 2", 10)],
)
def test_the_value_is_the_last_expressions(code: str, value: Any) -> None:
    assert program.last_value(program.parse(code), {"x": 5}) == value


def test_our_own_future_imports_do_not_reach_the_code() -> None:
    assert program.last_value(program.parse("def f(x: int): pass\nf.__annotations__['x'] is int"), {}) is True


def test_the_last_function_is_called_with_what_it_takes() -> None:
    tree = program.parse("def f(a, b): return b\ndef g(a): return a")
    assert program.last_function(tree, [1, 2]) == 1


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero (line 1)"),
        ("\n\nraise KeyError('a')", "KeyError: 'a' (line 3)"),
        ("raise ValueError('x' * 10_000)", f"ValueError: {'x' * 4096} (line 1)"),
        (
            "class E(Exception):\n    def __str__(s): return 1 / 0\nraise E",
            "E: <its text can't be shown> (line 3)",
        ),
        ("class S(str): pass\nraise ValueError(S('a'))", "ValueError: a (line 2)"),
    ],
)
def test_errors_are_described(code: str, text: str) -> None:
    with pytest.raises(Exception) as caught:
        program.last_value(program.parse(code), {})
    assert program.described(caught.value) == text


def test_printed_text_ends_where_the_room_does() -> None:
    printed = program.Printed(5)
    print("abc", file=printed)
    assert printed.write("defg") == 4
    assert printed.text() == "abc\nd"


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import colorsys", ["colorsys"]),
        ("import xml.dom.minidom as m", ["xml.dom.minidom"]),
        ("from .here import this", []),
        ("def f():\n    import sndhdr_not", ["sndhdr_not"]),
        ("from no_such import *", ["no_such"]),
        ("__import__('colorsys')", []),
    ],
)
def test_the_imports_of_code_are_found(code: str, names: list[str]) -> None:
    assert list(modules._imported(program.parse(code))) == names


def test_nothing_outside_of_the_standard_library_is_loaded() -> None:
    assert not modules.IMPORTABLE & {"ctypes", "_ctypes", "msgspec", "headrace", "pytest", "__main__"}
    assert {"json", "xml", "zoneinfo"} <= modules.IMPORTABLE
