"""How the two forms of a prompt correspond: one object (`headrace.core.prompts`), and a list of variants.

Both forms are plain JSON values here. ``docs/explanation/prompts.md`` says the same in words, with reasons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from headrace.core.template import texts, variables

Form = Mapping[str, Any]
VARIANT = "default"
"""The name of the variant that a prompt of the other form has."""
KEPT = "bedrock"
"""The attribute that holds what a variant has and the other form has no member for."""
NO_LIMIT = -1
MAX_STOPS = 4
MAX_METADATA = 50
MAX_VARIABLES = 20
METADATA_KEY = re.compile(r"[a-zA-Z0-9\s._:/=+@-]{1,128}")
METADATA_VALUE = re.compile(r"[a-zA-Z0-9\s._:/=+@-]{0,1024}")
TOOL_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,63}")


class Pair(NamedTuple):
    """A member of the one form, and where in ``inferenceConfiguration.text`` it is in the other.

    Attributes:
        fits: whether a variant takes a value there; else it is one of the additional fields.
        to_variant: the value there.
    """

    member: str
    parameter: str
    fits: Callable[[Any], bool] = lambda _: True
    to_variant: Callable[[Any], Any] = lambda value: value


PARAMETERS = (
    Pair("max_tokens", "maxTokens", fits=lambda most: most >= 0),
    Pair("temperature", "temperature", fits=lambda heat: 0 <= heat <= 1),
    Pair("top_p", "topP", fits=lambda share: 0 <= share <= 1),
    Pair("stop", "stopSequences", to_variant=lambda stop: [stop] if isinstance(stop, str) else stop),
)
EXTRAS = ("presence_penalty", "frequency_penalty", "seed", "response_format", "reasoning_effort")
"""Members that become ``additionalModelRequestFields`` of the same names."""
SYSTEM = frozenset({"system", "developer"})
SPOKEN = frozenset({"user", "assistant"})


def as_variant(form: Form) -> dict[str, Any] | None:
    """A prompt as the one variant it would be; None when a variant can't say the same."""
    template = _template(form)
    stop = form.get("stop")
    if template is None or (isinstance(stop, list) and len(stop) > MAX_STOPS):
        return None
    inference = {
        pair.parameter: pair.to_variant(form[pair.member])
        for pair in PARAMETERS
        if form.get(pair.member) is not None and pair.fits(form[pair.member])
    }
    variant = {
        "name": VARIANT,
        "templateType": "CHAT" if "chat" in template else "TEXT",
        "templateConfiguration": template,
        # Quirk(bedrock): 1.5. Another provider's model may have a name outside the pattern.
        "modelId": form["model"],
        "inferenceConfiguration": {"text": inference} if inference else None,
        "metadata": _metadata(form),
        "additionalModelRequestFields": _extra(form),
    }
    return {member: value for member, value in variant.items() if value}


def _template(form: Form) -> dict[str, Any] | None:
    template, tools = form.get("template"), form.get("tools")
    if not template or form.get("endpoint") == "edit" or form.get("template_language") == "jinja":
        return None
    if isinstance(template, str) and not (tools or form.get("endpoint") == "chat"):
        return _with_variables("text", {"text": template})
    messages = [{"role": "user", "content": template}] if isinstance(template, str) else template
    named = all(TOOL_NAME.fullmatch(tool["name"]) for tool in tools or ())
    if not named or not all(_is_sayable(message) for message in messages):
        return None
    spoken = [
        {"role": one["role"], "content": list(_blocks(one))} for one in messages if one["role"] in SPOKEN
    ]
    chat: dict[str, Any] = {"messages": spoken}
    if system := [block for one in messages if one["role"] in SYSTEM for block in _blocks(one)]:
        chat["system"] = system
    if tools:
        chat["toolConfiguration"] = {"tools": [{"toolSpec": _tool_spec(tool)} for tool in tools]}
    return _with_variables("chat", chat)


def _with_variables(name: str, template: dict[str, Any]) -> dict[str, Any] | None:
    """None when there are more variables than a variant may declare."""
    names = variables(texts({name: template}))
    if len(names) > MAX_VARIABLES:
        return None
    return {name: {**template, "inputVariables": [{"name": one} for one in names]} if names else template}


def _is_sayable(message: Form) -> bool:
    """Whether a message is nothing but texts of somebody a variant knows."""
    if message["role"] not in SYSTEM | SPOKEN or message.get("tool_calls") or message.get("thinking"):
        return False
    content = message.get("content") or ""
    return isinstance(content, str) or all(part["type"] == "text" for part in content)


