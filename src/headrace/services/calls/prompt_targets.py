"""Which version of a prompt is called, by any name that people have for it."""

from __future__ import annotations

import msgspec

from headrace.core.errors import Invalid, NotFound
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.services.deployments import pointers
from headrace.services.tree import subjects
from headrace.services.versions.views import environment_of

KIND = "prompt"


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be called; without a version and an environment it is what the default environment has.

    Attributes:
        environment: its name. It may share its calls out, so that the version is chosen by the call itself.
    """

    file: File
    version_id: str | None = None
    environment: str | None = None


def called(tx: Transaction, ref: str, target: str | None) -> Called:
    """What a target of a prompt means.

    Args:
        ref: the prompt's id or path.
        target: a version's id or number, or an environment's id or name.

    Raises:
        NotFound: there is no such file, or nothing of it is called so.
        Invalid: the file is no prompt.
    """
    file = subjects.file_of(tx, ref)
    if file.kind != KIND:
        message = f"`{file.path}` is a {KINDS[file.kind].title}; only prompts are called so."
        raise Invalid.at("file", message=message, kind="kind", where="path")
    if target is None:
        return Called(file=file)
    try:
        return Called(file=file, version_id=pointers.version_of(tx, file, target).id)
    except NotFound:
        pass
    try:
        return Called(file=file, environment=environment_of(tx, target).name)
    except NotFound:
        message = (
            f"{KINDS[KIND].title} `{file.path}` has nothing called `{target}`. Name a version by its id or "
            "number, or an environment by its id or name."
        )
        raise NotFound("version", target, message) from None
