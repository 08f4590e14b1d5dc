"""Templates of prompts, filled (humanloop 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace.core.access import Principal, Right
from headrace.core.effects import JSON
from headrace.core.errors import Invalid, Problem
from headrace.core.kinds.prompt import prompt_form
from headrace.core.prompt_filling import (
    MissingInputs,
    TemplateLanguage,
    Unfillable,
    texts_of,
    with_texts,
)
from headrace.services.base import Ports
from headrace.services.versions import versions
from headrace.services.versions.views import VersionView

Languages = Mapping[str, TemplateLanguage]


async def populate(
    languages: Languages,
    ports: Ports,
    principal: Principal,
    inputs: Mapping[str, JSON],
    *,
    ref: str,
    version_id: str | None,
    environment: str | None,
) -> tuple[VersionView, Any]:
    """A version of a prompt, and its template filled; None when it has none.

    Raises:
        NotFound: the prompt, the version or the environment is not there.
        Invalid: the template can't be filled with these inputs.
    """
    principal.require(Right.READER)
    view = await versions.get(
        ports, principal, kind="prompt", ref=ref, version_id=version_id, environment=environment
    )
    return view, await filled(languages, prompt_form(view.version.content), inputs)


async def filled(languages: Languages, form: Mapping[str, Any], inputs: Mapping[str, JSON], *at: str) -> Any:
    """The template of a prompt's content in plain values, filled; None when it has none.

    Args:
        at: where the inputs stand in the request.

    Raises:
        Invalid: an input is missing, or the template is none.
    """
    template = form.get("template")
    if template is None:
        return None
    language = languages[form.get("template_language") or "default"]
    try:
        return with_texts(template, await language.fill(texts_of(template), inputs))
    except MissingInputs as missing:
        raise Invalid(*(_missing(name, at) for name in missing.names)) from None
    except Unfillable as error:
        message = f"The template can't be filled: {error}."
        raise Invalid.at(*at, message=message, kind="template") from None


def _missing(name: str, at: tuple[str, ...]) -> Problem:
    return Problem(path=(*at, name), message=f"The template needs a value for `{name}`.", kind="missing")
