"""The texts of prompts' and agents' files on the wire (humanloop 4.5): read and checked, and written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.core.agents import Agent, agent_problems
from headrace.core.errors import Invalid
from headrace.core.kinds.prompt import prompt_form
from headrace.core.parsing import parse
from headrace.core.prompt_files import BadFile, read_file, write_file
from headrace.core.prompts import Prompt

MAX_HEADER_CHARS = 256 * 1024
"""How long a header may be: reading YAML takes its time."""
MAX_LEVELS = 100
"""How deep a header may be nested."""


def read_text(text: str, kind: type[Prompt] | type[Agent], *, at: str) -> dict[str, Any]:
    """The content in the text of a file, in plain values; nulls are absent.

    Args:
        at: where the text stands in the request's body.

    Raises:
        Invalid: it is no such text, or its content breaks a rule.
    """
    try:
        form = read_file(text, _read_header)
        value = msgspec.convert(form, kind)
    except BadFile as error:
        raise Invalid.at(at, message=f"Not the text of a {_title(kind)}: {error}", kind="file_text") from None
    except msgspec.ValidationError as error:
        message = f"The text of the {_title(kind)} breaks a rule: {error}"
        raise Invalid.at(at, message=message, kind="file_text") from None
    problems = agent_problems(value) if isinstance(value, Agent) else []
    if problems:
        message = f"The text of the {_title(kind)} breaks a rule: {problems[0].message}"
        raise Invalid.at(at, message=message, kind="file_text")
    return {member: form[member] for member in kind.__struct_fields__ if member in form}


def _title(kind: type[Prompt] | type[Agent]) -> str:
    return f"{kind.__name__.lower()} file"


def text_of(kind: str, content: bytes) -> str | None:
    """The stored content of a prompt or an agent as the text of a file; None when it is nested too deeply."""
    try:
        return write_file(parse(content) if kind == "agent" else prompt_form(content))
    except RecursionError:
        return None


def _read_header(text: str) -> Mapping[str, Any]:
    """The members of a header.

    Raises:
        BadFile: it is no YAML that could be the header of a file.
    """
    if len(text) > MAX_HEADER_CHARS:
        raise BadFile(f"the header has {len(text)} characters; it may have {MAX_HEADER_CHARS}")
    value = _load(text)
    if not isinstance(value, dict):
        raise BadFile("the header must consist of lines such as `model: gpt-4o`")
    _check_json(value)
    return value


def _load(text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise BadFile("reading it needs PyYAML on the server: pip install 'headrace[yaml]'") from None

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Plain data, with dates as the texts that they are."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        _check_events(yaml, text, Loader)
        return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    # A tag that does not fit its text, such as `!!int x`, is found by Python and not by PyYAML.
    except (yaml.YAMLError, LookupError, AttributeError, TypeError, OverflowError) as error:
        raise BadFile(f"the header is not valid YAML: {error}") from None
    except BadFile:
        raise
    except ValueError as error:
        raise BadFile(f"the header is not valid YAML: {error}") from None


def _check_events(yaml: Any, text: str, loader: Any) -> None:
    """Refuse what would become much more than there is to read, before anything is made of it."""
    level = 0
    for event in yaml.parse(text, loader):
        if isinstance(event, yaml.AliasEvent):
            raise BadFile(f"the header may not refer to parts of itself (*{event.anchor})")
        level += isinstance(event, yaml.CollectionStartEvent)
        level -= isinstance(event, yaml.CollectionEndEvent)
        if level > MAX_LEVELS:
            raise BadFile(f"the header is nested deeper than {MAX_LEVELS} levels")


def _check_json(value: Any) -> None:
    """Refuse what JSON has no word for."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise BadFile(f"the header has the key {key!r}, which is no text; put it in quotes")
            _check_json(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_json(inner)
    elif isinstance(value, float) and not math.isfinite(value):
        raise BadFile(f"the header has the number {value}, which is out of range")
    elif not (value is None or isinstance(value, str | int | float)):
        raise BadFile(f"the header has a value that JSON does not know: {type(value).__name__}")
