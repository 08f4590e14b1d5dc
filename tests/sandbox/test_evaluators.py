"""Evaluators of code: what they may look like, what is made of what they give, and that they stay inside."""

from __future__ import annotations

import ast
import asyncio
import platform
from collections.abc import Mapping
from typing import Any

import pytest
from tests.sandbox.box import Box, context
from tests.sandbox.corpus import ATTEMPTS, ESCAPED, Attempt
from tests.sandbox.test_escapes import HELP, SLIPS

from headrace.backends.evaluators.judges import Evaluators
from headrace.backends.sandbox.failures import CodeFailed
from headrace.backends.sandbox.runners import NoSandbox
from headrace.core.effects import EffectFailed, Fault, ModelProvider
from headrace.core.judging import Verdict
from headrace.core.kinds.evaluator import EvaluatorSpec, EvaluatorType, NumberLimits, Option, ReturnType

LOG: dict[str, Any] = {
    "id": "log_1",
    "inputs": {"question": "How far?"},
    "output": "42 km",
    "output_message": {"role": "assistant", "content": "42 km"},
    "error": None,
    "messages": [{"role": "user", "content": "How far?"}],
    "start_time": "2026-01-02T03:04:05",
    "end_time": "2026-01-02T03:04:07",
    "children": [{"id": "log_2", "output": "inner", "children": []}],
}
CASE = {"id": "dp_1", "inputs": {}, "messages": None, "target": {"output": "42 km"}}


class NoModels(ModelProvider):
    """For evaluators that ask none."""


def spec(code: str, return_type: str = "boolean", **members: Any) -> EvaluatorSpec:
    return EvaluatorSpec(
        arguments_type="target_free",
        return_type=ReturnType(return_type),
        evaluator_type=EvaluatorType.PYTHON,
        code=code,
        **members,
    )


def judged(box: Box, of: EvaluatorSpec, target: Mapping[str, Any] | None = None) -> Verdict:
    return box.wait(Evaluators(box.sandbox, NoModels()).judge(of, LOG, target, context()))


JUDGMENTS: dict[str, tuple[str, Any]] = {
    "a function of the log": ("def f(log):\n    return log['output'] == '42 km'", True),
    "its inputs": ("def f(log):\n    return 'far' in log['inputs']['question']", True),
    "its children": ("def f(log):\n    return len(log['children']) == 1", True),
    "members that are null": ("def f(log):\n    return log.get('error') is not None", False),
    "messages": ("def f(log):\n    return log['messages'][-1]['role'] == 'user'", True),
    "the last function decides": ("def a(log):\n    return False\ndef b(log):\n    return True", True),
    "helpers before it": ("def is_it(x):\n    return x > 1\ndef f(log):\n    return is_it(2)", True),
    "a helper that is used inside": ("def f(log):\n    def g():\n        return True\n    return g()", True),
    "a class before it": ("class A:\n    def f(self): return True\ndef f(log):\n    return A().f()", True),
    "a class after it": ("def f(log):\n    return True\nclass A:\n    def f(self): return False", True),
    "statements after it": ("def f(log):\n    return X\nX = True", True),
    "a lambda after it": ("def f(log):\n    return True\ng = lambda log: False", True),
    "a main guard": ("def f(log):\n    return True\nif __name__ == '__test__':\n    1 / 0", True),
    "imports at the top": ("import re\nfrom json import loads\ndef f(log):\n    return bool(re.search(r'\\d', log['output']))", True),
    "an import inside": ("def f(log):\n    import difflib\n    return difflib.SequenceMatcher(None, 'a', 'a').ratio() == 1", True),
    "annotations": ("from typing import Any\ndef f(log: dict[str, Any]) -> bool:\n    return True", True),
    "annotations of the future": ("from __future__ import annotations\ndef f(log: Whatever) -> bool:\n    return True", True),
    "a docstring": ('"""What it is for."""\ndef f(log):\n    """Says so."""\n    return True', True),
    "no argument": ("def f():\n    return True", True),
    "a second argument with a default": ("def f(log, target=None):\n    return target is None", True),
    "any arguments": ("def f(*all):\n    return len(all) == 1", True),
    "one argument and others": ("def f(log, *others, **named):\n    return not others and not named", True),
    "keywords with defaults": ("def f(log, *, strict=True):\n    return strict", True),
    "positional only": ("def f(log, /):\n    return True", True),
    "a decorator that keeps the signature": (
        "import functools\ndef d(f):\n    @functools.wraps(f)\n    def g(*a, **k):\n        return not f(*a, **k)\n    return g\n@d\ndef f(log):\n    return False",
        True,
    ),
    "a decorator that hides it": ("def d(f):\n    return lambda *a: f(*a)\n@d\ndef f(log):\n    return True", True),
    "a cached function": ("import functools\n@functools.lru_cache\ndef f():\n    return True", True),
    "a recursive function": ("def f(log, n=3):\n    return n == 0 or f(log, n - 1)", True),
    "a global": ("SEEN = []\ndef f(log):\n    global SEEN\n    SEEN.append(1)\n    return len(SEEN) == 1", True),
    "a match": ("def f(log):\n    match log:\n        case {'output': str()}: return True\n    return False", True),
    "a caught exception": ("def f(log):\n    try:\n        return log['nothing']\n    except KeyError:\n        return False", False),
    "1 for true": ("def f(log):\n    return 1", True),
    "nothing at all": ("def f(log):\n    pass", None),
    "None": ("def f(log):\n    return None", None),
    "unicode": ("def prüfe(log):\n    return 'ü' == '\\u00fc'", True),
    "windows line ends": ("def f(log):\r\n    return True\r\n", True),
    "tabs": ("def f(log):\n\treturn True", True),
}  # fmt: skip


