"""Tools: which function is called, with what, and what it finds around it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tests.sandbox.box import Box, context

from headrace.backends.sandbox.limits import SandboxLimits
from headrace.backends.sandbox.monty import MontySandbox
from headrace.backends.sandbox.runners import NoSandbox
from headrace.backends.tools import SandboxedTools
from headrace.core.effects import EffectFailed, Fault, ToolOutcome

ADD = "def add(x, y=1):\n    print('adding')\n    return x + y\n\ndef other():\n    return 'other'\n"


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """One sandbox for all."""
    with Box(SandboxLimits()) as box:
        yield box


def use(
    box: Box, source: str, *, name: str | None = None, environment: Any = None, **inputs: Any
) -> ToolOutcome:
    tools = SandboxedTools(box.sandbox)
    return box.wait(tools.use(source, inputs, context(), name=name, environment=environment or {}))


def test_the_named_function_is_called_with_arguments_by_name(box: Box) -> None:
    assert use(box, ADD, name="add", y=5, x=2) == ToolOutcome(value=7, stdout="adding\n")
    assert use(box, ADD, name="add", x=2).value == 3
    assert use(box, ADD).value == "other"
    assert use(box, ADD, name="gone").value == "other"


def test_it_finds_its_environment_and_no_other(box: Box) -> None:
    source = "import os\ndef f():\n    return sorted(set(os.environ.items()) - {('LC_CTYPE', 'C.UTF-8')}), os.getenv('KEY')\n"
    assert use(box, source, environment={"KEY": "s3cret", "A": ""}).value == [
        [["A", ""], ["KEY", "s3cret"]],
        "s3cret",
    ]
    assert use(box, source).value == [[], None]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(x):\n    return x\n", "TypeError: f() got an unexpected keyword argument 'y'"),
        (
            "def f(y):\n    print('so far')\n    return y / 0\n",
            "ZeroDivisionError: division by zero (line 3)",
        ),
        ("x = 1\n", "NameError: the code defines no function at its top level"),
        ("def f(:\n", "SyntaxError"),
        ("async def f(y):\n    pass\n", "TypeError: the last function is an `async def`"),
        ("def f(y):\n    return {1, 2}\n", "TypeError: Object of type set is not JSON serializable"),
        (
            "import requests\ndef f(y):\n    pass\n",
            "Tools have Python's standard library and no other packages",
        ),
    ],
)
def test_its_own_failures_are_outcomes(box: Box, source: str, said: str) -> None:
    outcome = use(box, source, y=1)
    assert outcome.value is None
    assert said in (outcome.error or "")
    assert outcome.stdout == ("so far\n" if "so far" in source else "")


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return open('/etc/passwd').read()\n",
        "import socket\ndef f():\n    return socket.create_connection(('127.0.0.1', 22)).fileno()\n",
        "import os\ndef f():\n    return os.fork()\n",
    ],
)
def test_it_gets_nowhere(box: Box, source: str) -> None:
    assert "Error" in (use(box, source).error or "")


def test_without_a_sandbox_nothing_is_run() -> None:
    using = SandboxedTools(NoSandbox()).use(ADD, {}, context(), name=None, environment={})
    with pytest.raises(EffectFailed, match="HEADRACE_SANDBOX is off") as caught:
        asyncio.run(using)
    assert caught.value.fault is Fault.DEPENDENCY


def test_monty_has_no_environment() -> None:
    using = SandboxedTools(MontySandbox()).use(ADD, {}, context(), name=None, environment={"A": "b"})
    assert "native sandbox" in (asyncio.run(using).error or "")
