"""What is asked of a client's answer before its values: that operation, that type, and every member of it."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Any

import httpx
import humanloop.types
from humanloop.core.pagination import AsyncPager, SyncPager
from pydantic import BaseModel, TypeAdapter
from tests.contract.humanloop.methods.world import Row

from headrace.apis.humanloop.api import OPERATIONS

UNTYPED = {"logs.get", "prompts.update_log", "tools.update"}
"""Methods whose answers the Python client gives as it got them: it can't resolve its own union there (0.6)."""

ECHOED = {"ChatMessage", "CodeEvaluatorRequest", "ExternalEvaluatorRequest", "ResponseFormat", "ToolFunction"}
"""Types of what a caller sent, which comes back as it was, without what was left out."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request of a client, and what it was answered.

    Attributes:
        body: the answer's JSON; None when it was something else, or nothing.
    """

    method: str
    path: str
    status: int
    body: Any


def is_json(response: httpx.Response) -> bool:
    """Whether an answer is JSON; a stream of events is not, and is left to its reader."""
    return response.headers.get("content-type", "").startswith("application/json")


def exchange_of(response: httpx.Response) -> Exchange:
    """What an answer, read if it is JSON, was asked with and says."""
    body = json.loads(response.content) if is_json(response) else None
    path = response.request.url.raw_path.decode().partition("?")[0].removeprefix("/v5")
    return Exchange(response.request.method, path, response.status_code, body)


@cache
def _path_of(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"{\w+}", "[^/]+", template) + "$")


def check_operation(row: Row, exchange: Exchange) -> None:
    """The exchange is the operation that the row names."""
    (operation,) = (one for one in OPERATIONS if one.name == row.operation)
    assert (exchange.method, exchange.status) == (operation.method, operation.status), exchange
    assert _path_of(operation.template).match(exchange.path), exchange


def resolved(kind: Any) -> Any:
    """A type as the client's module of types knows it."""
    holder = type("Holder", (), {"__annotations__": {"one": kind}})
    return typing.get_type_hints(holder, vars(humanloop.types))["one"]


def check_type(kind: Any, answer: Any, body: Any, *, is_untyped: bool = False) -> None:
    """What the server sent has the type that the client declares, and so has what the client made of it."""
    if kind is NoneType:
        assert answer is None
        return
    made = TypeAdapter(resolved(kind)).validate_python(body)
    expected = dict if is_untyped else type(made)
    assert type(answer) is expected, f"{type(answer)} is not {expected}"
    check_members(made, body)


def check_members(made: Any, body: Any) -> None:
    """Every member that a type declares is in what the server sent, be it null (0.3)."""
    if isinstance(made, list):
        for one, part in zip(made, body, strict=True):
            check_members(one, part)
    if not isinstance(made, BaseModel) or type(made).__name__ in ECHOED:
        return
    for name, field in type(made).model_fields.items():
        aliases = (getattr(one, "alias", None) for one in field.metadata)
        member = next((alias for alias in aliases if alias), name)
        assert member in body, f"{type(made).__name__} has no {member}"
        check_members(getattr(made, name), body[member])


def check_declared(row: Row, function: Callable[..., Any], answer: Any, heard: list[Exchange]) -> None:
    """An answer, whose pages and pieces are read already, is what the method's signature says."""
    kind = typing.get_type_hints(function)["return"]
    if typing.get_origin(kind) in (SyncPager, AsyncPager):
        for item, body in zip(answer, [one for page in heard for one in page.body["records"]], strict=True):
            check_type(typing.get_args(kind)[0], item, body)
    elif isinstance(answer, list) and typing.get_origin(kind) is not list:
        for item in answer:
            check_type(typing.get_args(kind)[0], item, item.model_dump())
    elif row.operation:
        body = answer if isinstance(answer, str) else heard[0].body
        check_type(kind, answer, body, is_untyped=row.method in UNTYPED)
    else:
        TypeAdapter(kind).validate_python(answer)
