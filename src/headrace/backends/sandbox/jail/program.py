"""What code means: as a node's (its last expression), an evaluator's or a tool's (one of its functions).

Everything here is done inside the locks, at the mercy of the foreign code. The server believes none of it.
"""

from __future__ import annotations

import ast
import inspect
import io
import json
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

FILENAME = "<code>"
NO_FUNCTION = "the code defines no function at its top level"
ASYNC_FUNCTION = "the last function is an `async def`; it has to be a `def`"
MOST_ERROR_CHARS = 4096
UNPRINTABLE = "<its text can't be shown>"
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Printed(io.TextIOBase):
    """Standard output that keeps its first ``most`` characters and forgets the rest."""

    def __init__(self, most: int) -> None:
        self._pieces: list[str] = []
        self._room = most

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        piece = text[: self._room]
        if piece:
            self._pieces.append(piece)
            self._room -= len(piece)
        return len(text)

    def text(self) -> str:
        """What was kept."""
        return "".join(self._pieces)


def parse(code: str) -> ast.Module:
    """The code as a tree.

    Raises:
        SyntaxError: it isn't Python.
        ValueError: it holds a null character.
        RecursionError: it is nested too deeply.
        MemoryError: the same, said by another part of the parser.
    """
    return ast.parse(code, FILENAME)


def last_value(tree: ast.Module, variables: Mapping[str, Any]) -> Any:
    """Run code with its variables as globals, as a session would: the last expression statement's value.

    None when the last statement is not an expression (bedrock 2.10).
    """
    space = _space(variables)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        exec(_compiled(tree), space)  # noqa: S102
        return None
    exec(_compiled(ast.Module(tree.body[:-1], tree.type_ignores)), space)  # noqa: S102
    return eval(compile(ast.Expression(last.value), FILENAME, "eval", dont_inherit=True), space)  # noqa: S307


def last_function(tree: ast.Module, arguments: Sequence[Any]) -> Any:
    """Run code, then call its last top-level function (humanloop 3.8)."""
    name = last_definition(tree).name
    space = _space({})
    exec(_compiled(tree), space)  # noqa: S102
    function = space[name]
    return function(*arguments[: _positions(function)])


def named_function(tree: ast.Module, name: str | None, inputs: Mapping[str, Any]) -> Any:
    """Run code, then call a top-level function with arguments by name."""
    called = definition(tree, name).name
    space = _space({})
    exec(_compiled(tree), space)  # noqa: S102
    return space[called](**inputs)


def definition(tree: ast.Module, name: str | None) -> ast.FunctionDef:
    """The function of that name at the top level, or else the last one.

    Raises:
        NameError: there is none.
        TypeError: it is one that would have to be awaited.
    """
    named = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    return named[-1] if named else last_definition(tree)


def last_definition(tree: ast.Module) -> ast.FunctionDef:
    """The last function at the top level.

    Raises:
        NameError: there is none.
        TypeError: it is one that would have to be awaited.
    """
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if not functions:
        raise NameError(NO_FUNCTION)
    last = functions[-1]
    if isinstance(last, ast.AsyncFunctionDef):
        raise TypeError(ASYNC_FUNCTION)
    return last


def described(error: BaseException) -> str:
    """``<Type>: <text> (line N)``, N being the last line of the code that the error passed through."""
    line = _line(error)
    text = _text(error)
    head = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return f"{head} (line {line})" if line else head


def as_json(value: Any) -> str:
    """A value as JSON.

    Raises:
        TypeError: a part of it has no form in JSON.
        ValueError: it contains itself, or a number that JSON doesn't have.
        RecursionError: it is nested too deeply.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _space(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The globals, in a module of their own: dataclasses and pickle look it up by name."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.__dict__.update(variables)
    return module.__dict__


def _compiled(tree: ast.Module) -> types.CodeType:
    return compile(tree, FILENAME, "exec", dont_inherit=True)


def _positions(function: Callable[..., Any]) -> int | None:
    """How many positional arguments it takes; None when any number."""
    parameters = inspect.signature(function).parameters.values()
    if any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters):
        return None
    return sum(one.kind in POSITIONAL for one in parameters)


def _text(error: BaseException) -> str:
    try:
        if isinstance(error, SyntaxError):
            return str.__str__(error.msg)[:MOST_ERROR_CHARS]
        return str.__str__(str(error))[:MOST_ERROR_CHARS]
    except BaseException:  # noqa: BLE001  # the text is made by the code, too
        return UNPRINTABLE


def _line(error: BaseException) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == FILENAME:
        return error.lineno
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILENAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
