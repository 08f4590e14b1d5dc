"""The environment variables of tools: set and removed, and read by the tool alone (humanloop 4.2, Tools)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from headrace.core.access import Principal, Right
from headrace.core.errors import Conflict, Invalid, NotFound, Problem, QuotaExceeded
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read, write
from headrace.services.tree import tree

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
MAX_VALUE_CHARS = 32 * 1024
MOST_VARIABLES = 100
"""So many variables a tool may have."""


async def names(ports: Ports, principal: Principal, *, ref: str) -> list[str]:
    """The names of a tool's variables, in their order.

    Raises:
        NotFound: there is no such tool.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: _names(tx, ref))


async def put(
    ports: Ports, principal: Principal, variables: Sequence[tuple[str, str]], *, ref: str
) -> list[str]:
    """Add variables to a tool, or give them other values; the names of all that it has.

    Raises:
        NotFound: there is no such tool.
        Invalid: a name or a value breaks a rule.
        QuotaExceeded: there would be too many.
    """
    principal.require(Right.EDITOR)
    _check(variables)
    sealed = {name: ports.vault.seal(value.encode()) for name, value in variables}

    def work(tx: Transaction) -> list[str]:
        file = tree.find(tx, kind="tool", ref=ref)
        tx.secrets.put(file_id=file.id, secrets=sealed)
        kept = list(tx.secrets.of(file_id=file.id))
        if len(kept) > MOST_VARIABLES:
            message = f"A tool may have {MOST_VARIABLES} environment variables, not {len(kept)}."
            raise QuotaExceeded(message, limit=MOST_VARIABLES)
        return kept

    return await write(ports, principal, work)


async def remove(ports: Ports, principal: Principal, *, ref: str, name: str) -> list[str]:
    """Remove a variable; the names of those that are left.

    Raises:
        NotFound: there is no such tool, or it has no such variable.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> list[str]:
        file = tree.find(tx, kind="tool", ref=ref)
        if name not in tx.secrets.of(file_id=file.id):
            message = f"Tool `{file.path}` has no environment variable `{name}`."
            raise NotFound("environment variable", name, message)
        tx.secrets.remove(file_id=file.id, names=[name])
        return list(tx.secrets.of(file_id=file.id))

    return await write(ports, principal, work)


def opened(ports: Ports, sealed: Mapping[str, str]) -> dict[str, str]:
    """The values, for the tool alone.

    Raises:
        Conflict: the server's key is another than the one they were sealed with.
    """
    plain = {name: ports.vault.open(one) for name, one in sealed.items()}
    lost = sorted(name for name, value in plain.items() if value is None)
    if lost:
        message = f"The server's key can't open the environment variables {', '.join(lost)}; set them again."
        raise Conflict(message)
    return {name: value.decode() for name, value in plain.items() if value is not None}


def _names(tx: Transaction, ref: str) -> list[str]:
    return list(tx.secrets.of(file_id=tree.find(tx, kind="tool", ref=ref).id))


def _check(variables: Sequence[tuple[str, str]]) -> None:
    problems = []
    for index, (name, value) in enumerate(variables):
        if not NAME.fullmatch(name):
            rule = "A name is up to 255 letters, digits and underscores, and begins with no digit."
            problems.append(Problem(path=(index, "name"), message=rule, kind="pattern"))
        if len(value) > MAX_VALUE_CHARS or "\0" in value:
            rule = f"A value has up to {MAX_VALUE_CHARS} characters, and none is U+0000."
            problems.append(Problem(path=(index, "value"), message=rule, kind="length"))
    if problems:
        raise Invalid(*problems)
