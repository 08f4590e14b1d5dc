"""Environments, and what is said of files, for our own command line and user interface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from headrace.apis.gate import Gate
from headrace.apis.http import JSON, Request, Response
from headrace.core.errors import Invalid
from headrace.core.files import FileQuery
from headrace.core.kinds import KINDS
from headrace.services.base import Ports
from headrace.services.deployments import environments
from headrace.services.deployments.environments import EnvironmentView
from headrace.services.tree import files
from headrace.services.tree.files import NewTexts
from headrace.services.versions.views import VersionView

MOST = 1000
"""The most files of one page."""
T = TypeVar("T", bound=msgspec.Struct)
Row = tuple[str, str, Callable[[Request, Mapping[str, str]], Awaitable[Response]]]


class NewEnvironment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a request for an environment."""

    name: str


class EnvironmentChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a request to change an environment.

    Attributes:
        name: its name from now on.
        default: true makes it the default one; what is one stays one until another is.
    """

    name: str | None = None
    default: bool = False


class TextsChange(NewTexts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a request to change what is said of a file. Null clears, absent keeps."""


class ConsoleTree:
    """The console's operations on environments and files."""

    def __init__(self, ports: Ports, gate: Gate) -> None:
        self._ports = ports
        self._gate = gate

    def rows(self) -> list[Row]:
        """The operations, by method and path. Files and environments are named by id, or path or name."""
        return [
            ("GET", "/console/environments", self._list_environments),
            ("POST", "/console/environments", self._create_environment),
            ("PATCH", "/console/environments/{environment}", self._change_environment),
            ("DELETE", "/console/environments/{environment}", self._remove_environment),
            ("GET", "/console/files", self._list_files),
            ("GET", "/console/files/{file}", self._show_file),
            ("PATCH", "/console/files/{file}", self._describe_file),
        ]

    async def _list_environments(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        found = await environments.list_all(self._ports, principal)
        return _json(200, {"environments": [describe_environment(one) for one in found]})

    async def _create_environment(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        wanted = _parse(request.body, NewEnvironment)
        made = await environments.create(self._ports, principal, name=wanted.name)
        return _json(201, describe_environment(made))

    async def _change_environment(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        wanted = _parse(request.body, EnvironmentChange)
        ref = parameters["environment"]
        if wanted.default == (wanted.name is not None):
            raise Invalid.at(message="Give either `name`, or `default` as true.", kind="choice")
        if wanted.name is not None:
            changed = await environments.rename(self._ports, principal, ref=ref, name=wanted.name)
        else:
            changed = await environments.set_default(self._ports, principal, ref=ref)
        return _json(200, describe_environment(changed))

    async def _remove_environment(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        is_forced = ("force", "true") in request.query
        ref = parameters["environment"]
        await environments.remove(self._ports, principal, ref=ref, is_forced=is_forced)
        return Response(status=204)

    async def _list_files(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        query = dict(request.query)
        skip, take = _number(query, "skip", 0, most=2**53), _number(query, "take", 100, most=MOST)
        wanted = FileQuery(
            kinds=tuple(value for name, value in request.query if name == "type"),
            name=query.get("name"),
            under=query.get("path"),
        )
        _check_kinds(wanted.kinds)
        found, total = await files.page(
            self._ports, principal, wanted, environment=query.get("environment"), skip=skip, take=take
        )
        return _json(200, {"files": [describe_file(one) for one in found], "total": total})

    async def _show_file(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        return _json(200, describe_file(await files.find(self._ports, principal, ref=parameters["file"])))

    async def _describe_file(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        texts = _parse(request.body, TextsChange)
        told = await files.describe(self._ports, principal, ref=parameters["file"], texts=texts)
        return _json(200, describe_file(told))


def describe_environment(found: EnvironmentView) -> dict[str, Any]:
    """An environment in JSON's types."""
    shown: dict[str, Any] = msgspec.to_builtins(found.environment)
    return {**shown, "files": found.files_count}


def describe_file(found: VersionView) -> dict[str, Any]:
    """A file, as the version that reads show, in JSON's types."""
    file, version = found.file, found.version
    return {
        "id": file.id,
        "short_id": file.short_id,
        "type": file.kind,
        "path": file.path,
        "name": file.short_name,
        "description": file.description,
        "readme": file.readme,
        "tags": list(file.tags),
        "created_at": file.created_at.isoformat(),
        "updated_at": file.updated_at.isoformat(),
        "version": {
            "id": version.id,
            "name": version.name,
            "environments": [environment.name for environment in found.environments],
        },
    }


def _parse(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid.at(message=str(error)) from None


def _check_kinds(kinds: tuple[str, ...]) -> None:
    for kind in kinds:
        if kind not in KINDS:
            message = f"There is no type {kind!r}; types are: {', '.join(sorted(KINDS))}."
            raise Invalid.at("type", message=message, kind="enum", where="query")


def _number(query: Mapping[str, str], name: str, default: int, *, most: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(most)) or int(text) > most:
        message = f"`{name}` must be a number of at most {most}."
        raise Invalid.at(name, message=message, kind="range", where="query")
    return int(text)


def _json(status: int, value: Any) -> Response:
    return Response(status=status, headers=[JSON], body=msgspec.json.encode(value))