@pytest.mark.parametrize("name", JUDGMENTS)
def test_code_judges(box: Box, name: str) -> None:
    code, expected = JUDGMENTS[name]
    verdict = judged(box, spec(code))
    assert verdict.error is None
    assert verdict.judgment is expected or (verdict.judgment, type(verdict.judgment)) == (
        expected,
        type(expected),
    )


TARGETS: dict[str, tuple[str, Any]] = {
    "the data point": ("def f(log, case):\n    return log['output'] == case['target']['output']", True),
    "one that is not asked for": ("def f(log):\n    return True", True),
    "a default that is not used": ("def f(log, case=None):\n    return case['id'] == 'dp_1'", True),
    "any arguments": ("def f(*all):\n    return [one['id'] for one in all] == ['log_1', 'dp_1']", True),
    "more than there are, with defaults": ("def f(log, case, extra=3):\n    return extra == 3", True),
}


@pytest.mark.parametrize("name", TARGETS)
def test_code_is_given_the_data_point_if_it_takes_one(box: Box, name: str) -> None:
    code, expected = TARGETS[name]
    assert judged(box, spec(code), CASE) == Verdict(judgment=expected)


ERRORS: dict[str, tuple[str, str]] = {
    "an exception": ("def f(log):\n    x = 1\n    return 1 / 0", "ZeroDivisionError: division by zero (line 3)"),
    "in a helper": ("def g():\n    return {}['a']\n\ndef f(log):\n    return g()", "KeyError: 'a' (line 2)"),
    "an exception of its own": (
        "class Bad(Exception): pass\ndef f(log):\n    raise Bad('so bad')",
        "Bad: so bad (line 3)",
    ),
    "at the top": ("raise ValueError('early')\ndef f(log):\n    return True", "ValueError: early (line 1)"),
    "an assertion": ("def f(log):\n    assert log['output'] == '', 'not empty'", "AssertionError: not empty (line 2)"),
    "the end of the process": ("import sys\ndef f(log):\n    sys.exit(1)", "SystemExit: 1 (line 3)"),
    "no Python": ("def f(log:\n    return True", "SyntaxError: '(' was never closed (line 1)"),
    "no function": ("x = 1", "NameError: the code defines no function at its top level"),
    "nothing": ("", "NameError: the code defines no function at its top level"),
    "a lambda only": ("f = lambda log: True", "NameError: the code defines no function at its top level"),
    "a method only": ("class A:\n    def f(self): pass", "NameError: the code defines no function at its top level"),
    "a function in an if": ("if True:\n    def f(log): return True", "NameError: the code defines no function at its top level"),
    "an async function": (
        "def g(log):\n    return True\nasync def f(log):\n    return True",
        "TypeError: the last function is an `async def`; it has to be a `def`",
    ),
    "a generator": ("def f(log):\n    yield True", "TypeError: Object of type generator is not JSON serializable"),
    "a second argument that nobody gives": (
        "def f(log, case):\n    return True",
        "TypeError: f() missing 1 required positional argument: 'case'",
    ),
    "a keyword that nobody gives": (
        "def f(log, *, strict):\n    return True",
        "TypeError: f() missing 1 required keyword-only argument: 'strict'",
    ),
    "a function that is none any more": ("def f(log):\n    return True\nf = 3", "TypeError: 3 is not a callable object"),
    "a function that is gone": ("def f(log):\n    return True\ndel f", "KeyError: 'f'"),
    "a package": (
        "import numpy as np\ndef f(log):\n    return True",
        "ModuleNotFoundError: No module named 'numpy' (line 1). Evaluators have Python's standard library and no other",
    ),
    "a set": ("def f(log):\n    return {1}", "TypeError: Object of type set is not JSON serializable"),
    "not a number": ("def f(log):\n    return float('nan')", "ValueError: Out of range float values are not JSON compliant"),
    "a text for a truth": ("def f(log):\n    return 'yes'", "The judgment 'yes' is neither true nor false."),
    "a number for a truth": ("def f(log):\n    return 0.5", "The judgment 0.5 is neither true nor false."),
    "a list for a truth": ("def f(log):\n    return [True]", "The judgment [True] is neither true nor false."),
    "too much": ("def f(log):\n    return 'x' * 70_000", "The result is larger than 65536 bytes."),
    "too much memory": ("def f(log):\n    return len(bytearray(80 * 1024 * 1024)) > 0", "MemoryError"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_what_goes_wrong_is_told_with_the_code_s_own_lines(box: Box, name: str) -> None:
    code, expected = ERRORS[name]
    verdict = judged(box, spec(code))
    assert verdict.judgment is None
    assert verdict.error is not None
    assert verdict.error.startswith(expected)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("while True: pass", ("The code used more than 1 s of", "The code ran for longer than 2.5 s.")),
        ("import time; time.sleep(60)", ("The code ran for longer than 2.5 s.",)),
    ],
)
def test_an_evaluator_without_an_end_is_ended(limited: Box, body: str, expected: tuple[str, ...]) -> None:
    verdict = judged(limited, spec(f"def f(log):\n    {body}"))
    assert (verdict.error or "").startswith(expected)