def _blocks(message: Form) -> Iterator[dict[str, Any]]:
    content = message.get("content") or ""
    for text in [content] if isinstance(content, str) else [part["text"] for part in content]:
        if text:
            yield {"text": text}


def _tool_spec(tool: Form) -> dict[str, Any]:
    spec = {
        "name": tool["name"],
        "description": tool["description"],
        "strict": tool.get("strict"),
        "inputSchema": {"json": tool.get("parameters") or {"type": "object"}},
    }
    return {member: value for member, value in spec.items() if value not in (None, "")}


def _extra(form: Form) -> dict[str, Any]:
    named = {member: form[member] for member in EXTRAS if form.get(member) is not None}
    unfit = {
        pair.member: form[pair.member]
        for pair in PARAMETERS
        if form.get(pair.member) is not None and not pair.fits(form[pair.member])
    }
    if unfit.get("max_tokens") == NO_LIMIT:
        del unfit["max_tokens"]
    return {**(form.get("other") or {}), **named, **unfit}


def _metadata(form: Form) -> list[dict[str, str]]:
    """The attributes that are texts, and the provider."""
    kept = [
        {"key": key, "value": value}
        for key, value in (form.get("attributes") or {}).items()
        if isinstance(value, str) and METADATA_KEY.fullmatch(key) and METADATA_VALUE.fullmatch(value)
    ]
    provider = form.get("provider")
    if provider and METADATA_VALUE.fullmatch(provider):
        kept.insert(0, {"key": "humanloop:provider", "value": provider})
    return kept[:MAX_METADATA]


def as_form(variant: Form | None) -> dict[str, Any]:
    """A variant as one object; without a variant there is nothing but an empty model."""
    if variant is None:
        return {"model": ""}
    template = variant.get("templateConfiguration") or {}
    chat = template.get("chat")
    inference = (variant.get("inferenceConfiguration") or {}).get("text") or {}
    form = {
        "model": variant.get("modelId") or "",
        "provider": "bedrock" if variant.get("modelId") else None,
        "endpoint": "complete" if chat is None else "chat",
        "template": (template.get("text") or {}).get("text") if chat is None else list(_messages(chat)),
        "template_language": "default",
        **{pair.member: inference.get(pair.parameter) for pair in PARAMETERS},
        "other": variant.get("additionalModelRequestFields"),
        "tools": _tools(chat or {}),
        "attributes": _attributes(variant),
    }
    if not isinstance(form["other"], dict):  # a document may be anything, the other form's an object only
        form["other"] = None
    return {member: value for member, value in form.items() if value is not None}


def _messages(chat: Form) -> Iterator[dict[str, Any]]:
    for block in chat.get("system") or ():
        if "text" in block:
            yield {"role": "system", "content": block["text"]}
    for message in chat["messages"]:
        said = [block["text"] for block in message.get("content") or () if "text" in block]
        content = said[0] if len(said) == 1 else [{"type": "text", "text": text} for text in said]
        yield {"role": message["role"], "content": content}


def _tools(chat: Form) -> list[dict[str, Any]] | None:
    listed = (chat.get("toolConfiguration") or {}).get("tools") or ()
    tools = [
        {
            "name": spec["name"],
            "description": spec.get("description") or "",
            "strict": spec.get("strict"),
            "parameters": (spec.get("inputSchema") or {}).get("json"),
        }
        for spec in (tool["toolSpec"] for tool in listed if "toolSpec" in tool)
    ]
    return tools or None


def _attributes(variant: Form) -> dict[str, Any] | None:
    """The metadata, where its keys are unique, and under one name what has no counterpart at all."""
    entries = variant.get("metadata") or []
    kept = {one["key"]: one["value"] for one in entries}
    rest: dict[str, Any] = {"variant": variant["name"]}
    if len(kept) < len(entries) or KEPT in kept:
        kept, rest["metadata"] = {}, entries
    return {**kept, KEPT: {**rest, **dict(_unmapped(variant))}}


def _unmapped(variant: Form) -> Iterator[tuple[str, Any]]:
    template = variant.get("templateConfiguration") or {}
    chat = template.get("chat") or {}
    if agent := variant.get("genAiResource"):
        yield "genAiResource", agent
    if choice := (chat.get("toolConfiguration") or {}).get("toolChoice"):
        yield "toolChoice", choice
    other = variant.get("additionalModelRequestFields")
    if other is not None and not isinstance(other, dict):
        yield "additionalModelRequestFields", other
    if _has_cache_point(template):
        yield "templateConfiguration", template


def _has_cache_point(value: Any) -> bool:
    if isinstance(value, dict):
        return "cachePoint" in value or any(_has_cache_point(inner) for inner in value.values())
    return isinstance(value, list) and any(_has_cache_point(item) for item in value)
