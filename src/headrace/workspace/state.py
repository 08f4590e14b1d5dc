"""``.headrace/state.json``: what both sides were when they were last the same, of each server.

Without it everything still works as far as contents tell: what is the same is in step, and what the server
had before is older. Only where both differ and neither is known nobody can say who changed what.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.workspace.folder import BadName, Folder

NAME = ".headrace/state.json"
FORMAT = 1


class BadState(Exception):
    """The file is there and can't be read."""


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was on both sides.

    Attributes:
        id: of the file; another one at the path is another file.
        version_id: of the version.
        digest: of the content, as it is found here.
        kept: the server's digest; another one of datasets.
    """

    type: str
    id: str
    version_id: str
    digest: str
    kept: str


class Known(msgspec.Struct, kw_only=True):
    """What is known of one server.

    Attributes:
        files: by path.
        pointers: what each targeted, as `deployments.yaml` says it, by path and name.
        pending: while files are being written, by name what each may hold: what is known of its bytes.
    """

    files: dict[str, Base] = {}
    pointers: dict[str, dict[str, str]] = {}
    pending: dict[str, list[str]] = {}


class State(msgspec.Struct, kw_only=True):
    """What is known of all servers, by their origin."""

    format: int = FORMAT
    servers: dict[str, Known] = {}


def load(folder: Folder) -> State:
    """What is known; nothing where there is no file.

    Raises:
        BadState: it can't be read.
    """
    try:
        found: State = msgspec.json.decode(folder.read(NAME), type=State)
    except FileNotFoundError:
        return State()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadName) as error:
        raise BadState(f"{NAME} can't be read: {error}. Restore it, or remove it.") from None
    if found.format != FORMAT:
        raise BadState(f"{NAME} was written by another version of Headrace (format {found.format}).")
    return found


def save(folder: Folder, state: State) -> None:
    """Keep what is known. The text is the same for the same state, with a line a value for merges."""
    plain: Any = msgspec.to_builtins(state)
    for known in plain["servers"].values():
        if not known["pending"]:
            del known["pending"]
    text = msgspec.json.format(msgspec.json.encode(plain, order="sorted"), indent=1) + b"\n"
    try:
        if folder.read(NAME) == text:
            return
    except FileNotFoundError:
        pass
    folder.write(NAME, text, is_durable=True)