TYPES: dict[str, tuple[EvaluatorSpec, Any, str | None]] = {
    "a number": (spec("def f(log):\n    return 0.5", "number"), 0.5, None),
    "a whole number": (spec("def f(log):\n    return 3", "number"), 3, None),
    "a truth for a number": (
        spec("def f(log):\n    return True", "number"),
        None,
        "The judgment True is not a number.",
    ),
    "a number above the limit": (
        spec("def f(log):\n    return 6", "number", number_limits=NumberLimits(min=1, max=5)),
        None,
        "The judgment 6 is above 5.",
    ),
    "a number too large for a double": (
        spec("def f(log):\n    return 10 ** 400", "number"),
        None,
        "The judgment 1",
    ),
    "an option": (
        spec("def f(log):\n    return 'good'", "select", options=[Option(name="good")]),
        "good",
        None,
    ),
    "no option": (
        spec("def f(log):\n    return 'bad'", "select", options=[Option(name="good")]),
        None,
        "The judgment 'bad' is not one of the options: good.",
    ),
    "options": (
        spec(
            "def f(log):\n    return ('a', 'b')", "multi_select", options=[Option(name="a"), Option(name="b")]
        ),
        ["a", "b"],
        None,
    ),
    "a text": (spec("def f(log):\n    return log['output'].upper()", "text"), "42 KM", None),
}


@pytest.mark.parametrize("name", TYPES)
def test_a_judgment_is_of_the_evaluator_s_type(box: Box, name: str) -> None:
    of, expected, error = TYPES[name]
    verdict = judged(box, of)
    assert verdict.judgment == expected
    assert (verdict.error or "").startswith(error or "")
    assert (verdict.error is None) == (error is None)


def test_what_is_printed_is_kept_whatever_comes_of_it(box: Box) -> None:
    printed = [
        judged(box, spec(f"def f(log):\n    print('seen', log['id'])\n    {end}")).stdout
        for end in ("return True", "return 'wrong'", "raise ValueError")
    ]
    assert printed == ["seen log_1\n"] * 3
    assert judged(box, spec("def f(log):\n    return True")).stdout is None


def as_evaluator(attempt: Attempt, left_open: int) -> str:
    """An attempt to get out as code whose last function gives its outcome."""
    tree = ast.parse(f"LEFT_OPEN = {left_open}\n{HELP}{attempt.code}")
    last = tree.body[-1]
    assert isinstance(last, ast.Expr)
    return f"{ast.unparse(ast.Module(tree.body[:-1], []))}\n_outcome = {ast.unparse(last)}\ndef f(log):\n    return str(_outcome)"


@pytest.mark.skipif(
    platform.machine() != "x86_64", reason="some attempts use the numbers of its system calls"
)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda one: one.name)
def test_an_evaluator_does_not_get_out(box: Box, left_open: int, attempt: Attempt) -> None:
    verdict = judged(box, spec(as_evaluator(attempt, left_open), "text"))
    assert verdict.judgment != ESCAPED
    assert not (verdict.error or "").startswith(SLIPS)


class Full(NoSandbox):
    """Has no place left."""

    async def call(self, code: str, arguments: Any, context: Any) -> Any:
        raise CodeFailed("The code was not run: 4 others were running.", fault=Fault.THROTTLED)


def test_code_that_was_not_run_has_not_failed() -> None:
    with pytest.raises(EffectFailed, match="was not run"):
        asyncio.run(Evaluators(Full(), NoModels()).judge(spec("def f(log): ..."), LOG, None, context()))


def test_without_a_sandbox_the_verdict_says_so() -> None:
    verdict = asyncio.run(
        Evaluators(NoSandbox(), NoModels()).judge(spec("def f(): ..."), LOG, None, context())
    )
    assert verdict == Verdict(error="This server runs no code: HEADRACE_SANDBOX is off.")


@pytest.mark.parametrize("kind", [EvaluatorType.HUMAN, EvaluatorType.EXTERNAL])
def test_what_people_and_clients_judge_is_not_run(kind: EvaluatorType) -> None:
    other = EvaluatorSpec(arguments_type="target_free", return_type=ReturnType.TEXT, evaluator_type=kind)
    verdict = asyncio.run(Evaluators(NoSandbox(), NoModels()).judge(other, LOG, None, context()))
    assert verdict == Verdict(error=f"Evaluators of the type `{kind}` are not carried out by the server.")
