"""The operations that turn prompts and agents into texts of files, and such texts back (humanloop 4.5)."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from headrace.apis.http import Response
from headrace.apis.humanloop.operations import TEXT, Call, Handler, Operation, ok
from headrace.apis.humanloop.prompt_text import read_text, text_of
from headrace.apis.humanloop.requests import SelectVersion
from headrace.core.access import Right
from headrace.core.agents import Agent
from headrace.core.errors import Conflict
from headrace.core.prompts import Prompt
from headrace.services.versions import versions


class DeserializePrompt(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a prompt's file."""

    FREE_TEXTS: ClassVar[frozenset[str]] = frozenset({"prompt"})

    prompt: str


class DeserializeAgent(msgspec.Struct, frozen=True, kw_only=True):
    """The text of an agent's file."""

    FREE_TEXTS: ClassVar[frozenset[str]] = frozenset({"agent"})

    agent: str


def _serialize(kind: str) -> Handler:
    async def serialize(call: Call) -> Response:
        query: SelectVersion = call.query
        view = await versions.get(
            call.ports,
            call.principal,
            kind=kind,
            ref=call.parameters["id"],
            version_id=query.version_id,
            environment=query.environment,
        )
        text = text_of(kind, view.version.content)
        if text is None:
            raise Conflict(f"The {kind} `{view.file.path}` is nested too deeply to be written as a file.")
        # Quirk(humanloop): not JSON, because the clients hand on what they get as it is (8.38).
        return Response(status=200, headers=(TEXT,), body=text.encode())

    serialize.__doc__ = f"Get a version of {'an' if kind == 'agent' else 'a'} {kind} as the text of a file."
    return serialize


async def deserialize_prompt(call: Call) -> Response:
    """Read the text of a prompt's file; nothing is kept of it."""
    body: DeserializePrompt = call.body
    return ok(_whole(read_text(body.prompt, Prompt, at="prompt"), Prompt))


async def deserialize_agent(call: Call) -> Response:
    """Read the text of an agent's file; nothing is kept of it."""
    body: DeserializeAgent = call.body
    return ok(_whole(read_text(body.agent, Agent, at="agent"), Agent))


def _whole(form: dict[str, Any], kind: type[Prompt] | type[Agent]) -> dict[str, Any]:
    """Content with every member that it may have (humanloop 0.3)."""
    return {member: form.get(member) for member in kind.__struct_fields__}


OPERATIONS = (
    *(
        Operation(
            name=f"Serialize{kind.capitalize()}",
            method="GET",
            template=f"/{kind}s/{{id}}/serialize",
            handler=_serialize(kind),
            right=Right.READER,
            query=SelectVersion,
            response=str,
            media="text/plain",
        )
        for kind in ("prompt", "agent")
    ),
    Operation(
        name="DeserializePrompt",
        method="POST",
        template="/prompts/deserialize",
        handler=deserialize_prompt,
        right=Right.READER,
        body=DeserializePrompt,
        response=Prompt,
        errors=(),
    ),
    Operation(
        name="DeserializeAgent",
        method="POST",
        template="/agents/deserialize",
        handler=deserialize_agent,
        right=Right.READER,
        body=DeserializeAgent,
        response=Agent,
        errors=(),
    ),
)
