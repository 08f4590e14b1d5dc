"""The other sandbox, which is there when it is installed."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Coroutine
from typing import Any

import pytest
from tests.sandbox.box import context

from headrace.backends.sandbox.failures import CodeFailed, SandboxUnavailable
from headrace.backends.sandbox.limits import SandboxLimits
from headrace.backends.sandbox.monty import MontySandbox

LIMITS = SandboxLimits(
    cpu_s=1, memory_mib=16, wall_s=2.0, output_bytes=64 * 1024, code_bytes=256 * 1024, concurrent=2
)
IS_INSTALLED = importlib.util.find_spec("pydantic_monty") is not None
installed = pytest.mark.skipif(not IS_INSTALLED, reason="NOT TESTED: pydantic-monty is not installed")


def outcome(act: Any) -> Any:
    """What comes of an act with a sandbox, or the text of its failure."""

    async def do() -> Any:
        sandbox = MontySandbox(LIMITS)
        try:
            return await act(sandbox)
        except CodeFailed as failure:
            return failure.message, failure.stdout
        finally:
            await sandbox.close()

    return asyncio.run(do())


def run(code: str, **variables: Any) -> Any:
    def act(sandbox: MontySandbox) -> Coroutine[Any, Any, Any]:
        return sandbox.run(code, variables, context())

    return outcome(act)


def call(code: str, *arguments: Any) -> Any:
    def act(sandbox: MontySandbox) -> Coroutine[Any, Any, Any]:
        return sandbox.call(code, arguments, context())

    return outcome(act)


@pytest.mark.skipif(IS_INSTALLED, reason="it is installed, so there is nothing to complain of")
def test_without_it_nothing_runs() -> None:
    with pytest.raises(SandboxUnavailable, match=r"Install `headrace\[monty\]`"):
        run("1")


@installed
@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("x + 1", 3),
        ("(1, {'a': [None]})", [1, {"a": [None]}]),
        ("y = 1", None),
        ("print('no')\n2 ** 80", 2**80),
    ],
)
def test_the_last_expression_is_the_value(code: str, value: Any) -> None:
    assert run(code, x=2) == value


@installed
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def f():\n    return 1 / 0\n\nf()", "ZeroDivisionError: division by zero (line 2)"),
        ("{1, 2}", "TypeError: Object of type set is not JSON serializable"),
        ("float('nan')", "ValueError: Out of range float values are not JSON compliant"),
        ("'x' * 70_000", "The result is larger than 65536 bytes."),
        ("#" * 300_000, "The code is larger than 262144 bytes."),
    ],
)
def test_an_error_says_what_and_where(code: str, message: str) -> None:
    assert run(code)[0].startswith(message)


@installed
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("while True: pass", "TimeoutError"),
        ("'x' * 10 ** 9", "MemoryError"),
        ("open('/etc/passwd')", "PermissionError"),
        ("import socket", "ModuleNotFoundError"),
    ],
)
def test_what_takes_too_much_or_looks_outside_is_stopped(code: str, message: str) -> None:
    assert run(code)[0].startswith(message)


@installed
def test_an_evaluator_is_its_last_function() -> None:
    called = call(
        "def helper(x):\n    return x\ndef judge(log):\n    print('seen')\n    return helper(log['a'])",
        {"a": 1},
        2,
    )
    assert (called.value, called.stdout) == (1, "seen\n")
    assert call("def f(log):\n    print('before')\n    return log['b']", {})[1] == "before\n"
    assert call("x = 1") == ("NameError: the code defines no function at its top level", "")
