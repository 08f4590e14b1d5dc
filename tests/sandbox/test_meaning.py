"""What code means inside the sandbox: the language is CPython's, the result is JSON."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.box import Box

from headrace.backends.sandbox.failures import CodeFailed

EXAMPLES: dict[str, tuple[str, Any]] = {
    "inputs are globals": ("name.upper() + str(count)", "ADA3"),
    "the last expression is the value": ("x = count * 2\nx\nx + 1", 7),
    "no last expression is None": ("x = count", None),
    "no code is None": ("", None),
    "a comment is None": ("# nothing", None),
    "print is nothing": ("print('no')\n1", 1),
    "an if": ("'READY' if count else 'NEEDS_INFO'", "READY"),
    "a comprehension sees globals": ("[name[i] for i in range(count)]", ["A", "d", "a"]),
    "a function sees globals": ("def f():\n    return name\nf()", "Ada"),
    "a recursive function": ("def f(n): return 1 if n < 2 else n * f(n - 1)\nf(20)", 2432902008176640000),
    "a generator": ("def g():\n    yield from (1, 2)\nlist(g())", [1, 2]),
    "a class that inherits": ("class A(dict):\n    pass\nA(x=1)", {"x": 1}),
    "a dataclass": (
        "from dataclasses import dataclass, asdict\n@dataclass\nclass P:\n    x: 'int'\nasdict(P(1))",
        {"x": 1},
    ),
    "an enum": ("from enum import Enum\nclass E(Enum):\n    A = 1\nE.A.value", 1),
    "match": ("match name:\n    case 'Ada': r = 1\n    case _: r = 2\nr", 1),
    "walrus": ("[y := 1, y ** 2]", [1, 1]),
    "with": ("import contextlib\nwith contextlib.suppress(KeyError): {}[1]\n'on'", "on"),
    "the main guard": ("if __name__ == '__main__': r = 1\nr", 1),
    "re": (r"import re; re.findall(r'\d+', 'a1b22')", ["1", "22"]),
    "json": ("import json; json.loads('{\"a\": [1]}')", {"a": [1]}),
    "datetime": ("from datetime import datetime as d; d.strptime('2024-02-29', '%Y-%m-%d').isoformat()[:4]", "2024"),
    "a time zone": (
        ("from zoneinfo import ZoneInfo\nfrom datetime import datetime\n"
        "datetime(2024, 7, 1, tzinfo=ZoneInfo('Europe/Berlin')).utcoffset().total_seconds()"),
        7200.0,
    ),
    "decimal": ("from decimal import Decimal as D; str(D('0.1') + D('0.2'))", "0.3"),
    "hashlib": ("import hashlib; hashlib.sha256(b'').hexdigest()[:8]", "e3b0c442"),
    "hmac": ("import hmac; hmac.new(b'k', b'm', 'sha256').hexdigest()[:8]", "b60090e3"),
    "csv": ("import csv, io; list(csv.DictReader(io.StringIO('a,b\\n1,2')))", [{"a": "1", "b": "2"}]),
    "statistics": ("import statistics; statistics.median([1, 3, 2])", 2),
    "uuid": ("import uuid; len(str(uuid.uuid4()))", 36),
    "an import that is not warm": (
        "import xml.etree.ElementTree as E; E.fromstring('<a><b>1</b></a>').findtext('b')",
        "1",
    ),
    "a module of a package": ("from xml.dom import minidom; minidom.parseString('<a/>').documentElement.tagName", "a"),
    "an import in a function": ("def f():\n    import colorsys\n    return colorsys.__name__\nf()", "colorsys"),
    "what a module needs later": ("import socket; 'bücher.de'.encode('idna').decode()", "xn--bcher-kva.de"),
    "a code page": ("'€'.encode('cp1252').hex()", "80"),
    "large numbers": ("2 ** 200", 2**200),
    "a tuple is a list": ("1, (2, 3)", [1, [2, 3]]),
    "keys are text": ("{1: 'a', None: 'b'}", {"1": "a", "null": "b"}),
    "unicode": ("'\\U0001f600é'", "\U0001f600é"),
    "numbers stay what they are": ("[1, 1.0, True]", [1, 1.0, True]),
}  # fmt: skip

FAILURES = {
    "1 / 0": "ZeroDivisionError: division by zero (line 1)",
    "x = 1\n\ndef f():\n    return nothing\n\nf()": "NameError: name 'nothing' is not defined (line 4)",
    "import json\njson.loads('{')": (
        "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1) (line 2)"
    ),
    "raise ValueError": "ValueError (line 1)",
    "raise ValueError('a', 1)": "ValueError: ('a', 1) (line 1)",
    "x = (": "SyntaxError: '(' was never closed (line 1)",
    "x = 1\n  y = 2": "IndentationError: unexpected indent (line 2)",
    "x = '\0'": "source code string cannot contain null bytes",
    "{1, 2}": "TypeError: Object of type set is not JSON serializable",
    "object()": "TypeError: Object of type object is not JSON serializable",
    "{(1, 2): 3}": "TypeError: keys must be str, int, float, bool or None, not tuple",
    "float('nan')": "ValueError: Out of range float values are not JSON compliant",
    "'\\ud800'": "UnicodeEncodeError: 'utf-8' codec can't encode character '\\ud800' in position 1: surrogates",
    "raise ValueError('\\ud800')": "ValueError: ? (line 1)",
    "import sys\nsys.exit('bye')": "SystemExit: bye (line 2)",
    "return 1": "SyntaxError: 'return' outside function (line 1)",
    "input()": "EOFError",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_language(box: Box, name: str) -> None:
    code, expected = EXAMPLES[name]
    value = box.run(code, name="Ada", count=3)
    assert value == expected
    assert repr(value) == repr(expected)


@pytest.mark.parametrize("code", FAILURES)
def test_an_error_says_what_and_where(box: Box, code: str) -> None:
    with pytest.raises(CodeFailed) as caught:
        box.run(code)
    assert FAILURES[code] in caught.value.message
    assert caught.value.resource == "InlineCode"


@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, 2**70, "", "é\U0001f600\0\n", [], {}, {"a": [{"b": None}]}], ids=repr
)
def test_variables_come_back_as_they_went(box: Box, value: Any) -> None:
    assert repr(box.run("x", x=value)) == repr(value)


def test_a_large_input_is_no_problem(box: Box) -> None:
    assert box.run("len(x)", x="é" * 5_000_000) == 5_000_000


def test_an_evaluator_is_its_last_function(box: Box) -> None:
    code = "def helper(x):\n    return x\n\ndef judge(log, case):\n    print('seen', log['output'])\n    return case['target'] == helper(log['output'])\n"
    called = box.call(code, {"output": 1}, {"target": 1})
    assert (called.value, called.stdout) == (True, "seen 1\n")


@pytest.mark.parametrize(
    ("signature", "expected"),
    [("", []), ("a", [1]), ("a, b", [1, 2]), ("*a", [1, 2]), ("a, *b", [1, 2]), ("a, b=5, *, c=6", [1, 2])],
)
def test_it_gets_as_many_arguments_as_it_takes(box: Box, signature: str, expected: list[int]) -> None:
    code = f"def f({signature}):\n    return [x for v in locals().values() for x in (v if isinstance(v, tuple) else [v])][:2]"
    assert box.call(code, 1, 2).value == expected


def test_a_failing_evaluator_tells_what_it_printed(box: Box) -> None:
    with pytest.raises(CodeFailed, match=r"ZeroDivisionError: division by zero \(line 3\)") as caught:
        box.call("def f(log):\n    print('before')\n    return 1 / 0", {})
    assert caught.value.stdout == "before\n"


def test_what_is_printed_is_kept_up_to_a_point(box: Box) -> None:
    called = box.call("def f():\n    print('\\0' * 200_000)\n    return 1")
    assert (called.value, len(called.stdout)) == (1, 64 * 1024)


def test_an_evaluator_without_a_function_says_so(box: Box) -> None:
    with pytest.raises(CodeFailed, match="NameError: the code defines no function at its top level"):
        box.call("x = 1", {})
